/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures the index: bench_store DIR [EVENTS]. Makes EVENTS (10 million
 * unless told) audit events of sessions on 20 hosts through the store's
 * interface, then asks each question in a fresh process.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"
#include "store/store.h"

#define N_HOSTS	 20
#define N_USERS	 300
#define N_ACTIVE 4 /* sessions at a time on each host */
#define DAYS	 30
#define BEGIN	 ((int64_t)1790000000 * USEC_PER_SEC)

struct live {
	uint64_t track;
	int64_t start, ses, auid, pid;
	unsigned left, n_exec;
	char user[16], addr[20];
};

struct maker {
	struct store *store;
	uint64_t random, n_tracks;
	uint64_t seq[N_HOSTS], offset[N_HOSTS];
	struct live live[N_HOSTS][N_ACTIVE];
	char text[8][256];
};

static uint64_t rnd(struct maker *m, uint64_t below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random % below;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void die(const char *what, int r, const struct err *err)
{
	fprintf(stderr, "%s: %s (%s)\n", what, err->text, strerror(-r));
	exit(1);
}

static struct str text(struct maker *m, int slot, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static struct str text(struct maker *m, int slot, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(m->text[slot], sizeof m->text[slot], fmt, ap);
	va_end(ap);
	return str_make(m->text[slot], (size_t)n);
}

static struct str host_name(struct maker *m, unsigned host)
{
	return text(m, 0, "web-%02u.example.net", host);
}

/* Arguments, each followed by a NUL; '~' stands for it. */
static struct str command(struct maker *m, uint64_t i)
{
	static const char *const often[] = {"systemctl~restart~nginx.service~",
	    "tail~-f~/var/log/nginx/access.log~", "git~status~--short~",
	    "kubectl~get~pods~-n~production~", "ls~--color=auto~-la~"};
	uint64_t kind = rnd(m, 100);
	struct str s;

	if (i % 1000003 == 1000)
		s = text(m, 1, "./xmrig~--donate-level~1~-o~pool:3333~");
	else if (kind == 0)
		s = text(m, 1, "%s", often[0]);
	else if (kind < 40)
		s = text(m, 1, "%s", often[1 + rnd(m, 4)]);
	else if (kind < 70)
		s = text(m, 1,
		    "grep~-rn~error_%llu~/srv/app/releases/%llu/log~",
		    (unsigned long long)rnd(m, 500),
		    (unsigned long long)rnd(m, 300));
	else if (kind < 85)
		s = text(m, 1, "vim~/etc/app/conf.d/%llu-site.conf~",
		    (unsigned long long)rnd(m, 100000));
	else
		s = text(m, 1, "cat~/var/lib/app/spool/%08llx.json~",
		    (unsigned long long)rnd(m, UINT32_MAX));
	for (size_t k = 0; k < s.n; k++)
		if (m->text[1][k] == '~')
			m->text[1][k] = 0;
	return s;
}

static void common(struct maker *m, struct event *ev, unsigned host,
    const struct live *s, int64_t time)
{
	ev->trust = TRUST_KERNEL;
	ev->time = time;
	ev->host = host_name(m, host);
	ev->boot = STR("6f2c1f2e-9d1b-4b8e-a5d1-0a6b0b8f3c11");
	ev->source = STR("audit");
	ev->chain = 1000 + host;
	ev->seq = ++m->seq[host];
	ev->track = s->track;
	m->offset[host] += 300 + rnd(m, 200);
	event_set_str(ev, F_USER, str_z(s->user));
	event_set_int(ev, F_AUID, s->auid);
	event_set_int(ev, F_SES, s->ses);
	event_set_int(ev, F_SERIAL, (int64_t)ev->seq + 5000);
	event_set_hex(ev, F_ID, rnd(m, UINT64_MAX));
	event_set_int(ev, F_SRC, 1);
	event_set_int(ev, F_OFFSET, (int64_t)m->offset[host]);
}

static void fill_exec(
    struct maker *m, struct event *ev, struct live *s, uint64_t i)
{
	struct str argv = command(m, i);

	s->n_exec++;
	s->pid += 1 + (int64_t)rnd(m, 20);
	event_set_str(ev, F_ARGV, argv);
	event_set_str(ev, F_COMM, str_upto(argv, strnlen(argv.p, 15)));
	event_set_str(ev, F_EXE, text(m, 2, "/usr/bin/%.40s", argv.p));
	event_set_str(ev, F_CWD, text(m, 3, "/home/%s", s->user));
	event_set_int(ev, F_PID, s->pid);
	event_set_int(ev, F_PPID, s->pid - 30);
	event_set_int(ev, F_UID, s->auid);
	event_set_int(ev, F_EUID, s->auid);
	event_set_int(ev, F_GID, s->auid);
	event_set_str(ev, F_TTY, STR("pts/0"));
	event_set_int(ev, F_EXIT, rnd(m, 20) == 0);
	event_set_int(ev, F_SUCCESS, 1);
	event_set_str(ev, F_SYSCALL, STR("execve"));
	event_set_str(ev, F_ARCH, STR("x86_64"));
	event_set_str(ev, F_KEY, STR("exec"));
	event_set_str(ev, F_TYPE, STR("SYSCALL,EXECVE,CWD,PATH,PROCTITLE"));
}

static void begin_session(struct maker *m, struct live *s)
{
	unsigned user = (unsigned)rnd(m, N_USERS);

	s->track = (++m->n_tracks * 0x9e3779b97f4a7c15u) | 1;
	s->left = 15 + (unsigned)rnd(m, 30);
	s->ses++;
	s->auid = 1000 + user;
	s->pid = 1000 + (int64_t)rnd(m, 30000);
	s->n_exec = 0;
	snprintf(s->user, sizeof s->user, "user%03u", user);
	snprintf(s->addr, sizeof s->addr, "10.%u.%u.7", user % 8,
	    (unsigned)rnd(m, 250));
}

static int put_track(struct maker *m, unsigned host, const struct live *s,
    int64_t end, struct err *err)
{
	struct track t = {.id = s->track,
	    .kind = TRACK_AUDIT,
	    .flags = TRACK_LOGGED_IN | TRACK_CLOSED | TRACK_SSH | TRACK_TTY,
	    .host = host_name(m, host),
	    .boot = STR("6f2c1f2e-9d1b-4b8e-a5d1-0a6b0b8f3c11"),
	    .start = s->start,
	    .end = end,
	    .login = s->start,
	    .ses = s->ses,
	    .auid = s->auid,
	    .pid = s->pid,
	    .child_pid = -1,
	    .port = -1,
	    .n_exec = s->n_exec,
	    .user = str_z(s->user),
	    .addr = str_z(s->addr),
	    .method = STR("publickey"),
	    .tty = STR("pts/0"),
	    .origin = STR("sshd")};

	return m->store->ops->put_track(m->store, &t, err);
}

static int make_event(struct maker *m, uint64_t i, int64_t time,
    struct event *ev, struct err *err)
{
	unsigned host = (unsigned)rnd(m, N_HOSTS);
	struct live *s = &m->live[host][rnd(m, N_ACTIVE)];
	bool first = s->left == 0;
	int r;

	if (first) {
		begin_session(m, s);
		s->start = time;
	}
	s->left--;
	event_init(ev, first		  ? EVENT_SESSION_OPEN
		       : s->left == 0	  ? EVENT_SESSION_CLOSE
		       : s->left % 8 == 5 ? EVENT_FILE
					  : EVENT_EXEC);
	common(m, ev, host, s, time);
	if (ev->kind == EVENT_EXEC)
		fill_exec(m, ev, s, i);
	if (ev->kind == EVENT_FILE)
		event_set_str(ev, F_PATH,
		    text(m, 4, "/srv/data/%llu.txt",
			(unsigned long long)rnd(m, 9999)));
	if (ev->kind == EVENT_SESSION_OPEN)
		event_set_str(ev, F_ADDR, str_z(s->addr));
	r = m->store->ops->add(m->store, ev, err);
	return r < 0 || s->left ? r : put_track(m, host, s, time, err);
}

static void make(const char *dir, uint64_t n)
{
	struct maker *m = calloc(1, sizeof *m);
	struct event *ev = malloc(sizeof *ev);
	struct store_stats st;
	struct rusage ru;
	struct err err = {""};
	double t0 = now(), t1;
	int r;

	if (!m || !ev)
		exit(1);
	m->random = 88172645463325252u;
	r = store_embedded.open(&m->store, dir, STORE_WRITE, &err);
	if (r < 0)
		die("open", r, &err);
	for (uint64_t i = 0; i < n; i++) {
		int64_t time =
		    BEGIN + (int64_t)(i * (DAYS * (uint64_t)USEC_PER_DAY / n));

		r = make_event(m, i, time, ev, &err);
		if (r < 0)
			die("add", r, &err);
	}
	t1 = now();
	r = m->store->ops->commit(m->store, &err);
	if (r < 0)
		die("commit", r, &err);
	getrusage(RUSAGE_SELF, &ru);
	printf("made %llu events: %.0f/s (commit %.1f s), cpu %.2f us an "
	       "event, peak memory %ld MiB\n",
	    (unsigned long long)n, (double)n / (now() - t0), now() - t1,
	    (seconds(&ru.ru_utime) + seconds(&ru.ru_stime)) * 1e6 / (double)n,
	    ru.ru_maxrss / 1024);
	m->store->ops->close(m->store);
	r = store_embedded.open(&m->store, dir, STORE_READ, &err);
	if (r < 0 || m->store->ops->stats(m->store, &st, &err) < 0)
		die("stats", r, &err);
	printf("%llu blocks, %llu sessions, %.1f bytes an event\n",
	    (unsigned long long)st.blocks, (unsigned long long)st.sessions,
	    (double)st.bytes / (double)st.events);
	m->store->ops->close(m->store);
	free(m);
	free(ev);
}

static void want_command(struct query *q)
{
	query_want(q, F_ARGV);
	query_want(q, F_CMD);
	query_want(q, F_LOGIN_USER);
}

static void ask_show(struct store *s, struct query *q, struct err *err)
{
	s->ops->find_session(s, STR("last"), &q->session, err);
}

static void ask_rare(struct store *s, struct query *q, struct err *err)
{
	q->cmd = STR("XMRig --donate");
	want_command(q);
}

static void ask_page(struct store *s, struct query *q, struct err *err)
{
	q->cmd = STR("systemctl restart");
	q->limit = 50;
	want_command(q);
}

static void ask_often(struct store *s, struct query *q, struct err *err)
{
	q->cmd = STR("systemctl restart");
	want_command(q);
}

static void ask_user(struct store *s, struct query *q, struct err *err)
{
	q->user[0] = STR("user042");
	q->n_user = 1;
	q->since = BEGIN + 3 * USEC_PER_DAY;
	q->until = BEGIN + 4 * USEC_PER_DAY;
}

static void ask_failed(struct store *s, struct query *q, struct err *err)
{
	q->exit_nonzero = true;
	q->limit = 50;
}

static void ask_ls(struct store *s, struct query *q, struct err *err)
{
	q->limit = 50;
	q->ssh_only = true;
}

static void ask_day(struct store *s, struct query *q, struct err *err)
{
	q->since = BEGIN + 3 * USEC_PER_DAY;
	q->until = BEGIN + 4 * USEC_PER_DAY;
	q->ssh_only = true;
}

static void ask_all(struct store *s, struct query *q, struct err *err)
{
}

static void ask_recent(struct store *s, struct query *q, struct err *err)
{
	q->limit = 50;
}

enum answer { EVENTS, SESSIONS, COUNT };

static const struct question {
	const char *name;
	enum answer answer;
	unsigned groups;
	void (*fill)(struct store *s, struct query *q, struct err *err);
} questions[] = {
    {"ls: newest 50 sessions", SESSIONS, 0, ask_ls},
    {"ls: sessions of a day", SESSIONS, 0, ask_day},
    {"show: events of a session", EVENTS, 0, ask_show},
    {"search: rare command", EVENTS, 0, ask_rare},
    {"search: frequent, 50 rows", EVENTS, 0, ask_page},
    {"search: frequent, all", EVENTS, 0, ask_often},
    {"search: failed, 50 rows", EVENTS, 0, ask_failed},
    {"search: user and day, all", EVENTS, 0, ask_user},
    {"search: newest 50 events", EVENTS, 0, ask_recent},
    {"count: user and day", COUNT, GROUP_USER | GROUP_DAY, ask_all},
    {"count: user's events by kind", COUNT, GROUP_KIND, ask_user},
    {"count: kinds of rare command", COUNT, GROUP_KIND, ask_rare},
};

static int count_row(void *ctx, const struct group_row *r)
{
	++*(uint64_t *)ctx;
	return 0;
}

static uint64_t walk(struct store *s, const struct question *what,
    struct query *q, struct err *err)
{
	struct event *ev = malloc(sizeof *ev);
	struct store_cursor *c = NULL;
	struct session session;
	uint64_t n = 0;
	int r;

	if (what->answer == COUNT) {
		r = s->ops->count(s, q, what->groups, count_row, &n, err);
	} else if (what->answer == SESSIONS) {
		r = s->ops->sessions(s, q, &c, err);
		while (
		    r >= 0 && (r = s->ops->next_session(c, &session, err)) > 0)
			n++;
	} else {
		r = s->ops->events(s, q, &c, err);
		while (r >= 0 && (r = s->ops->next_event(c, ev, err)) > 0)
			n++;
	}
	if (r < 0)
		die(what->name, r, err);
	s->ops->cursor_close(c);
	free(ev);
	return n;
}

static void ask(const char *dir, size_t i)
{
	struct query q = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .order = ORDER_NEWEST_FIRST};
	struct err err = {""};
	struct store *s;
	struct rusage ru;
	double t0 = now();
	uint64_t n;
	int r = store_embedded.open(&s, dir, STORE_READ, &err);

	if (r < 0)
		die("open", r, &err);
	questions[i].fill(s, &q, &err);
	n = walk(s, &questions[i], &q, &err);
	s->ops->close(s);
	getrusage(RUSAGE_SELF, &ru);
	printf("%-32s %8.1f ms  cpu %8.1f ms  %8llu rows  %4ld MiB\n",
	    questions[i].name, (now() - t0) * 1e3,
	    (seconds(&ru.ru_utime) + seconds(&ru.ru_stime)) * 1e3,
	    (unsigned long long)n, ru.ru_maxrss / 1024);
}

int main(int argc, char **argv)
{
	uint64_t n = 10000000;

	if (argc < 2 || (argc > 2 && !str_u64(str_z(argv[2]), &n)))
		return 2;
	if (argc == 4) {
		ask(argv[1], (size_t)n);
		return 0;
	}
	if (n)
		make(argv[1], n);
	fflush(stdout);
	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
		char number[8];
		pid_t pid;

		snprintf(number, sizeof number, "%zu", i);
		pid = fork();
		if (pid == 0) {
			execl("/proc/self/exe", argv[0], argv[1], number, "ask",
			    (char *)NULL);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}
