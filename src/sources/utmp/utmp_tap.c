/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/tail.h"

static int wtmp_open(struct tap_opened *ret, const char *path, struct err *err)
{
	static const char *const usual[] = {"/var/log/wtmp", NULL};

	return tail_open(ret, path, usual, err);
}

static int btmp_open(struct tap_opened *ret, const char *path, struct err *err)
{
	static const char *const usual[] = {"/var/log/btmp", NULL};

	return tail_open(ret, path, usual, err);
}

#define RECORDS_TAP                                                            \
	.source = "utmp", .start = tail_start_records, .fd = tail_fd,          \
	.read = tail_read, .reopened = tail_reopened, .place = tail_place,     \
	.lost = tail_lost, .stop = tail_stop

const struct tap tap_wtmp = {
    RECORDS_TAP,
    .name = "wtmp",
    .help = "logins with a terminal and boots, in wtmp",
    .open = wtmp_open,
};

const struct tap tap_btmp = {
    RECORDS_TAP,
    .name = "btmp",
    .help = "failed logins, in btmp",
    .open = btmp_open,
};
