/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story/facts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/when.h"

enum role {
	ROLE_CONNECT,
	ROLE_ASKED, /* steps before a login; id: the key */
	ROLE_LOGIN, /* id: the terminal */
	ROLE_CHANNEL,
	ROLE_CHANNEL_END,
	ROLE_END,
};

/* Ranks of a channel; 0 for all others. */
#define SFTP_SSHD 1
#define SFTP_OWN  2

struct story_login {
	enum role role;
	int rank; /* how well it tells the fact */
	int64_t time;
	uint64_t key, id;
	bool accepted;
};

struct story_log {
	uint64_t key;
	int64_t time;
	struct str via, target, cmd;
};

/* Sources tell of one end within this; a login record has whole seconds. */
#define SAME_END  (10 * USEC_PER_SEC)
#define SAME_SUDO (2 * USEC_PER_SEC)
#define SAME_SFTP (5 * USEC_PER_SEC)
#define SAME_FILE (2 * USEC_PER_SEC)
/* The next name along PATH is tried at once. */
#define SAME_TRY  USEC_PER_SEC

static uint64_t key_of(const struct event *ev)
{
	return hash_u64(ev->chain ^ hash_u64(ev->seq)) | 1;
}

int story_facts_init(struct story_facts *f)
{
	*f = (struct story_facts){.text = ARENA_INIT};
	f->logins = calloc(STORY_LOGINS_MAX, sizeof *f->logins);
	f->privs = calloc(STORY_PRIVS_MAX, sizeof *f->privs);
	f->logs = calloc(STORY_PRIVS_MAX, sizeof *f->logs);
	return f->logins && f->privs && f->logs ? 0 : -ENOMEM;
}

void story_facts_free(struct story_facts *f)
{
	map_free(&f->hidden);
	map_free(&f->told);
	map_free(&f->pids);
	map_free(&f->tried);
	map_free(&f->tried_at);
	map_free(&f->files);
	free(f->logins);
	free(f->privs);
	free(f->logs);
	arena_free(&f->text);
}

void story_facts_want(struct query *q)
{
	static const enum field fields[] = {F_FP, F_METHOD, F_TTY, F_TYPE,
	    F_REASON, F_ADDR, F_LPORT, F_VIA, F_CMD, F_ARGV, F_TARGET, F_PID,
	    F_SUCCESS, F_EXIT, F_SETUP, F_EXE, F_OP, F_PATH, F_PPID, F_SERVICE,
	    F_RECORDING};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		query_want(q, fields[i]);
}

static void put(struct story_facts *f, struct map *m, uint64_t k, uint64_t v)
{
	uint64_t *place;

	if (m->n >= STORY_HIDDEN_MAX && !map_get(m, k))
		return;
	place = map_put(m, k);
	if (place)
		*place = v;
	else
		f->no_memory = true;
}

static void hide(struct story_facts *f, uint64_t key)
{
	if (key)
		put(f, &f->hidden, key, 1);
}

static struct str keep(struct story_facts *f, struct str s)
{
	char *p;

	if (!s.n)
		return STR_NONE;
	p = arena_alloc(&f->text, s.n);
	if (!p) {
		f->no_memory = true;
		return STR_NONE;
	}
	memcpy(p, s.p, s.n);
	return str_make(p, s.n);
}

static void add_login(
    struct story_facts *f, const struct event *ev, enum role role, int rank)
{
	struct str id = event_str(ev, role == ROLE_ASKED ? F_FP : F_TTY);

	if (ev->kind == EVENT_AUTH_OK)
		id = event_str(ev, F_FP);
	if (f->n_logins == STORY_LOGINS_MAX)
		return;
	f->logins[f->n_logins++] =
	    (struct story_login){role, rank, ev->time, key_of(ev),
		id.n ? hash_bytes(id) | 1 : 0, ev->kind == EVENT_AUTH_OK};
}

static int login_rank(const struct event *ev)
{
	return (event_has(ev, F_TTY) ? 4 : 0) +
	       (event_has(ev, F_ADDR) ? 2 : 0) + (ev->trust != TRUST_KERNEL);
}

static bool is_changer(struct str program)
{
	static const char *const names[] = {"sudo", "su", "doas", "pkexec"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eqz(program, names[i]))
			return true;
	return false;
}

/* The same tried in vain again, as many programs do. */
static void note_again(struct story_facts *f, const struct event *ev)
{
	enum field of = ev->kind == EVENT_EXEC ? F_PPID : F_PID;
	uint64_t k = hash_bytes(event_str(ev, F_PATH));
	uint64_t *at;

	if (!event_has(ev, F_PATH) || event_int(ev, F_SUCCESS, 1))
		return;
	k = hash_u64(k ^ hash_u64((uint64_t)event_int(ev, of, -1)));
	k = hash_u64(k ^ hash_bytes(event_str(ev, F_OP))) +
	    (uint64_t)event_int(ev, F_EXIT, 0);
	at = map_get(&f->files, k);
	if (at && ev->time - (int64_t)*at <= SAME_FILE)
		hide(f, key_of(ev));
	else
		put(f, &f->files, k, (uint64_t)ev->time);
}

static void note_exec(struct story_facts *f, const struct event *ev)
{
	uint64_t pid = (uint64_t)event_int(ev, F_PID, -1), *at;
	bool success = event_int(ev, F_SUCCESS, 1);
	struct str argv = event_str(ev, F_ARGV), name;

	if (event_int(ev, F_SETUP, 0)) {
		f->n_setup += success;
		hide(f, key_of(ev));
		return;
	}
	at = map_get(&f->tried_at, pid);
	if (at && ev->time - (int64_t)*at <= SAME_TRY)
		hide(f, *map_get(&f->tried, pid));
	map_del(&f->tried_at, pid);
	if (!success && event_int(ev, F_EXIT, 0) == -ENOENT) {
		put(f, &f->tried, pid, key_of(ev));
		if (map_get(&f->tried, pid))
			put(f, &f->tried_at, pid, (uint64_t)ev->time);
		note_again(f, ev);
	}
	if (!success)
		return;
	map_del(&f->pids, pid);
	str_cut(&argv, '\0', &name);
	name =
	    str_base_name(event_has(ev, F_EXE) ? event_str(ev, F_EXE) : name);
	if (!is_changer(name) || f->n_privs == STORY_PRIVS_MAX)
		return;
	f->privs[f->n_privs++] = (struct story_priv){
	    .time = ev->time, .exec = key_of(ev), .via = keep(f, name)};
	put(f, &f->pids, pid, f->n_privs);
}

static void note_log(struct story_facts *f, const struct event *ev)
{
	if (f->n_logs == STORY_PRIVS_MAX || !event_int(ev, F_SUCCESS, 1))
		return;
	f->logs[f->n_logs++] = (struct story_log){key_of(ev), ev->time,
	    keep(f, event_str(ev, F_VIA)), keep(f, event_str(ev, F_TARGET)),
	    keep(f, event_str(ev, F_CMD))};
}

/* sshd becomes the user whom it lets in; sudo goes to and fro. */
static bool changes_by_trade(struct str exe)
{
	struct str name = str_base_name(exe);

	return str_starts(name, STR("sshd")) || is_changer(name);
}

static void note_priv(struct story_facts *f, const struct event *ev)
{
	int64_t pid = event_int(ev, F_PID, -1);
	uint64_t *at = pid > 0 ? map_get(&f->pids, (uint64_t)pid) : NULL;
	bool close = str_eqz(event_str(ev, F_OP), "session_close");
	struct story_priv *p;
	uint64_t *account;

	if (!event_has(ev, F_VIA)) {
		if (changes_by_trade(event_str(ev, F_EXE)))
			hide(f, key_of(ev));
		return;
	}
	if (pid <= 0) {
		note_log(f, ev);
		return;
	}
	if (close && at)
		hide(f, key_of(ev));
	if (close || (!at && f->n_privs == STORY_PRIVS_MAX))
		return;
	if (!at) {
		f->privs[f->n_privs++] = (struct story_priv){
		    .time = ev->time, .via = keep(f, event_str(ev, F_VIA))};
		put(f, &f->pids, (uint64_t)pid, f->n_privs);
	}
	p = &f->privs[at ? *at - 1 : f->n_privs - 1];
	if (!event_int(ev, F_SUCCESS, 1)) {
		p->refused = true;
		return;
	}
	if (!p->target.n)
		p->target = keep(f, event_str(ev, F_TARGET));
	if (!p->cmd.n)
		p->cmd = keep(f, event_str(ev, F_CMD));
	account = event_has(ev, F_CMD) ? &p->command : &p->open;
	/* A further account of the same: the first one stands for it. */
	if (*account)
		hide(f, key_of(ev));
	else
		*account = key_of(ev);
}

static int end_rank(const struct event *ev)
{
	return (event_has(ev, F_REASON) ? 2 : 0) +
	       (ev->kind == EVENT_CONN_CLOSE);
}

/* sshd tells of the subsystem, and the server that it starts of itself. */
static int channel_rank(const struct event *ev)
{
	struct str service = event_str(ev, F_SERVICE);

	if (str_eqz(service, "sftp"))
		return SFTP_SSHD;
	if (str_eqz(service, "internal-sftp") ||
	    str_eqz(service, "sftp-server"))
		return SFTP_OWN;
	return 0;
}

void story_facts_note(struct story_facts *f, const struct event *ev)
{
	struct str type = event_str(ev, F_TYPE);

	if (ev->kind == EVENT_CONN_OPEN)
		add_login(f, ev, ROLE_CONNECT, event_has(ev, F_LPORT));
	else if (ev->kind == EVENT_AUTH_PARTIAL &&
		 (str_eqz(type, "key-asked") || str_eqz(type, "postponed")))
		add_login(f, ev, ROLE_ASKED, 0);
	else if (ev->kind == EVENT_AUTH_OK)
		add_login(f, ev, ROLE_LOGIN, 100);
	else if (ev->kind == EVENT_SESSION_OPEN)
		add_login(f, ev, ROLE_LOGIN, login_rank(ev));
	else if (ev->kind == EVENT_CHANNEL_OPEN)
		add_login(f, ev, ROLE_CHANNEL, channel_rank(ev));
	else if (ev->kind == EVENT_CHANNEL_CLOSE && !event_has(ev, F_REASON) &&
		 !event_has(ev, F_RECORDING))
		add_login(f, ev, ROLE_CHANNEL_END, 0);
	else if (ev->kind == EVENT_CONN_CLOSE ||
		 ev->kind == EVENT_SESSION_CLOSE)
		add_login(f, ev, ROLE_END, end_rank(ev));
	else if (ev->kind == EVENT_EXEC)
		note_exec(f, ev);
	else if (ev->kind == EVENT_PRIV)
		note_priv(f, ev);
	else if (ev->kind == EVENT_FILE || ev->kind == EVENT_NET_CONNECT)
		note_again(f, ev);
}

static const struct story_login *best_of(
    const struct story_facts *f, enum role role)
{
	const struct story_login *best = NULL;

	for (size_t i = 0; i < f->n_logins; i++)
		if (f->logins[i].role == role &&
		    (!best || f->logins[i].rank > best->rank))
			best = &f->logins[i];
	return best;
}

static bool shown_before(const struct story_facts *f, size_t at)
{
	const struct story_login *l = &f->logins[at];

	for (size_t i = 0; i < at; i++)
		if (f->logins[i].role == l->role && f->logins[i].id == l->id &&
		    !map_get(&f->hidden, f->logins[i].key))
			return true;
	return false;
}

/* Whether a shown line tells of the terminal, or that there is none. */
static bool terminal_told(
    const struct story_facts *f, const struct story_login *best, size_t at)
{
	uint64_t id = f->logins[at].id;

	if (!id || best->id == id || shown_before(f, at))
		return true;
	for (size_t i = 0; i < f->n_logins; i++)
		if (f->logins[i].role == ROLE_CHANNEL && f->logins[i].id == id)
			return true;
	return false;
}

static bool asked_told(
    const struct story_facts *f, const struct story_login *login, size_t at)
{
	uint64_t id = f->logins[at].id;

	if (login && login->accepted && (!id || id == login->id))
		return true;
	return id && shown_before(f, at);
}

static bool sftp_told(const struct story_facts *f, size_t at)
{
	const struct story_login *l = &f->logins[at];

	for (size_t i = 0; i < f->n_logins; i++)
		if (f->logins[i].role == ROLE_CHANNEL &&
		    f->logins[i].rank == SFTP_SSHD &&
		    l->time - f->logins[i].time <= SAME_SFTP &&
		    f->logins[i].time - l->time <= SAME_SFTP)
			return true;
	return false;
}

static bool is_told(const struct story_facts *f, size_t at,
    const struct story_login *const best[])
{
	const struct story_login *l = &f->logins[at], *b = best[l->role];
	const struct story_login *end = best[ROLE_END];

	switch (l->role) {
	case ROLE_CONNECT:
		return l != b;
	case ROLE_ASKED:
		return asked_told(f, best[ROLE_LOGIN], at);
	case ROLE_LOGIN:
		return l != b && terminal_told(f, b, at);
	case ROLE_CHANNEL:
		return l->rank == SFTP_OWN && sftp_told(f, at);
	case ROLE_CHANNEL_END:
		return end && l->time - end->time <= SAME_END &&
		       end->time - l->time <= SAME_END;
	case ROLE_END:
		return l != b && l->time - b->time <= SAME_END &&
		       b->time - l->time <= SAME_END;
	}
	return false;
}

/* Arguments are the same; sudo writes the path that it found. */
static bool same_command(struct str a, struct str b)
{
	struct str first, second;

	str_cut(&a, ' ', &first);
	str_cut(&b, ' ', &second);
	/* A login shell has a dash before its name. */
	str_skip(&first, STR("-"));
	return str_eq(a, b) &&
	       str_eq(str_base_name(first), str_base_name(second));
}

static void join_log(struct story_facts *f, const struct story_log *log)
{
	for (size_t i = 0; i < f->n_privs; i++) {
		struct story_priv *p = &f->privs[i];

		if (p->log || p->refused || !str_eq(p->via, log->via) ||
		    p->time - log->time > SAME_SUDO ||
		    log->time - p->time > SAME_SUDO ||
		    (p->cmd.n && !same_command(p->cmd, log->cmd)))
			continue;
		p->log = log->key;
		p->cmd = log->cmd;
		if (log->target.n)
			p->target = log->target;
		return;
	}
}

static void tell_priv(struct story_facts *f, size_t i)
{
	const struct story_priv *p = &f->privs[i];
	const uint64_t accounts[] = {p->exec, p->log, p->command, p->open};
	bool told = false;

	/* What was refused stands as each source tells it. */
	if (p->refused || (!p->cmd.n && !p->target.n))
		return;
	for (size_t k = 0; k < sizeof accounts / sizeof *accounts; k++) {
		if (!accounts[k])
			continue;
		if (told)
			hide(f, accounts[k]);
		else
			put(f, &f->told, accounts[k], i + 1);
		told = true;
	}
}

int story_facts_finish(struct story_facts *f)
{
	const struct story_login *best[ROLE_END + 1];

	for (enum role r = ROLE_CONNECT; r <= ROLE_END; r++)
		best[r] = best_of(f, r);
	for (size_t i = 0; i < f->n_logins; i++)
		if (is_told(f, i, best))
			hide(f, f->logins[i].key);
	for (size_t i = 0; i < f->n_logs; i++)
		join_log(f, &f->logs[i]);
	for (size_t i = 0; i < f->n_privs; i++)
		tell_priv(f, i);
	return f->no_memory ? -ENOMEM : 0;
}

bool story_facts_hide(const struct story_facts *f, const struct event *ev)
{
	return map_get(&f->hidden, key_of(ev)) != NULL;
}

const struct story_priv *story_facts_priv(
    const struct story_facts *f, const struct event *ev)
{
	const uint64_t *at = map_get(&f->told, key_of(ev));

	return at ? &f->privs[*at - 1] : NULL;
}
