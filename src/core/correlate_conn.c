/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream of sshd's own words: auth.log and the journal. A line names its
 * connection by client address and port, by the pid of one of its processes,
 * or not at all. See docs/sessions.md.
 */
#include "core/live.h"

#define SECOND	      ((int64_t)1000000)
/* The same line from two sources, one of which writes whole seconds. */
#define SAME_TIME     (2 * SECOND)
/* sftp-server writes its first line so soon after its channel was opened. */
#define SFTP_START    (5 * SECOND)
/* More open connections of one user are not looked through. */
#define USER_LOOK_MAX 64

static bool is_sftp(const struct event *ev)
{
	struct str name = facts_program(ev);

	return str_eqz(name, "internal-sftp") || str_eqz(name, "sftp-server");
}

static bool over(const struct live *l, int64_t time)
{
	return l->t.flags & TRACK_CLOSED && time > l->t.end + LIVE_LATE;
}

/* The facts of ev and of the track exclude each other. */
static bool excludes(const struct live *l, const struct event *ev)
{
	struct str addr = event_str(ev, F_ADDR);
	int64_t port = event_int(ev, F_PORT, -1);

	return (port > 0 && l->t.port > 0 && port != l->t.port) ||
	       (port > 0 && l->t.port > 0 && addr.n && l->t.addr.n &&
		   !str_eq(addr, l->t.addr));
}

/* Whether ev can speak of the connection l and not of one after it. */
static bool may_be(const struct live *l, const struct event *ev)
{
	int64_t pid = pid_of(ev, F_PID);
	int64_t off = ev->time - l->t.start;

	if (over(l, ev->time) || excludes(l, ev))
		return false;
	if (ev->kind == EVENT_CONN_OPEN)
		return (pid < 0 || l->t.pid < 0 || pid == l->t.pid) &&
		       off <= SAME_TIME && off >= -SAME_TIME;
	if (ev->kind == EVENT_AUTH_OK && l->t.login >= 0)
		return ev->time - l->t.login <= SAME_TIME;
	return true;
}

static struct live *find(const struct correlator *c, const struct live_host *h,
    const struct event *ev)
{
	struct str addr = event_str(ev, F_ADDR);
	int64_t port = event_int(ev, F_PORT, -1);
	int64_t pid = pid_of(ev, F_PID);
	struct live *l = NULL;

	if (addr.n && port > 0)
		l = live_find(h, index_key_str(c, INDEX_PEER, addr, port));
	if (l && may_be(l, ev))
		return l;
	if (pid > 0)
		l = live_find(h, index_key(INDEX_PID, (uint64_t)pid));
	/* Processes of sudo and sftp are found by pid too, but not by sshd. */
	if (!l || (pid != l->t.pid && pid != l->t.child_pid))
		return NULL;
	return may_be(l, ev) ? l : NULL;
}

/* Whether a connection not known yet may be concluded from ev. */
static bool may_begin(const struct event *ev)
{
	bool peer = event_has(ev, F_ADDR) && event_has(ev, F_PORT);

	if (ev->kind == EVENT_OTHER)
		return peer || event_has(ev, F_CHILD_PID);
	return (ev->kind <= EVENT_CHANNEL_CLOSE || ev->kind == EVENT_FORWARD) &&
	       (peer || pid_of(ev, F_PID) > 0);
}

static int new_conn(struct correlator *c, struct live_host *h,
    const struct event *ev, struct live **ret)
{
	struct buf id = BUF_INIT;
	int err;

	buf_add_i64(&id, pid_of(ev, F_PID));
	buf_add_char(&id, ' ');
	buf_add_i64(&id, event_int(ev, F_PORT, -1));
	buf_add_char(&id, ' ');
	buf_add_str(&id, event_str(ev, F_ADDR));
	err = buf_error(&id);
	if (!err)
		err = live_new(c, h, TRACK_CONN, ev, buf_str(&id), ret);
	buf_free(&id);
	return err;
}

static bool is_child_line(const struct event *ev)
{
	return ev->kind == EVENT_CHANNEL_OPEN ||
	       ev->kind == EVENT_CHANNEL_CLOSE || ev->kind == EVENT_FORWARD;
}

static int index_pid(struct correlator *c, struct live *l, int64_t pid)
{
	if (pid < 0)
		return 0;
	return live_index(l, index_key(INDEX_PID, (uint64_t)pid));
}

static int learn_pids(
    struct correlator *c, struct live *l, const struct event *ev)
{
	struct track *t = &l->t;
	int64_t pid = pid_of(ev, F_PID), child = pid_of(ev, F_CHILD_PID);
	int err;

	if (t->pid < 0 && pid != t->child_pid && !is_child_line(ev))
		t->pid = pid;
	else if (t->child_pid < 0 && pid != t->pid && is_child_line(ev))
		t->child_pid = pid;
	if (child > 0)
		t->child_pid = child;
	err = index_pid(c, l, pid);
	return err ? err : index_pid(c, l, child);
}

static int learn_names(
    struct correlator *c, struct live *l, const struct event *ev)
{
	struct track *t = &l->t;
	int64_t ses = event_int(ev, F_SES, AUDIT_UNSET);
	struct str tty;
	char mem[40];
	int err = 0;

	if (t->addr.n && t->port > 0 && event_has(ev, F_PORT))
		err = live_index(
		    l, index_key_str(c, INDEX_PEER, t->addr, t->port));
	if (!err && ses >= 0 && ses < AUDIT_UNSET && t->ses < 0) {
		t->ses = ses;
		err = live_index(l, index_key(INDEX_TOLD_SES, (uint64_t)ses));
	}
	if (err || ev->kind != EVENT_CHANNEL_OPEN)
		return err;
	if (str_find(event_str(ev, F_SERVICE), STR("sftp")) != STR_NPOS)
		l->sftp = ev->time;
	tty = facts_tty(ev, mem);
	return tty.n ? live_index(l, index_key_str(c, INDEX_TTY, tty, 0)) : 0;
}

static int follow_life(
    struct correlator *c, struct live *l, const struct event *ev)
{
	struct track *t = &l->t;
	int64_t pid = pid_of(ev, F_PID);
	int err = 0;

	if (ev->kind == EVENT_CONN_OPEN || ev->kind == EVENT_AUTH_OK)
		t->flags |= TRACK_BEGAN;
	/* PAM's session was opened, though "Accepted" was not written. */
	if (ev->kind == EVENT_SESSION_OPEN && t->login < 0) {
		t->login = ev->time;
		t->flags |= TRACK_LOGGED_IN;
	}
	if (t->flags & TRACK_LOGGED_IN && !(t->flags & TRACK_CLOSED) &&
	    t->user.n)
		err = live_user_open(c, l);
	if (ev->kind != EVENT_CONN_CLOSE &&
	    (ev->kind != EVENT_SESSION_CLOSE || pid != t->pid))
		return err;
	live_user_close(l);
	if (t->flags & TRACK_CLOSED && ev->time > t->end)
		t->end = ev->time;
	/* The reason is told before or after PAM closes its session. */
	if (!err && t->flags & TRACK_CLOSED && !t->reason.n)
		err = live_set(l, &t->reason, event_str(ev, F_REASON));
	return err ? err : facts_close(l, ev->time, event_str(ev, F_REASON));
}

/* Lines that sshd writes at VERBOSE only. */
static bool is_verbose(const struct event *ev)
{
	return ev->kind == EVENT_CONN_OPEN ||
	       (ev->kind == EVENT_AUTH_PARTIAL &&
		   !str_eqz(event_str(ev, F_TYPE), "partial"));
}

int conn_sshd(struct correlator *c, struct live_host *h, struct event *ev,
    struct live **ret)
{
	struct live *l = find(c, h, ev);
	int err = 0;

	if (!l && !may_begin(ev))
		return 0;
	if (!l)
		err = new_conn(c, h, ev, &l);
	if (err)
		return err;
	live_touch(c, l, ev->time);
	*ret = l;
	l->t.flags |= TRACK_SSH;
	l->verbose |= is_verbose(ev);
	if (!l->t.origin.n)
		err = live_set(l, &l->t.origin, STR("sshd"));
	if (!err)
		err = facts_add(l, ev);
	if (!err)
		err = learn_pids(c, l, ev);
	if (!err)
		err = learn_names(c, l, ev);
	return err ? err : follow_life(c, l, ev);
}

/* An event that is tied to a connection, not the connection's own. */
static int tie(struct correlator *c, struct event *ev, struct live *l,
    struct str why, struct live **ret)
{
	int err;

	live_touch(c, l, ev->time);
	*ret = l;
	err = facts_add(l, ev);
	if (!err && why.n)
		err = live_inferred(c, ev, l, why);
	return err ? err : index_pid(c, l, pid_of(ev, F_PID));
}

/* As tie(), where no other connection could be meant: the event says how. */
static int tie_only(struct correlator *c, struct event *ev, struct live *l,
    struct str why, struct live **ret)
{
	unsigned before = l->t.flags & TRACK_INFERRED;
	int err = tie(c, ev, l, why, ret);

	l->t.flags = (l->t.flags & ~(unsigned)TRACK_INFERRED) | before;
	return err;
}

static struct live *user_head(
    const struct correlator *c, const struct live_host *h, struct str user)
{
	if (!user.n)
		return NULL;
	return live_find(h, index_key_str(c, INDEX_USER, user, 0));
}

/* The connection whose sftp channel was opened last before `time`. */
static struct live *find_sftp(const struct correlator *c,
    const struct live_host *h, const struct event *ev, unsigned *ret_n)
{
	struct str addr = event_str(ev, F_ADDR);
	struct live *l = user_head(c, h, event_str(ev, F_USER)), *best = NULL;

	for (unsigned i = 0; l && i < USER_LOOK_MAX; i++, l = l->user_older) {
		int64_t ago = ev->time - l->sftp;

		if (l->sftp < 0 || ago > SFTP_START || ago < -SAME_TIME ||
		    (addr.n && !str_eq(addr, l->t.addr)))
			continue;
		++*ret_n;
		if (!best || l->sftp > best->sftp)
			best = l;
	}
	return best;
}

static int sftp_event(struct correlator *c, struct live_host *h,
    struct event *ev, struct live **ret)
{
	int64_t pid = pid_of(ev, F_PID);
	struct live *l =
	    pid < 0 ? NULL : live_find(h, index_key(INDEX_PID, (uint64_t)pid));
	unsigned n = 0;

	if (ev->kind == EVENT_CHANNEL_OPEN || !l || over(l, ev->time)) {
		l = find_sftp(c, h, ev, &n);
		if (!l)
			return 0;
		return (n == 1 ? tie_only : tie)(c, ev, l,
		    STR("session: by user, address and time of its sftp "
			"channel"),
		    ret);
	}
	return tie(c, ev, l, STR_NONE, ret);
}

static bool open_at(const struct live *l, int64_t time)
{
	return l && !(l->t.flags & TRACK_CLOSED) && time >= l->t.start;
}

static bool changes_identity(const struct event *ev)
{
	static const char *const names[] = {
	    "sudo", "su", "su-l", "doas", "pkexec", "runuser"};
	struct str name = facts_program(ev);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eqz(name, names[i]))
			return true;
	return false;
}

/* sudo, su, logind and others: their lines name no connection. */
static int other_event(struct correlator *c, struct live_host *h,
    struct event *ev, struct live **ret)
{
	int64_t pid = pid_of(ev, F_PID);
	int64_t ses = event_int(ev, F_SES, AUDIT_UNSET);
	struct live *l = NULL;
	struct str tty;
	char mem[40];

	if (ses >= 0 && ses < AUDIT_UNSET) {
		l = live_find(h, index_key(INDEX_TOLD_SES, (uint64_t)ses));
		if (!l)
			l = live_find(h, index_key(INDEX_SES, (uint64_t)ses));
		if (open_at(l, ev->time))
			return tie(c, ev, l, STR_NONE, ret);
	}
	if (ev->kind != EVENT_PRIV && ev->kind != EVENT_SESSION_OPEN &&
	    ev->kind != EVENT_SESSION_CLOSE && ev->kind != EVENT_AUTH_FAIL)
		return 0;
	/* A session of cron or of a console is its own affair. */
	if (ev->kind != EVENT_PRIV && !changes_identity(ev))
		return 0;
	tty = facts_tty(ev, mem);
	if (tty.n) {
		l = live_find(h, index_key_str(c, INDEX_TTY, tty, 0));
		if (open_at(l, ev->time))
			return tie_only(
			    c, ev, l, STR("session: by its terminal"), ret);
	}
	l = pid < 0 ? NULL : live_find(h, index_key(INDEX_PID, (uint64_t)pid));
	if (open_at(l, ev->time) && pid != l->t.pid && pid != l->t.child_pid)
		return tie(c, ev, l, STR("session: by its process"), ret);
	/* PAM names whom sudo and su turned into, not who asked. */
	if (ev->kind == EVENT_SESSION_OPEN || ev->kind == EVENT_SESSION_CLOSE)
		return 0;
	l = user_head(c, h, event_str(ev, F_USER));
	if (open_at(l, ev->time) && !l->user_older)
		return tie(c, ev, l,
		    STR("session: the only one that this user "
			"had open"),
		    ret);
	return 0;
}

/* Another boot id: pids and terminals are given out anew. */
static int follow_boot(
    struct correlator *c, struct live_host *h, const struct event *ev)
{
	struct str known = h->boot[TRACK_CONN];
	bool other = ev->boot.n && !str_eq(ev->boot, known);
	int err = 0;

	if (ev->kind == EVENT_HOST_BOOT || (other && known.n)) {
		err = live_end_all(c, h, TRACK_CONN, -1);
		if (!err)
			err = live_add_boot(c, h, ev->boot, ev->time);
	}
	if (!err && other)
		err = live_set_boot(h, TRACK_CONN, ev->boot);
	return err;
}

/*
 * An attempt that was concluded where a part of a log was read alone, though
 * the part before tells of it, or would: at LogLevel VERBOSE only those of
 * unknown users can leave no line.
 */
static bool known_already(const struct correlator *c, const struct live_host *h,
    const struct event *ev)
{
	const struct live *l;

	if (ev->kind != EVENT_AUTH_FAIL || !event_int(ev, F_WEAK, 0))
		return false;
	l = find(c, h, ev);
	return l && (l->t.n_auth_fail > 0 ||
			(l->verbose && event_int(ev, F_VALID, 1)));
}

int conn_event(struct correlator *c, struct live_host *h, struct event *ev,
    struct live **ret)
{
	int err = follow_boot(c, h, ev);

	if (err || ev->kind == EVENT_HOST_BOOT)
		return err;
	if (is_sftp(ev))
		return sftp_event(c, h, ev, ret);
	if (facts_sshd(ev) && known_already(c, h, ev))
		return 1;
	if (facts_sshd(ev))
		return conn_sshd(c, h, ev, ret);
	return other_event(c, h, ev, ret);
}
