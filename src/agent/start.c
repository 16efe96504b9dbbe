/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/start.h"

#include <errno.h>

/* The run before: it must not seem that nothing happened since. */
static int note_restart(const char *restart, struct ledger *l, struct err *err)
{
	int64_t end = ledger_left_open(l);

	if (end && !restart)
		return ledger_gap_since(l, "sshtraild", end, 0,
		    "sshtraild ended without a word (killed, or the host "
		    "went down): nothing was watched",
		    err);
	if (end)
		return ledger_gap_since(l, "collector", end, 0, restart, err);
	return restart ? ledger_gap(l, "collector", 0, restart, err) : 0;
}

int start_note(const struct agent *a, struct ledger *l, struct err *err)
{
	struct buf b = BUF_INIT;
	int r;

	buf_add_z(&b, "taps:");
	for (size_t i = 0; i < a->n_taps; i++)
		buf_printf(&b, " %s%s", a->taps[i].tap->name,
		    a->taps[i].error ? " (not open)" : "");
	buf_add_char(&b, '\0');
	r = buf_error(&b);
	if (r == 0)
		r = ledger_note(l, EVENT_AGENT_START, "start", b.p, err);
	if (r == 0)
		r = note_restart(a->restart, l, err);
	/* What a host has not, or was switched off, is no loss. */
	for (size_t i = 0; i < a->n_taps && r == 0; i++)
		if (a->taps[i].error && a->taps[i].error != -ENOENT)
			r = ledger_gap(l, a->taps[i].tap->name, 0,
			    a->taps[i].why.text, err);
	buf_free(&b);
	return r;
}
