/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/pty/command.h"

#include "sources/pty/payload.h"

static const char *const omissions[] = {
    [OMIT_LATE] = "output is not kept: the command began before it was watched",
    [OMIT_UNREAD] = "output is not kept: sshtrail-rec records terminals only",
    [OMIT_UNKNOWN] = "output is not kept: what runs was not seen whole",
    [OMIT_PAYLOAD] = "output is not kept: it may be what is transferred by ",
    [OMIT_BINARY] = "output is not kept: it is no text",
    [OMIT_LIMIT] = "output is not kept beyond commands.limit",
};

static void set_reason(struct work *w, struct event *ev)
{
	const struct terminal *t = w->t;
	const char *reason = omissions[t->omission];

	if (reason)
		source_set_str(ev, F_REASON,
		    arena_printf(
			w->mem, "%s%s", reason, t->mover ? t->mover : ""));
}

/* Its channel.open, which is told once. */
static int tell_command(struct work *w, bool recorded)
{
	struct terminal *t = w->t;
	struct piece p = {.type = PIECE_BEGIN, .boot = t->begun};
	struct event ev;
	int r;

	terminal_event(w, EVENT_CHANNEL_OPEN, t->begun, &ev);
	if (t->args.n)
		event_set_str(&ev, F_ARGV, buf_str(&t->args));
	if (t->args_cut)
		event_set_int(&ev, F_CUT, true);
	if (t->partial)
		event_set_int(&ev, F_PARTIAL, true);
	set_reason(w, &ev);
	t->told = true;
	t->recorded = recorded;
	if (!recorded)
		return w->sink->event(w->sink, &ev);
	r = terminal_tell(w, &p, &ev);
	p = (struct piece){.type = PIECE_HOLE};
	return r == 0 && t->partial ? terminal_tell(w, &p, NULL) : r;
}

/* From here on; what was kept before stays. */
static int omit(struct work *w, enum omission why, const char *mover)
{
	struct piece p = {.type = PIECE_LEFT_OUT};
	struct terminal *t = w->t;

	if (t->omission)
		return 0;
	t->omission = why;
	t->mover = mover;
	if (t->recorded)
		return terminal_tell(w, &p, NULL);
	return t->told ? 0 : tell_command(w, false);
}

static int take_program(struct work *w)
{
	bool cut = w->rec.flags & PTY_CUT;
	const char *mover = payload_mover(w->bytes, cut);

	w->t->execs++;
	return mover ? omit(w, OMIT_PAYLOAD, mover) : 0;
}

int command_begin(struct work *w)
{
	struct terminal *t = w->t;

	t->args_cut = w->rec.flags & PTY_CUT;
	t->partial = terminal_is_late(w) || w->rec.flags & PTY_EARLIER;
	if (w->rec.head.type != PTY_OPEN)
		return omit(w, OMIT_UNKNOWN, NULL);
	buf_add_str(&t->args, w->bytes);
	if (t->args.n && t->args.p[t->args.n - 1])
		buf_add_char(&t->args, '\0');
	if (w->rec.flags & PTY_LATE)
		return omit(w, OMIT_LATE, NULL);
	if (w->rec.flags & PTY_UNREAD)
		return omit(w, OMIT_UNREAD, NULL);
	return take_program(w);
}

static int take_command_bytes(struct work *w, enum piece_type type)
{
	struct terminal *t = w->t;
	int r = 0;

	if (!payload_is_text(w->bytes))
		r = omit(w, OMIT_BINARY, NULL);
	if (r < 0)
		return r;
	if (t->omission) {
		t->left_out += w->bytes.n;
		t->offset += w->bytes.n;
		return 0;
	}
	if (!t->told)
		r = tell_command(w, true);
	return r < 0 ? r : terminal_take(w, type);
}

static int end_command(struct work *w)
{
	struct piece p = {.type = PIECE_LEFT_OUT};
	struct terminal *t = w->t;
	struct event ev;
	int r = t->told ? 0 : tell_command(w, false);

	t->left_out += w->rec.counted;
	p.lost = t->left_out;
	if (r == 0 && t->recorded && t->left_out)
		r = terminal_tell(w, &p, NULL);
	if (r == 0)
		r = terminal_close(w, &ev);
	if (r < 0)
		return r;
	if (t->left_out)
		event_set_int(&ev, F_LEFT_OUT, (int64_t)t->left_out);
	set_reason(w, &ev);
	p = (struct piece){.type = PIECE_END};
	r = t->recorded ? terminal_tell(w, &p, &ev)
			: w->sink->event(w->sink, &ev);
	w->t->ended = true;
	return r;
}

/* What is not known to be kept is not lost, but left out. */
static int follow_command_offset(struct work *w)
{
	struct terminal *t = w->t;
	int r = 0;

	if (w->rec.offset <= t->offset)
		return 0;
	if (t->omission) {
		t->left_out += w->rec.offset - t->offset;
		t->offset = w->rec.offset;
		return 0;
	}
	if (!t->told)
		r = tell_command(w, true);
	return r < 0 ? r : terminal_follow_offset(w);
}

int command_follow(struct work *w)
{
	const uint16_t type = w->rec.head.type;
	int r = 0;

	if (type == PTY_OPEN)
		return 0;
	if (type == PTY_EXEC)
		return take_program(w);
	if (w->rec.execs > w->t->execs)
		r = omit(w, OMIT_UNKNOWN, NULL);
	if (r == 0)
		r = follow_command_offset(w);
	if (r < 0)
		return r;
	switch (type) {
	case PTY_OUTPUT:
		return take_command_bytes(w, PIECE_OUTPUT);
	case PTY_ERRORS:
		return take_command_bytes(w, PIECE_ERRORS);
	case PTY_LIMITED:
		return omit(w, OMIT_LIMIT, NULL);
	case PTY_CLOSE:
		return end_command(w);
	default:
		return 0;
	}
}
