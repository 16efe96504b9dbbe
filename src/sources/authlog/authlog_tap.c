/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/tail.h"

static int authlog_open(
    struct tap_opened *ret, const char *path, struct err *err)
{
	static const char *const usual[] = {
	    "/var/log/auth.log", "/var/log/secure", NULL};

	return tail_open(ret, path, usual, err);
}

const struct tap tap_auth_log = {
    .name = "auth-log",
    .source = "auth-log",
    .help = "sshd, PAM, sudo and su in auth.log or secure",
    /* journald hands over what it takes before it writes it itself. */
    .yields_to = "journal",
    .open = authlog_open,
    .start = tail_start_lines,
    .fd = tail_fd,
    .read = tail_read,
    .reopened = tail_reopened,
    .place = tail_place,
    .lost = tail_lost,
    .stop = tail_stop,
};
