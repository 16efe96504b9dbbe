/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/sftp.h"

#include "sources/authlog/sshd.h"

#define NONE   EVENT_N_FIELDS, NULL
#define OP(op) EVENT_FILE, 0, NULL, F_OP, op

/* clang-format off */
static const struct form forms[] = {
	{"session opened for local user %U from [%a]", EVENT_CHANNEL_OPEN, 0, NULL, F_CHAN_TYPE, "subsystem"},
	{"session closed for local user %U from [%a]", EVENT_CHANNEL_CLOSE, 0, NULL, F_CHAN_TYPE, "subsystem"},
	{"open \"%P\" flags %v mode %o", OP("open")},
	{"close \"%P\" bytes read %b written %w", OP("close")},
	{"forced close \"%P\" bytes read %b written %w", EVENT_FILE, 0, "forced", F_OP, "close"},
	{"opendir \"%P\"", OP("opendir")},
	{"closedir \"%P\"", EVENT_OTHER, 0, "sftp-closedir", NONE},
	{"forced closedir \"%P\"", EVENT_OTHER, 0, "sftp-closedir", NONE},
	{"remove name \"%P\"", OP("remove")},
	{"mkdir name \"%P\" mode %o", OP("mkdir")},
	{"rmdir name \"%P\"", OP("rmdir")},
	{"rename old \"%P\" new \"%Q\"", OP("rename")},
	{"posix-rename old \"%P\" new \"%Q\"", OP("rename")},
	{"symlink old \"%P\" new \"%Q\"", OP("symlink")},
	{"hardlink old \"%P\" new \"%Q\"", OP("link")},
	{"set \"%P\" mode %o", OP("chmod")},
	{"set \"%P\" size %v", OP("truncate")},
	{"set \"%P\" owner %v group %_", OP("chown")},
	{"set \"%P\" modtime %X", OP("utimes")},
	{"fsync \"%P\"", OP("fsync")},
	{"sent status %R", EVENT_OTHER, 0, "sftp-status", NONE},
	{"received client version %_", EVENT_OTHER, 0, "sftp-version", NONE},
	{"realpath \"%P\"", EVENT_OTHER, 0, "sftp-realpath", NONE},
	{"stat name \"%P\"", EVENT_OTHER, 0, "sftp-stat", NONE},
	{"lstat name \"%P\"", EVENT_OTHER, 0, "sftp-stat", NONE},
	{"statvfs \"%P\"", EVENT_OTHER, 0, "sftp-stat", NONE},
	{"readlink \"%P\"", EVENT_OTHER, 0, "sftp-readlink", NONE},
	{"expand \"%P\"", EVENT_OTHER, 0, "sftp-realpath", NONE},
	{"home-directory \"%X\"", EVENT_OTHER, 0, "sftp-home", NONE},
	{"Refusing %R", EVENT_OTHER, 0, "sftp-refused", NONE},
	{"bad message from %a local user %U", EVENT_OTHER, 0, "sftp-error", NONE},
	{"process_read: %R", EVENT_OTHER, 0, "sftp-error", NONE},
	{"process_write: %R", EVENT_OTHER, 0, "sftp-error", NONE},
	{"users-groups-by-id: %X", EVENT_OTHER, 0, "sftp-ids", NONE},
	{"request %X: %X", EVENT_OTHER, 0, "sftp-request", NONE},
	{"debug%0: %X", EVENT_OTHER, 0, "debug", NONE},
	{NULL, EVENT_OTHER, 0, NULL, NONE},
};
/* clang-format on */

static bool is_for_writing(struct str flags)
{
	return str_find(flags, STR("WRITE")) != STR_NPOS ||
	       str_find(flags, STR("APPEND")) != STR_NPOS;
}

/*
 * An open tells by its flags, a close by what was moved; nothing moved tells
 * nothing.
 */
static void direction_set(struct event *ev)
{
	int64_t in = event_int(ev, F_BYTES_WRITTEN, 0);
	int64_t out = event_int(ev, F_BYTES_READ, 0);

	if (str_eqz(event_str(ev, F_OP), "open"))
		event_set_str(ev, F_DIRECTION,
		    is_for_writing(event_str(ev, F_OPTIONS)) ? STR("upload")
							     : STR("download"));
	else if (in > 0 || out > 0)
		event_set_str(
		    ev, F_DIRECTION, in > 0 ? STR("upload") : STR("download"));
}

bool sftp_parse(struct message *m)
{
	m->vis = true;
	sshd_level_skip(m);
	if (!form_match(forms, m))
		return false;
	if (m->ev->kind == EVENT_FILE)
		direction_set(m->ev);
	if (m->ev->kind == EVENT_CHANNEL_OPEN ||
	    m->ev->kind == EVENT_CHANNEL_CLOSE)
		event_set_str(m->ev, F_SERVICE, m->ident);
	return true;
}
