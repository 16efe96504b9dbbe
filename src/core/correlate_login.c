/* SPDX-License-Identifier: Apache-2.0 */
/* The stream of login records: utmp, wtmp and btmp. */
#include "core/live.h"

static int new_login(struct correlator *c, struct live_host *h,
    const struct event *ev, struct str tty, struct live **ret)
{
	int64_t pid = pid_of(ev, F_PID);
	struct buf id = BUF_INIT;
	struct live *l;
	int err;

	buf_add_i64(&id, pid);
	buf_add_char(&id, ' ');
	buf_add_str(&id, tty);
	err = buf_error(&id);
	if (!err)
		err = live_new(c, h, TRACK_LOGIN, ev, buf_str(&id), &l);
	buf_free(&id);
	if (err)
		return err;
	l->t.pid = pid;
	*ret = l;
	return 0;
}

static int open_login(struct correlator *c, struct live_host *h,
    const struct event *ev, struct str tty, struct live **ret)
{
	int64_t pid = pid_of(ev, F_PID);
	struct live *l;
	int err = new_login(c, h, ev, tty, ret);

	if (err)
		return err;
	l = *ret;
	l->t.flags |= TRACK_BEGAN;
	err = tty.n ? live_index(l, index_key_str(c, INDEX_LOGIN_TTY, tty, 0))
		    : 0;
	if (!err && pid > 0)
		err = live_index(l, index_key(INDEX_LOGIN_PID, (uint64_t)pid));
	return err;
}

static struct live *find_login(const struct correlator *c,
    const struct live_host *h, int64_t pid, struct str tty)
{
	struct live *l = NULL;

	if (tty.n)
		l = live_find(h, index_key_str(c, INDEX_LOGIN_TTY, tty, 0));
	if (!l && pid > 0)
		l = live_find(h, index_key(INDEX_LOGIN_PID, (uint64_t)pid));
	if (!l || l->t.flags & TRACK_CLOSED ||
	    (pid > 0 && l->t.pid > 0 && pid != l->t.pid))
		return NULL;
	return l;
}

/* A terminal has one login at a time. */
static int close_taken(struct correlator *c, const struct live_host *h,
    const struct event *ev, struct str tty)
{
	struct live *l = find_login(c, h, -1, tty);
	int err;

	if (!l || !tty.n)
		return 0;
	l->t.flags |= TRACK_INFERRED;
	live_change(c, l);
	err = live_note(l, STR("no logout was recorded: another login took "
			       "its terminal"));
	return err ? err : facts_close(l, ev->time, STR("terminal reused"));
}

int login_event(struct correlator *c, struct live_host *h, struct event *ev,
    struct live **ret)
{
	char mem[40];
	struct str tty = facts_tty(ev, mem);
	struct live *l = NULL;
	int err = 0;

	if (ev->kind == EVENT_HOST_BOOT) {
		err = live_end_all(c, h, TRACK_LOGIN, ev->time);
		return err ? err : live_add_boot(c, h, ev->boot, ev->time);
	}
	if (ev->kind == EVENT_SESSION_OPEN) {
		err = close_taken(c, h, ev, tty);
		if (!err)
			err = open_login(c, h, ev, tty, &l);
	} else if (ev->kind == EVENT_SESSION_CLOSE) {
		l = find_login(c, h, pid_of(ev, F_PID), tty);
		/* utmp may know the begin, and wtmp the end, or vice versa. */
		if (!l && tty.n && pid_of(ev, F_PID) > 0)
			err = new_login(c, h, ev, tty, &l);
	}
	if (err || !l)
		return err;
	live_touch(c, l, ev->time);
	*ret = l;
	err = facts_add(l, ev);
	if (!err && ev->kind == EVENT_SESSION_CLOSE)
		err = facts_close(l, ev->time, event_str(ev, F_REASON));
	return err;
}
