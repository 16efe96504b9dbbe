/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sshd's configuration. What counts is told by `sshd -T`; its file is read only
 * to know which others it includes. Pure functions over text; slices point
 * into it.
 */
#ifndef CLI_HOST_SSHD_CONF_H
#define CLI_HOST_SSHD_CONF_H

#include "base/str.h"

/*
 * The value of a keyword (lower case) in what `sshd -T` prints; STR_NONE: it
 * is not there.
 */
struct str sshd_value(struct str effective, const char *keyword);

/* One setting of a sshd_config: `Keyword value`, `Keyword=value`. */
struct sshd_setting {
	struct str keyword, value;
	size_t at;     /* offset of its line */
	unsigned line; /* from 1 */
};

struct sshd_conf {
	struct str rest;
	size_t at;
	unsigned line;
};

#define SSHD_CONF(text) ((struct sshd_conf){(text), 0, 0})

/* The next setting outside of comments; false: that was the last. */
bool sshd_conf_next(struct sshd_conf *c, struct sshd_setting *ret);

/*
 * The first Include before any Match whose patterns fit `file` (an absolute
 * path; relative patterns are below /etc/ssh). False: there is none.
 */
bool sshd_include_of(
    struct str config, const char *file, struct sshd_setting *ret);

/* Whether this LogLevel tells as much as VERBOSE does. */
bool sshd_is_verbose(struct str level);

#endif
