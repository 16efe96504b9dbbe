/* SPDX-License-Identifier: Apache-2.0 */
/* What the two changes by which sshd runs sshtrail-rec have in common. */
#ifndef CLI_SETUP_RECORDER_H
#define CLI_SETUP_RECORDER_H

#include "cli/setup/change.h"

/* 0 when each of --user is a name, as no pattern of sshd's is. */
int recorder_check_names(const struct setup *s, struct err *err);

/* struct change's check(): it is installed so that the daemon knows it. */
int recorder_check(
    const struct setup *s, const struct buf *content, struct err *err);

/* Append what sshd -T says for this user. */
int recorder_effective(
    struct str name, const char *keyword, struct buf *ret, struct err *err);

#endif
