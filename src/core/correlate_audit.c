/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream of kernel audit: a track for each (host, boot, ses). See
 * docs/sessions.md for why each rule is as it is.
 */
#include <errno.h>

#include "core/live.h"

#define SECOND	    ((int64_t)1000000)
/* Records of one boot (KERNEL, SYSTEM_BOOT, DAEMON_START) come so close. */
#define BOOT_SPAN   (300 * SECOND)
/* A LOGIN is the first record with its ses, but for the order in the file. */
#define LOGIN_SLACK (5 * SECOND)
/* The kernel counts ses up; records of two logins may swap places. */
#define SES_SLACK   16

static int new_boot(
    struct correlator *c, struct live_host *h, const struct event *ev)
{
	int err = live_end_all(c, h, TRACK_AUDIT, -1);

	if (err)
		return err;
	procs_clear(&h->procs);
	h->booted = ev->time;
	h->login_since = false;
	h->ses = -1;
	/* What anybody can write must not part what other sources tell. */
	if (ev->trust >= TRUST_TEXT)
		return 0;
	return live_add_boot(c, h, ev->boot, ev->time);
}

/*
 * A boot shows in a record of its own, in another boot id, or in a serial
 * number that begins anew after auditd was started.
 */
static bool is_boot(struct live_host *h, const struct event *ev)
{
	int64_t serial = event_int(ev, F_SERIAL, -1);
	bool fell;

	if (ev->kind == EVENT_HOST_BOOT &&
	    str_find(event_str(ev, F_TYPE), STR("SHUTDOWN")) != STR_NPOS)
		return false;
	if (ev->kind == EVENT_HOST_BOOT)
		return h->booted < 0 || h->login_since ||
		       ev->time - h->booted > BOOT_SPAN || ev->time < h->booted;
	/* auditd numbers its own records; they say nothing of the kernel's. */
	if (ev->kind == EVENT_AGENT_START || ev->kind == EVENT_AGENT_STOP) {
		h->agent_started |= ev->kind == EVENT_AGENT_START;
		return false;
	}
	if (serial < 0)
		return false;
	fell = h->agent_started && serial < h->serial &&
	       (h->booted < 0 || h->login_since ||
		   ev->time - h->booted > BOOT_SPAN);
	h->agent_started = false;
	h->serial = serial;
	return fell;
}

static int follow_boots(
    struct correlator *c, struct live_host *h, const struct event *ev)
{
	bool other = ev->boot.n && !str_eq(ev->boot, h->boot[TRACK_AUDIT]);
	bool boot = is_boot(h, ev) || (other && h->boot[TRACK_AUDIT].n);
	int err = 0;

	if (boot)
		err = new_boot(c, h, ev);
	if (!err && other)
		err = live_set_boot(h, TRACK_AUDIT, ev->boot);
	return err;
}

static int ses_track(struct correlator *c, struct live_host *h,
    const struct event *ev, int64_t ses, struct live **ret)
{
	struct live *l;
	struct buf id = BUF_INIT;
	int err;

	buf_add_u64(&id, (uint64_t)ses);
	err = buf_error(&id);
	if (!err)
		err = live_new(c, h, TRACK_AUDIT, ev, buf_str(&id), &l);
	buf_free(&id);
	if (err)
		return err;
	l->t.ses = ses;
	*ret = l;
	return live_index(l, index_key(INDEX_SES, (uint64_t)ses));
}

/*
 * Whether this LOGIN can not be of the same boot as what was seen before. Where
 * the id of the boot is told, that tells; and programs in the kernel see a
 * LOGIN when PAM has opened the session, maybe long behind audit's and behind
 * those of others.
 */
static bool login_tells_boot(const struct live_host *h, const struct live *l,
    const struct event *ev, int64_t ses)
{
	bool same;

	if (ev->boot.n && (!l || str_eq(l->t.boot, ev->boot)))
		return false;
	if (!l)
		return h->ses >= 0 && ses + SES_SLACK < h->ses;
	same = l->t.pid < 0 || l->t.pid == pid_of(ev, F_PID);
	if (l->t.flags & TRACK_BEGAN)
		return !same || ev->time - l->t.start > LOGIN_SLACK;
	return ev->time - l->t.start > LOGIN_SLACK;
}

/* Of the kernel, also where only a text log has it; programs write others. */
static bool is_kernel_login(const struct event *ev)
{
	return ev->kind == EVENT_SESSION_OPEN &&
	       str_eqz(event_str(ev, F_TYPE), "LOGIN");
}

/* The kernel's LOGIN record: a ses begins. */
static int kernel_login(struct correlator *c, struct live_host *h,
    const struct event *ev, int64_t ses, struct live **l)
{
	int64_t old = event_int(ev, F_OLD_SES, AUDIT_UNSET);
	int err = 0;

	if (login_tells_boot(h, *l, ev, ses)) {
		err = new_boot(c, h, ev);
		*l = NULL;
	}
	if (!err && !*l)
		err = ses_track(c, h, ev, ses, l);
	if (err)
		return err;
	h->login_since = true;
	h->ses = ses;
	(*l)->t.flags |= TRACK_BEGAN;
	(*l)->t.pid = pid_of(ev, F_PID);
	if (old >= 0 && old != AUDIT_UNSET && old != ses)
		err = live_note(*l, STR("began within another audit session "
					"(nested login)"));
	return err;
}

/*
 * sshd started by hand keeps the ses of the admin who started it, and all who
 * log in through it get the same. Their commands cannot be told apart, but
 * their logins can.
 */
static int shared_login(struct correlator *c, struct live_host *h,
    struct event *ev, struct live *first, struct live **ret)
{
	int err;

	if (ev->kind != EVENT_SESSION_OPEN)
		return conn_sshd(c, h, ev, ret);
	err = live_note(first, STR("another login shares this audit "
				   "session: commands of both are here"));

	first->t.flags |= TRACK_CONFLICT;
	live_change(c, first);
	if (!err)
		err = conn_sshd(c, h, ev, ret);
	if (err || !*ret)
		return err;
	(*ret)->t.flags |= TRACK_CONFLICT | TRACK_LOGGED_IN | TRACK_BEGAN;
	if ((*ret)->t.login < 0)
		(*ret)->t.login = ev->time;
	return live_note(*ret, STR("shares the audit session of whoever "
				   "started this sshd: commands are listed "
				   "there"));
}

/* Speaks of another sshd than the one that made this session. */
static bool is_shared_login(
    const struct correlator *c, const struct live *l, const struct event *ev)
{
	int64_t pid = pid_of(ev, F_PID);
	char mem[40];

	if (ev->kind > EVENT_SESSION_CLOSE || is_kernel_login(ev) ||
	    l->t.pid < 0 || pid < 0 || pid == l->t.pid ||
	    pid == l->t.child_pid || !facts_sshd(ev))
		return false;
	if (live_find(l->host, index_key(INDEX_PID, (uint64_t)pid)))
		return true;
	/* With a terminal it may be the child's record of this login. */
	return ev->kind == EVENT_SESSION_OPEN && !facts_tty(ev, mem).n;
}

/* Programs were put into the kernel while it was under way: the first ones, or
 * the daemon was not there for a time. */
static int session_found(struct live *l)
{
	const struct str before = STR(
	    "began before this host was watched: what it did until then is not "
	    "known from the kernel");

	if (!(l->t.flags & TRACK_BEGAN) &&
	    str_find(l->t.notes, before) == STR_NPOS)
		return live_note(l, before);
	l->t.flags |= TRACK_GAP;
	return live_note(l, STR("was not watched for a time: what it did then "
				"is not known from programs in the kernel"));
}

static int session_facts(struct live *l, const struct event *ev)
{
	int64_t pid = pid_of(ev, F_PID);

	if (ev->kind == EVENT_SESSION_OPEN && l->t.pid < 0)
		l->t.pid = pid;
	if (facts_found(ev) && session_found(l))
		return -ENOMEM;
	if (ev->kind == EVENT_SESSION_OPEN && !is_kernel_login(ev) &&
	    pid == l->t.pid && l->opened < 0)
		l->opened = ev->time;
	/* The process that serves the user renews the credentials. */
	if (ev->kind == EVENT_OTHER && l->t.pid > 0 && pid > 0 &&
	    pid != l->t.pid && l->t.child_pid < 0 && facts_sshd(ev) &&
	    str_find(event_str(ev, F_TYPE), STR("CRED_ACQ")) != STR_NPOS)
		l->t.child_pid = pid;
	if (ev->kind != EVENT_SESSION_CLOSE)
		return 0;
	/* sudo and su end their own PAM sessions within this one. */
	if (l->t.pid > 0
		? pid != l->t.pid
		: !(l->t.origin.n ? str_eq(facts_program(ev), l->t.origin)
				  : facts_sshd(ev)))
		return 0;
	if (l->t.pid < 0)
		l->t.pid = pid;
	return facts_close(l, ev->time, event_str(ev, F_REASON));
}

/* PAM opens a session so soon after the kernel's LOGIN, in any case. */
#define SETUP_MAX (60 * SECOND)
#define TICK_MAX  ((int64_t)10000)

/*
 * Told by PAM through audit, whose clock goes by the kernel's tick; that of bpf
 * does not, and what each of them tells may come late.
 */
static bool is_open(const struct live *l, const struct event *ev)
{
	int64_t slack = event_has(ev, F_SID) ? TICK_MAX : 0;

	return l->opened >= 0 && ev->time >= l->opened + slack;
}

/*
 * Whether a program runs for the login and not for who logged in. Until PAM
 * says that the session is open nobody but the process that makes it can
 * start any; afterwards sshd's monitor may, for PAM's end. The sshd of root
 * has no other process: it starts root's commands itself. A pid that may
 * have been given out again is not believed: commands of the user must not
 * hide as these.
 */
static bool is_setup(
    const struct live_host *h, const struct live *l, const struct event *ev)
{
	const struct proc *parent =
	    procs_find(&h->procs, event_int(ev, F_PPID, -1));
	const struct proc *self =
	    procs_find(&h->procs, event_int(ev, F_PID, -1));
	uint64_t ses = (uint64_t)l->t.ses;
	bool child = l->t.pid > 0 && pid_of(ev, F_PPID) == l->t.pid;

	if (!(l->t.flags & TRACK_BEGAN) || event_int(ev, F_EUID, -1) != 0 ||
	    (l->t.flags & TRACK_CLOSED && ev->time > l->t.end))
		return false;
	/* What sshd starts for the user it makes a leader; PAM does not. */
	if (child && event_has(ev, F_SID))
		return event_int(ev, F_SID, -1) != event_int(ev, F_PID, -1);
	if (is_open(l, ev) || ev->time - l->t.start > SETUP_MAX)
		return child && l->t.auid > 0 && l->t.flags & TRACK_SSH &&
		       !(self && self->ses == ses && !self->setup);
	return child || (parent && parent->ses == ses && parent->setup) ||
	       (self && self->ses == ses && self->setup);
}

static void mark_setup(
    const struct live_host *h, const struct live *l, struct event *ev)
{
	const struct proc *p;

	if (ev->kind == EVENT_EXEC && is_setup(h, l, ev))
		event_set_int(ev, F_SETUP, 1);
	if (ev->kind != EVENT_EXIT)
		return;
	p = procs_find(&h->procs, event_int(ev, F_PID, -1));
	if (p && p->setup && p->ses == (uint64_t)l->t.ses)
		event_set_int(ev, F_SETUP, 1);
}

static int process_facts(
    struct live_host *h, const struct live *l, struct event *ev)
{
	const struct proc *parent;

	if (ev->kind == EVENT_EXIT) {
		procs_exit(&h->procs, event_int(ev, F_PID, -1));
		return 0;
	}
	if (ev->kind != EVENT_EXEC || !event_int(ev, F_SUCCESS, 1))
		return 0;
	parent = procs_find(&h->procs, event_int(ev, F_PPID, -1));
	if (parent)
		event_set_int(ev, F_INTERACTIVE, parent->shell);
	return procs_exec(&h->procs, ev, (uint64_t)l->t.ses);
}

static int ses_event(struct correlator *c, struct live_host *h,
    struct event *ev, int64_t ses, struct live **ret)
{
	struct live *l = live_find(h, index_key(INDEX_SES, (uint64_t)ses));
	int err = 0;

	if (is_kernel_login(ev))
		err = kernel_login(c, h, ev, ses, &l);
	else if (!l)
		err = ses_track(c, h, ev, ses, &l);
	if (err)
		return err;
	if (is_shared_login(c, l, ev))
		return shared_login(c, h, ev, l, ret);
	live_touch(c, l, ev->time);
	mark_setup(h, l, ev);
	err = facts_add(l, ev);
	if (!err)
		err = session_facts(l, ev);
	if (!err)
		err = process_facts(h, l, ev);
	*ret = l;
	return err;
}

/* io_uring works in the name of a process, without its session. */
static int uring_event(struct correlator *c, struct live_host *h,
    struct event *ev, struct live **ret)
{
	const struct proc *p = procs_find(&h->procs, event_int(ev, F_PID, -1));
	struct live *l = p ? live_find(h, index_key(INDEX_SES, p->ses)) : NULL;
	int err;

	if (!l)
		return 0;
	live_touch(c, l, ev->time);
	*ret = l;
	err = facts_add(l, ev);
	return err ? err
		   : live_inferred(c, ev, l,
			 STR("session: the last one known of this pid"));
}

int audit_event(struct correlator *c, struct live_host *h, struct event *ev,
    struct live **ret)
{
	int64_t ses = event_int(ev, F_SES, AUDIT_UNSET);
	int err = follow_boots(c, h, ev);

	if (err)
		return err;
	/* A process that took its login off. */
	if (ses == AUDIT_UNSET && ev->kind == EVENT_PRIV)
		ses = event_int(ev, F_OLD_SES, AUDIT_UNSET);
	if (ses >= 0 && ses < AUDIT_UNSET)
		return ses_event(c, h, ev, ses, ret);
	if (ev->kind <= EVENT_AUTH_PARTIAL && facts_sshd(ev))
		return conn_sshd(c, h, ev, ret);
	if (str_find(event_str(ev, F_TYPE), STR("URINGOP")) != STR_NPOS)
		return uring_event(c, h, ev, ret);
	return 0;
}
