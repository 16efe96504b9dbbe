/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/sudo.h"

#include <signal.h>

#include "sources/authlog/vis.h"

/* Keys in the order in which sudo writes them; EVENT_N_FIELDS: not kept. */
static const struct {
	struct str key;
	enum field field;
} pairs[] = {
    {{"HOST=", 5}, EVENT_N_FIELDS},
    {{"TTY=", 4}, F_TTY},
    {{"CHROOT=", 7}, EVENT_N_FIELDS},
    {{"PWD=", 4}, F_CWD},
    {{"USER=", 5}, F_TARGET},
    {{"GROUP=", 6}, EVENT_N_FIELDS},
    {{"TSID=", 5}, EVENT_N_FIELDS},
    {{"ENV=", 4}, EVENT_N_FIELDS},
};

static struct str part_cut(struct str *s)
{
	size_t at = str_find(*s, STR(" ; "));
	struct str part = str_upto(*s, at);

	*s = at == STR_NPOS ? str_from(*s, s->n) : str_from(*s, at + 3);
	return part;
}

static bool pair_set(struct message *m, struct str part)
{
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		if (!str_skip(&part, pairs[i].key))
			continue;
		if (pairs[i].field != EVENT_N_FIELDS)
			message_set_str(m, pairs[i].field, part);
		return true;
	}
	return false;
}

/* `SIGNAL=TERM` behind the command: names without "SIG". */
static bool signal_cut(struct message *m, struct str *command)
{
	size_t at = str_rfind(*command, STR(" ; SIGNAL="));
	struct str name;

	if (at == STR_NPOS)
		return false;
	name = str_from(*command, at + 10);
	for (int i = 1; i < NSIG; i++) {
		const char *abbrev = sigabbrev_np(i);

		if (!abbrev || !str_eqz(name, abbrev))
			continue;
		*command = str_upto(*command, at);
		event_set_int(m->ev, F_SIGNAL, i);
		return true;
	}
	return false;
}

static bool status_cut(struct message *m, struct str *command)
{
	size_t at = str_rfind(*command, STR(" ; EXIT="));
	uint64_t v;

	if (at == STR_NPOS || !str_u64(str_from(*command, at + 8), &v) ||
	    v > 255)
		return false;
	*command = str_upto(*command, at);
	event_set_int(m->ev, F_EXIT, (int64_t)v);
	return true;
}

/*
 * With log_exit_status a second line ends in "; EXIT=N" or in
 * "; SIGNAL=NAME" with or without that behind it. A command could end so too,
 * hence `inferred`.
 */
static void exit_cut(struct message *m, struct str *command)
{
	bool exited = status_cut(m, command);

	if (!signal_cut(m, command) && !exited)
		return;
	event_set_str(m->ev, F_TYPE, STR("exit-status"));
	event_set_str(
	    m->ev, F_INFERRED, STR("exit is what the command's text ends in"));
}

/* A command that was refused did not run: it ended in nothing. */
static void command_set(struct message *m, struct str s, bool refused)
{
	if (str_find(s, STR(" ; COMMAND=")) != STR_NPOS)
		event_set_str(m->ev, F_INFERRED,
		    STR("the line holds COMMAND= more than once: cmd begins at "
			"the first"));
	else if (!refused)
		exit_cut(m, &s);
	message_set_str(m, F_CMD, s);
}

static bool continued_parse(struct message *m, struct str s)
{
	if (!str_skip(&s, STR("(command continued) ")))
		return false;
	event_set_str(m->ev, F_TYPE, STR("command-continued"));
	event_set_int(m->ev, F_PARTIAL, true);
	message_set_str(m, F_CMD, s);
	return true;
}

static bool parts_parse(struct message *m, struct str s)
{
	struct str reason = STR_NONE;
	bool keys = false;

	while (s.n) {
		struct str part;

		if (str_skip(&s, STR("COMMAND="))) {
			command_set(m, s, reason.p != NULL);
			keys = true;
			break;
		}
		part = part_cut(&s);
		if (pair_set(m, part))
			keys = true;
		else if (!reason.p)
			reason = part;
	}
	if (!keys)
		return false;
	event_set_int(m->ev, F_SUCCESS, !reason.p);
	if (reason.p)
		message_set_str(m, F_REASON, reason);
	return true;
}

bool sudo_parse(struct message *m)
{
	struct str s = m->text;
	size_t at = str_find(s, STR(" : "));

	if (at == STR_NPOS || at == 0)
		return false;
	m->ev->kind = EVENT_PRIV;
	s = str_from(s, at + 3);
	if (!continued_parse(m, s) && !parts_parse(m, s))
		return false;
	message_set_str(m, F_USER, str_upto(m->text, at));
	return true;
}
