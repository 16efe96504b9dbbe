/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reveal.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/when.h"

/* Whether the directory is the one that is meant. */
static bool is_store(const char *store, struct str id)
{
	struct stat st;
	char own[48];

	if (stat(store, &st) < 0)
		return false;
	snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return str_eqz(id, own);
}

int reveal_take(struct ledger *l, const char *store, const struct ucred *peer,
    struct str asked, struct buf *answer, struct err *err)
{
	struct str id, tty, cmd;
	struct event ev;
	int r;

	str_cut(&asked, '\t', &id);
	str_cut(&asked, '\t', &tty);
	str_cut(&asked, '\t', &cmd);
	if (cmd.n == 0 || asked.n == 0) {
		buf_add_z(answer, "error: not a request\n");
		return 0;
	}
	if (!is_store(store, id)) {
		buf_printf(
		    answer, "error: this sshtraild writes to %s\n", store);
		return 0;
	}
	event_init(&ev, EVENT_REVEAL);
	ev.time = time_now();
	ev.source = STR("sshtraild");
	ev.trust = TRUST_DAEMON;
	event_set_str(&ev, F_TTY, tty);
	event_set_int(&ev, F_UID, peer->uid);
	event_set_int(&ev, F_PID, peer->pid);
	event_set_str(&ev, F_CMD, cmd);
	event_set_str(&ev, F_TEXT, asked);
	r = ledger_add(l, &ev, err);
	if (r == 0)
		r = ledger_sync(l, err);
	buf_add_z(answer,
	    r < 0 ? "error: the trail cannot be written\n" : REVEAL_DONE);
	return r;
}
