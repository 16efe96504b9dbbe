/* SPDX-License-Identifier: Apache-2.0 */
/* What an event adds to the facts of its track. */
#include "core/live.h"

struct str facts_program(const struct event *ev)
{
	struct str name = event_str(ev, F_IDENT);
	size_t slash;

	if (!name.n)
		name = event_str(ev, F_EXE);
	if (!name.n)
		name = event_str(ev, F_COMM);
	slash = str_rfind_char(name, '/');
	return slash == STR_NPOS ? name : str_from(name, slash + 1);
}

static bool is_sshd_name(struct str name)
{
	return str_starts(name, STR("sshd")) &&
	       (name.n == 4 || name.p[4] == '-' || name.p[4] == '(' ||
		   name.p[4] == ':');
}

bool facts_sshd(const struct event *ev)
{
	return is_sshd_name(facts_program(ev));
}

struct str facts_tty(const struct event *ev, char mem[static 40])
{
	static const char *const none[] = {"ssh", "none", "(none)", "?",
	    "notty", "ssh:notty", "cron", "unknown"};
	struct str tty = event_str(ev, F_TTY);

	str_skip(&tty, STR("/dev/"));
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		if (str_eqz(tty, none[i]))
			return STR_NONE;
	/* The kernel writes pts0, all others pts/0. */
	if (str_starts(tty, STR("pts")) && tty.n > 3 && tty.n < 32 &&
	    tty.p[3] >= '0' && tty.p[3] <= '9') {
		memcpy(mem, "pts/", 4);
		memcpy(mem + 4, tty.p + 3, tty.n - 3);
		return str_make(mem, tty.n + 1);
	}
	return tty;
}

/* A repetition stands for itself: what it repeats was counted before. */
static int64_t times_written(const struct event *ev)
{
	int64_t n = event_int(ev, F_REPEAT, 0);

	return n > 0 && n < 1000000 ? n : 1;
}

static void add_bytes(int64_t *sum, int64_t n)
{
	if (n < 0)
		return;
	if (*sum < 0)
		*sum = 0;
	if (__builtin_add_overflow(*sum, n, sum))
		*sum = INT64_MAX;
}

static void add_file(struct track *t, const struct event *ev)
{
	/* sftp tells of a transfer twice: when it begins and when it ends. */
	if (!event_has(ev, F_DIRECTION) ||
	    !str_eqz(event_str(ev, F_OP), "open"))
		t->n_file++;
	if (!event_has(ev, F_DIRECTION) && !event_has(ev, F_BYTES_READ) &&
	    !event_has(ev, F_BYTES_WRITTEN))
		return;
	add_bytes(&t->bytes_in, event_int(ev, F_BYTES_WRITTEN, -1));
	add_bytes(&t->bytes_out, event_int(ev, F_BYTES_READ, -1));
	if (event_has(ev, F_DIRECTION) || event_int(ev, F_BYTES_READ, 0) > 0 ||
	    event_int(ev, F_BYTES_WRITTEN, 0) > 0)
		t->flags |= TRACK_TRANSFER;
}

/*
 * What rsync and scp run at the far end of a copy. sshd does not tell of these,
 * and sftp within sshd is no program.
 */
static bool is_transfer(struct str argv)
{
	struct str name, word;
	size_t slash;

	str_cut(&argv, '\0', &name);
	slash = str_rfind_char(name, '/');
	if (slash != STR_NPOS)
		name = str_from(name, slash + 1);
	if (str_eqz(name, "rsync")) {
		str_cut(&argv, '\0', &word);
		return str_eqz(word, "--server");
	}
	if (!str_eqz(name, "scp"))
		return false;
	while (argv.n && argv.p[0] == '-') {
		str_cut(&argv, '\0', &word);
		if (str_eqz(word, "-t") || str_eqz(word, "-f"))
			return true;
	}
	return false;
}

/*
 * What was tried and not found is no command, and what sshd runs for the
 * login, as root, is not the user's.
 */
static void add_exec(struct track *t, const struct event *ev)
{
	if (!event_int(ev, F_SUCCESS, 1) || event_int(ev, F_SETUP, 0))
		return;
	t->n_exec++;
	if (event_int(ev, F_EUID, -1) == 0)
		t->flags |= TRACK_ROOT;
	if (is_transfer(event_str(ev, F_ARGV)))
		t->flags |= TRACK_TRANSFER;
}

void track_count(struct track *t, const struct event *ev)
{
	switch (ev->kind) {
	case EVENT_EXEC:
		add_exec(t, ev);
		break;
	case EVENT_FILE:
		add_file(t, ev);
		break;
	case EVENT_AUTH_FAIL:
		t->n_auth_fail += times_written(ev);
		t->flags |= TRACK_FAILURE;
		break;
	case EVENT_PRIV:
		/* sshd becomes the user whom it lets in. */
		if (facts_sshd(ev))
			break;
		t->n_priv++;
		t->flags |= TRACK_SUDO;
		break;
	case EVENT_TTY_INPUT:
		t->flags |= TRACK_TTY;
		break;
	case EVENT_GAP:
		t->flags |= TRACK_GAP;
		break;
	case EVENT_CONN_OPEN:
	case EVENT_CONN_CLOSE:
	case EVENT_AUTH_OK:
	case EVENT_AUTH_PARTIAL:
	case EVENT_SESSION_OPEN:
	case EVENT_SESSION_CLOSE:
	case EVENT_CHANNEL_OPEN:
	case EVENT_CHANNEL_CLOSE:
	case EVENT_EXIT:
	case EVENT_NET_CONNECT:
	case EVENT_NET_LISTEN:
	case EVENT_FORWARD:
	case EVENT_ACCOUNT:
	case EVENT_CONFIG:
	case EVENT_HOST_BOOT:
	case EVENT_AGENT_START:
	case EVENT_AGENT_STOP:
	case EVENT_CLOCK:
	case EVENT_ALERT:
	case EVENT_IMPORT_START:
	case EVENT_IMPORT_END:
	case EVENT_OTHER:
	case EVENT_REVEAL:
	case EVENT_VIEW:
	case EVENT_N_KINDS:
		break;
	}
}

/* Who it was: of a login, nothing else says so. */
static const struct {
	enum field from;
	size_t to;
} login_copies[] = {
    {F_USER, offsetof(struct track, user)},
    {F_KEY_TYPE, offsetof(struct track, key_type)},
    {F_FP, offsetof(struct track, fp)},
    {F_CERT_ID, offsetof(struct track, cert_id)},
};

static int copy_login(struct live *l, const struct event *ev, bool replace)
{
	int err = 0;

	for (size_t i = 0;
	     i < sizeof login_copies / sizeof *login_copies && !err; i++) {
		struct str *to =
		    (struct str *)(void *)((char *)&l->t + login_copies[i].to);

		if (replace || !to->n)
			err = live_set(
			    l, to, event_str(ev, login_copies[i].from));
	}
	return err;
}

/* As sshd's AuthenticationMethods writes them: "publickey,password". */
static int add_method(struct live *l, struct str method)
{
	struct buf all = BUF_INIT;
	int err;

	if (!method.n || !l->t.method.n)
		return live_set(l, &l->t.method, method);
	buf_printf(&all, "%.*s,%.*s", STR_ARG(l->t.method), STR_ARG(method));
	err = buf_error(&all);
	if (!err)
		err = live_set(l, &l->t.method, buf_str(&all));
	buf_free(&all);
	return err;
}

static int add_login(struct live *l, const struct event *ev)
{
	bool first = l->t.login < 0;
	int err = 0;

	if (first)
		l->t.login = ev->time;
	l->t.flags |= TRACK_LOGGED_IN;
	if (first || !l->t.method.n)
		err = add_method(l, event_str(ev, F_METHOD));
	return err ? err : copy_login(l, ev, first);
}

/*
 * One factor of several was proven. The line of the login tells of the last
 * one only; where that is no key, this one says who it was.
 */
static int add_factor(struct live *l, const struct event *ev)
{
	int err;

	if (l->t.login >= 0 ||
	    !str_eqz(event_str(ev, F_TYPE), EVENT_TYPE_FACTOR))
		return 0;
	err = add_method(l, event_str(ev, F_METHOD));
	return err ? err : copy_login(l, ev, true);
}

static int add_peer(struct live *l, const struct event *ev)
{
	struct str addr = event_str(ev, F_ADDR);
	int64_t port = event_int(ev, F_PORT, -1);
	int err = 0;

	if (!l->t.addr.n && addr.n && !str_eqz(addr, "?"))
		err = live_set(l, &l->t.addr, addr);
	if (l->t.port < 0 && port > 0 && port < 65536)
		l->t.port = port;
	return err;
}

static int add_terminal(struct live *l, const struct event *ev)
{
	char mem[40];
	struct str tty;

	if (l->t.tty.n || !event_has(ev, F_TTY))
		return 0;
	tty = facts_tty(ev, mem);
	if (!tty.n)
		return 0;
	l->t.flags |= TRACK_TTY;
	return live_set(l, &l->t.tty, tty);
}

static int add_origin(struct live *l, const struct event *ev)
{
	struct str name;

	if (l->t.origin.n)
		return 0;
	name = facts_program(ev);
	if (is_sshd_name(name)) {
		l->t.flags |= TRACK_SSH;
		name = STR("sshd");
	}
	return live_set(l, &l->t.origin, name);
}

/*
 * utmp does not say which program made a record; one of a pseudo-terminal
 * with a peer is sshd's, but for what tmux, screen, mosh and X put there.
 */
static bool is_remote_login(const struct track *t)
{
	if (t->kind != TRACK_LOGIN || !str_starts(t->tty, STR("pts/")) ||
	    !t->addr.n || str_starts(t->addr, STR(":0")))
		return false;
	for (size_t i = 0; i < t->addr.n; i++)
		if (!strchr("0123456789abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ.:%-_",
			t->addr.p[i]))
			return false;
	return true;
}

bool facts_found(const struct event *ev)
{
	return ev->kind == EVENT_SESSION_OPEN &&
	       str_eqz(event_str(ev, F_TYPE), EVENT_TYPE_FOUND);
}

/* Facts about a login, from the kinds that speak of logins. */
static int add_session(struct live *l, const struct event *ev)
{
	struct track *t = &l->t;
	int err = 0;

	if (facts_found(ev))
		t->flags |= TRACK_LOGGED_IN;
	else if (ev->kind == EVENT_AUTH_OK ||
		 (ev->kind == EVENT_SESSION_OPEN && t->kind != TRACK_CONN))
		err = add_login(l, ev);
	else if (ev->kind == EVENT_AUTH_PARTIAL)
		err = add_factor(l, ev);
	if (!err)
		err = add_peer(l, ev);
	if (!err &&
	    (ev->kind == EVENT_SESSION_OPEN || ev->kind == EVENT_AUTH_OK))
		err = add_origin(l, ev);
	if (!err &&
	    (!t->user.n || (t->login < 0 && ev->kind == EVENT_SESSION_OPEN)))
		err = live_set(l, &t->user, event_str(ev, F_USER));
	if (t->flags & TRACK_LOGGED_IN &&
	    (str_eqz(t->user, "root") || t->auid == 0))
		t->flags |= TRACK_ROOT;
	return err;
}

/* In audit, other records of a session may name other hosts and users. */
static bool tells_of_login(const struct track *t, enum event_kind kind)
{
	if (t->kind == TRACK_AUDIT)
		return kind == EVENT_SESSION_OPEN || kind == EVENT_AUTH_OK ||
		       kind == EVENT_CONN_OPEN;
	return kind <= EVENT_SESSION_CLOSE || kind == EVENT_CHANNEL_OPEN;
}

int facts_add(struct live *l, const struct event *ev)
{
	struct track *t = &l->t;
	int64_t auid = event_int(ev, F_AUID, -1);
	int err = 0;

	if (ev->time < t->start)
		t->start = ev->time;
	if (ev->time > t->end && !(t->flags & TRACK_CLOSED))
		t->end = ev->time;
	if (t->auid < 0 && auid >= 0 && auid != AUDIT_UNSET)
		t->auid = auid;
	track_count(t, ev);
	if (event_int(ev, F_PREAUTH, 0))
		t->flags |= TRACK_PREAUTH;
	if (tells_of_login(t, ev->kind))
		err = add_session(l, ev);
	else if (ev->kind == EVENT_EXEC && !t->user.n)
		err = live_set(l, &t->user, event_str(ev, F_USER));
	if (!err)
		err = add_terminal(l, ev);
	if (is_remote_login(t))
		t->flags |= TRACK_SSH | TRACK_INFERRED;
	return err;
}

int facts_close(struct live *l, int64_t time, struct str reason)
{
	if (l->t.flags & TRACK_CLOSED)
		return 0;
	l->t.flags |= TRACK_CLOSED;
	if (time > l->t.end)
		l->t.end = time;
	return live_set(l, &l->t.reason, reason);
}
