/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of /etc/pam.d (pam.conf(5)). Pure; slices point into the text.
 */
#ifndef CLI_HOST_PAM_CONF_H
#define CLI_HOST_PAM_CONF_H

#include "base/str.h"

struct pam_line {
	struct str type;    /* "session", without a "-" before it */
	struct str control; /* "required", "[success=ok ...]" */
	struct str module;  /* without its directory; of an include: the file */
	struct str args;
	bool include; /* @include, include or substack: `module` is a file */
};

/* Take the next line that is no comment off *text; false: there is none. */
bool pam_next(struct str *text, struct pam_line *ret);

/*
 * The first line of this type with this module ("pam_loginuid.so"); false:
 * there is none.
 */
bool pam_find(struct str text, const char *type, const char *module,
    struct pam_line *ret);

/* The value of the last argument NAME=value; STR_NONE: it is not there. */
struct str pam_arg(struct str args, const char *name);

#endif
