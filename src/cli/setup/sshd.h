/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of sshd's configuration: a file in its folder, and sshd's own word.
 */
#ifndef CLI_SETUP_SSHD_H
#define CLI_SETUP_SSHD_H

#include "cli/host/sshd_conf.h"
#include "cli/setup/change.h"

#define SSHD_CONFIG "/etc/ssh/sshd_config"

/*
 * Run sshd with `mode` (-t or -T) on a configuration (NULL: its own), as for
 * this connection (as -C takes it, or NULL); 0 when it is fine, and `ret` (may
 * be NULL) gets what it printed.
 */
int sshd_ask(const char *mode, const char *config, const char *connection,
    struct buf *ret, struct err *err);

/* Append the value that sshd -T says a setting has; the rest as sshd_ask(). */
int sshd_effective(const char *keyword, const char *config,
    const char *connection, struct buf *ret, struct err *err);

/*
 * Read SSHD_CONFIG, and find where it includes `file`. -ENOTSUP: it does not;
 * the advice is to write `instead` into it.
 */
int sshd_find_include(const struct setup *s, const char *file,
    const char *instead, struct placed *config, struct sshd_setting *ret,
    struct err *err);

#endif
