/* SPDX-License-Identifier: Apache-2.0 */
#include "record/head.h"

#include <stdio.h>

#include "core/event_json.h"

#define NS_PER_US 1000
/* As long as names of hosts can be, and as boot ids are. */
#define HOST_MAX  253
#define BOOT_MAX  36

static const struct {
	size_t at;
	enum field field;
} texts[] = {
    {offsetof(struct head, user), F_USER},
    {offsetof(struct head, target), F_TARGET},
    {offsetof(struct head, tty), F_TTY},
    {offsetof(struct head, term), F_TERM},
    {offsetof(struct head, shell), F_EXE},
    {offsetof(struct head, command), F_CMD},
    {offsetof(struct head, cwd), F_CWD},
    {offsetof(struct head, title), F_TEXT},
};

#define N_TEXTS (sizeof texts / sizeof *texts)

bool size_parse(struct str s, uint16_t *ret_cols, uint16_t *ret_rows)
{
	struct str cols;
	uint64_t c, r;

	if (!str_cut(&s, 'x', &cols) || !str_u64(cols, &c) || !str_u64(s, &r) ||
	    c > UINT16_MAX || r > UINT16_MAX)
		return false;
	*ret_cols = (uint16_t)c;
	*ret_rows = (uint16_t)r;
	return true;
}

void head_to_event(
    const struct head *h, struct event *ev, char text[static HEAD_SIZE_LEN])
{
	ev->time = h->time / NS_PER_US;
	event_set_str(
	    ev, F_CHAN_TYPE, h->no_tty ? STR("command") : STR("terminal"));
	ev->host = str_upto(h->host, HOST_MAX);
	ev->boot = str_upto(h->boot, BOOT_MAX);
	if (h->ses >= 0 && h->ses < AUDIT_UNSET)
		event_set_int(ev, F_SES, h->ses);
	if (h->pid >= 0)
		event_set_int(ev, F_PID, h->pid);
	for (size_t i = 0; i < N_TEXTS; i++) {
		const struct str *s =
		    (const struct str *)((const char *)h + texts[i].at);

		if (s->n)
			event_set_str(
			    ev, texts[i].field, str_upto(*s, HEAD_TEXT_MAX));
		if (s->n > HEAD_TEXT_MAX)
			event_set_int(ev, F_CUT, true);
	}
	if (h->cols && h->rows && !h->no_tty) {
		snprintf(text, HEAD_SIZE_LEN, "%ux%u", h->cols, h->rows);
		event_set_str(ev, F_SIZE, str_z(text));
	}
}

static void from_event(struct head *h, const struct event *ev)
{
	*h = HEAD_NONE;
	if (__builtin_mul_overflow(ev->time, (int64_t)NS_PER_US, &h->time))
		h->time = 0;
	h->host = ev->host;
	h->boot = ev->boot;
	h->ses = event_int(ev, F_SES, -1);
	h->pid = event_int(ev, F_PID, -1);
	h->no_tty = str_eqz(event_str(ev, F_CHAN_TYPE), "command");
	for (size_t i = 0; i < N_TEXTS; i++)
		*(struct str *)((char *)h + texts[i].at) =
		    event_str(ev, texts[i].field);
	size_parse(event_str(ev, F_SIZE), &h->cols, &h->rows);
}

int head_read(
    struct head *ret, struct str json, struct arena *a, struct err *err)
{
	struct buf command = BUF_INIT;
	struct event ev;
	int r = event_from_json(&ev, json, a, err);

	*ret = HEAD_NONE;
	if (r < 0)
		return r;
	from_event(ret, &ev);
	/* Arguments, where they are known. */
	event_command(&ev, &command);
	ret->command = arena_dup(a, buf_str(&command));
	buf_free(&command);
	return 0;
}
