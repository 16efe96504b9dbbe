/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fake_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/fd.h"

#define SEC	 USEC_PER_SEC
#define AT(s)	 ((FAKE_START + (s)) * SEC)
#define AMELIA	 0x7f3a000000000001
#define LOST_END 0xa0c4000000000004
#define MALLORY	 0x82bc000000000002
#define CONSOLE	 0x91d0000000000003
#define N(a)	 (sizeof(a) / sizeof *(a))
#define HOST	 "bastion01"

static const struct session fake_sessions[] = {
    {.sum = {.id = CONSOLE,
	 .flags = TRACK_LOGGED_IN | TRACK_CLOSED | TRACK_TTY,
	 .host = STR_INIT("db02"),
	 .start = AT(-864000),
	 .end = AT(-860400),
	 .login = AT(-864000),
	 .ses = -1,
	 .auid = -1,
	 .pid = 77,
	 .port = -1,
	 .user = STR_INIT("carol"),
	 .tty = STR_INIT("tty1"),
	 .origin = STR_INIT("login")},
	.n_tracks = 1},
    {.sum = {.id = LOST_END,
	 .flags = TRACK_LOGGED_IN | TRACK_SSH,
	 .host = STR_INIT(HOST),
	 .start = AT(-5000),
	 .end = AT(-5000),
	 .login = AT(-5000),
	 .ses = -1,
	 .auid = -1,
	 .pid = 66,
	 .port = 4000,
	 .user = STR_INIT("dave"),
	 .addr = STR_INIT("203.0.113.44"),
	 .method = STR_INIT("password"),
	 .origin = STR_INIT("sshd")},
	.n_tracks = 1},
    {.sum = {.id = AMELIA,
	 .flags = TRACK_LOGGED_IN | TRACK_CLOSED | TRACK_SUDO | TRACK_TRANSFER |
		  TRACK_SSH | TRACK_TTY,
	 .host = STR_INIT(HOST),
	 .boot = STR_INIT("b00t"),
	 .start = AT(0),
	 .end = AT(723),
	 .login = AT(0),
	 .ses = 12,
	 .auid = 1000,
	 .pid = 90,
	 .port = 51234,
	 .n_exec = 3,
	 .n_file = 1,
	 .n_priv = 1,
	 .bytes_in = 1258291,
	 .user = STR_INIT("amelia"),
	 .addr = STR_INIT("203.0.113.10"),
	 .method = STR_INIT("publickey"),
	 .key_type = STR_INIT("ED25519"),
	 .fp = STR_INIT("SHA256:abc"),
	 .tty = STR_INIT("pts/0"),
	 .origin = STR_INIT("sshd"),
	 .reason = STR_INIT("disconnected by user")},
	.person = STR_INIT("Amelia"),
	.n_tracks = 2},
    {.sum = {.id = MALLORY,
	 .flags = TRACK_LOGGED_IN | TRACK_ROOT | TRACK_FAILURE | TRACK_GAP |
		  TRACK_SSH | TRACK_INFERRED | TRACK_CONFLICT,
	 .host = STR_INIT(HOST),
	 .start = AT(1230),
	 .end = AT(1300),
	 .login = -1,
	 .ses = -1,
	 .auid = -1,
	 .pid = -1,
	 .port = -1,
	 .n_exec = 0,
	 .n_auth_fail = 2,
	 .user = STR_INIT("mal\033[2J\nroot"),
	 .addr = STR_INIT("198.51.100.7"),
	 .method = STR_INIT("password"),
	 .notes = STR_INIT("user is inferred\xe2\x80\xae from text")},
	.n_tracks = 1},
};

struct fake_field {
	enum field field;
	const char *text; /* or NULL: */
	int64_t number;
};

struct fake_event {
	int64_t at;
	enum event_kind kind;
	uint64_t session;
	const char *source;
	struct fake_field fields[7];
};

#define TEXT(f, s)                                                             \
	{                                                                      \
		F_##f, s, 0                                                    \
	}
#define INT(f, n)                                                              \
	{                                                                      \
		F_##f, NULL, n                                                 \
	}
#define END                                                                    \
	{                                                                      \
		EVENT_N_FIELDS, NULL, 0                                        \
	}

static const struct fake_event fake_events[] = {
    {-864100, EVENT_HOST_BOOT, 0, "wtmp",
	{TEXT(OP, "boot"), TEXT(TEXT, "6.1.0-32"), END}},
    {-864095, EVENT_HOST_BOOT, 0, "audit", {TEXT(OP, "boot"), END}},
    {-100, EVENT_HOST_BOOT, 0, "audit", {TEXT(OP, "shutdown"), END}},
    {-2, EVENT_CONN_OPEN, AMELIA, "auth-log",
	{TEXT(ADDR, "203.0.113.10"), INT(PORT, 51234), END}},
    {0, EVENT_AUTH_OK, AMELIA, "auth-log",
	{TEXT(METHOD, "publickey"), TEXT(USER, "amelia"),
	    TEXT(ADDR, "203.0.113.10"), INT(PORT, 51234),
	    TEXT(KEY_TYPE, "ED25519"), TEXT(FP, "SHA256:abc"), END}},
    {1, EVENT_EXEC, AMELIA, "audit",
	{INT(PID, 100), INT(PPID, 90), TEXT(CMD, "-bash"), END}},
    {5, EVENT_EXEC, AMELIA, "audit",
	{INT(PID, 101), INT(PPID, 100), TEXT(CMD, "grep x\033]0;pwned\007 y"),
	    TEXT(LOGIN_USER, "amelia"), INT(INTERACTIVE, 1), END}},
    {6, EVENT_EXIT, AMELIA, "audit", {INT(PID, 101), INT(EXIT, 2), END}},
    {7, EVENT_PRIV, AMELIA, "auth-log",
	{TEXT(VIA, "sudo"), TEXT(USER, "amelia"), TEXT(TARGET, "root"),
	    TEXT(CMD, "/usr/bin/id"), END}},
    {8, EVENT_EXEC, AMELIA, "audit",
	{INT(PID, 102), INT(PPID, 100), TEXT(CMD, "sudo id"), END}},
    {9, EVENT_FILE, AMELIA, "auth-log",
	{TEXT(DIRECTION, "upload"), TEXT(PATH, "/tmp/a\xff"),
	    INT(BYTES_WRITTEN, 1258291), END}},
    {12, EVENT_EXIT, AMELIA, "audit", {INT(PID, 102), INT(EXIT, 0), END}},
    {13, EVENT_OTHER, AMELIA, "audit", {TEXT(TEXT, "BPF prog-id=1"), END}},
    {722, EVENT_CONN_CLOSE, AMELIA, "auth-log",
	{TEXT(ADDR, "203.0.113.10"), INT(PORT, 51234), END}},
    {723, EVENT_SESSION_CLOSE, AMELIA, "auth-log",
	{TEXT(USER, "amelia"), TEXT(REASON, "disconnected by user"),
	    INT(RECORDINGS, 1), INT(RECORDED, 4400),
	    TEXT(RECORDINGS_SHA256, "5f70bf18"), END}},
    {1200, EVENT_AUTH_FAIL, 0, "auth-log",
	{TEXT(METHOD, "password"), TEXT(USER, "oracle\nfrom 8.8.8.8"),
	    INT(VALID, 0), TEXT(ADDR, "198.51.100.7"), INT(PORT, 4242), END}},
    {1210, EVENT_AUTH_FAIL, 0, "auth-log",
	{TEXT(USER, "root"), INT(VALID, 1), INT(WEAK, 1), INT(REPEAT, 4),
	    TEXT(ADDR, "198.51.100.7"), INT(PORT, 4243), END}},
    {1250, EVENT_GAP, MALLORY, "audit",
	{INT(LOST, 12), TEXT(REASON, "backlog limit"), END}},
    {1300, EVENT_TTY_INPUT, MALLORY, "audit", {TEXT(TEXT, "ls\r"), END}},
    {9000000, EVENT_IMPORT_END, 0, "import",
	{TEXT(FILE_NAME, "auth.log"), INT(LINES, 12), END}},
};

struct store_cursor {
	struct query q;
	size_t at, n;
	struct event ev;
};

static struct query last_query;
static char last_addr[64];

const char *fake_last_addr(void)
{
	return last_addr;
}

const struct query *fake_last_query(void)
{
	return &last_query;
}

static bool in_range(const struct query *q, int64_t time)
{
	return time >= q->since && time < q->until;
}

static bool is_one_of(const struct str *values, size_t n, struct str s)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(values[i], s))
			return true;
	return n == 0;
}

static void fill(struct event *ev, const struct fake_event *from)
{
	event_init(ev, from->kind);
	ev->time = AT(from->at);
	ev->host = STR(HOST);
	ev->source = str_z(from->source);
	ev->seq = (uint64_t)(from - fake_events) + 1;
	ev->track = from->session;
	ev->trust = TRUST_DAEMON;
	for (const struct fake_field *f = from->fields;
	     f->field != EVENT_N_FIELDS; f++) {
		if (f->text)
			event_set_str(ev, f->field, str_z(f->text));
		else
			event_set_int(ev, f->field, f->number);
	}
}

static bool has_text(const struct query *q, const struct event *ev)
{
	return str_find(event_str(ev, F_CMD), q->text) != STR_NPOS ||
	       str_find(event_str(ev, F_TEXT), q->text) != STR_NPOS;
}

static bool event_fits(const struct query *q, const struct fake_event *from,
    const struct event *ev)
{
	struct buf command = BUF_INIT;
	bool fits = in_range(q, ev->time);

	if (q->kinds && !(q->kinds >> ev->kind & 1))
		fits = false;
	if (q->session && q->session != from->session)
		fits = false;
	if (!is_one_of(q->user, q->n_user, event_str(ev, F_USER)) ||
	    !is_one_of(q->host, q->n_host, ev->host))
		fits = false;
	if (q->text.n && !has_text(q, ev))
		fits = false;
	event_command(ev, &command);
	if (q->cmd.n && str_find(buf_str(&command), q->cmd) == STR_NPOS)
		fits = false;
	buf_free(&command);
	return fits;
}

static bool has_event(const struct query *q, uint64_t session)
{
	struct query one = *q;

	one.session = session;
	one.n_user = one.n_host = 0;
	for (size_t i = 0; i < N(fake_events); i++) {
		struct event ev;

		fill(&ev, &fake_events[i]);
		if (event_fits(&one, &fake_events[i], &ev))
			return true;
	}
	return false;
}

/* All of them are of one host. */
static bool is_open(const struct session *s)
{
	bool open = !(s->sum.flags & TRACK_CLOSED);

	for (size_t i = 0; i < N(fake_events); i++)
		open = open && (fake_events[i].kind != EVENT_HOST_BOOT ||
				   AT(fake_events[i].at) <= s->sum.start);
	return open;
}

static bool session_fits(const struct query *q, const struct session *s)
{
	return s->sum.start < q->until && s->sum.end >= q->since &&
	       (!q->session || q->session == s->sum.id) &&
	       (!q->ssh_only || s->sum.flags & TRACK_SSH) &&
	       (!q->open_only || is_open(s)) &&
	       (s->sum.flags & q->session_flags) == q->session_flags &&
	       is_one_of(q->user, q->n_user, s->sum.user) &&
	       (!q->cmd.n || has_event(q, s->sum.id)) &&
	       is_one_of(q->host, q->n_host, s->sum.host);
}

static int fake_open(
    struct store **ret, const char *path, enum store_mode mode, struct err *err)
{
	return -ENOSYS;
}

static void fake_close(struct store *s)
{
}

static int fake_query(struct store *s, const struct query *q,
    struct store_cursor **ret, struct err *err)
{
	*ret = calloc(1, sizeof **ret);
	if (!*ret)
		return -ENOMEM;
	(*ret)->q = last_query = *q;
	if (q->n_addr)
		snprintf(
		    last_addr, sizeof last_addr, "%.*s", STR_ARG(q->addr[0]));
	return 0;
}

/* The next index in the order asked for; N_ at the end. */
static size_t step(struct store_cursor *c, size_t total)
{
	size_t i = c->at++;

	if (i >= total || (c->q.limit && c->n >= c->q.limit))
		return total;
	return c->q.order == ORDER_OLDEST_FIRST ? i : total - 1 - i;
}

static int fake_next_event(
    struct store_cursor *c, struct event *ret, struct err *err)
{
	size_t i;

	while ((i = step(c, N(fake_events))) < N(fake_events)) {
		fill(ret, &fake_events[i]);
		if (!event_fits(&c->q, &fake_events[i], ret))
			continue;
		c->n++;
		return 1;
	}
	return 0;
}

static int fake_next_session(
    struct store_cursor *c, struct session *ret, struct err *err)
{
	size_t i;

	while ((i = step(c, N(fake_sessions))) < N(fake_sessions)) {
		*ret = fake_sessions[i];
		if (!session_fits(&c->q, ret))
			continue;
		c->n++;
		return 1;
	}
	return 0;
}

static int fake_cursor_mark(const struct store_cursor *c, struct buf *ret)
{
	buf_printf(ret, "c%zu", c->at);
	return 0;
}

static void fake_cursor_close(struct store_cursor *c)
{
	free(c);
}

static int fake_count(struct store *s, const struct query *q, unsigned groups,
    int (*row)(void *ctx, const struct group_row *r), void *ctx,
    struct err *err)
{
	const struct group_row rows[] = {
	    {.user = STR("root\033"),
		.addr = STR("198.51.100.7"),
		.host = STR(HOST),
		.day = AT(-42570),
		.kind = EVENT_AUTH_FAIL,
		.n = 12},
	    {.user = STR("oracle"),
		.addr = STR("203.0.113.9"),
		.host = STR(HOST),
		.day = AT(-42570),
		.kind = EVENT_AUTH_FAIL,
		.n = 3},
	};

	last_query = *q;
	for (size_t i = 0; i < N(rows); i++)
		if (row(ctx, &rows[i]))
			break;
	return 0;
}

static int fake_find_session(
    struct store *s, struct str prefix, uint64_t *ret, struct err *err)
{
	if (str_eqz(prefix, "last") || str_eqz(prefix, "82bc000000000002"))
		*ret = MALLORY;
	else if (str_starts(STR("7f3a000000000001"), prefix) && prefix.n > 1)
		*ret = AMELIA;
	else if (str_eqz(prefix, "91d0"))
		*ret = CONSOLE;
	else if (prefix.n < 2)
		return -ENOTUNIQ;
	else
		return -ENOENT;
	return 0;
}

static int fake_id_width(struct store *s, unsigned *ret, struct err *err)
{
	*ret = 4;
	return 0;
}

static int fake_stats(struct store *s, struct store_stats *ret, struct err *err)
{
	*ret = (struct store_stats){.events = N(fake_events),
	    .sessions = N(fake_sessions),
	    .hosts = 2,
	    .oldest = AT(-864100),
	    .newest = AT(1300)};
	return 0;
}

static int fake_recordings(struct store *s, const struct recording_query *q,
    int (*row)(void *ctx, const struct recording *r), void *ctx,
    struct err *err)
{
	const struct recording terminal = {.host = STR(HOST),
	    .chain = STR(HOST),
	    .number = 41,
	    .last = 44,
	    .track = AMELIA,
	    .session = AMELIA,
	    .tty = STR("pts/0"),
	    .size = STR("80x24"),
	    .start = AT(1),
	    .end = AT(723),
	    .bytes = 4321,
	    .lost = 12,
	    .masked = 3};
	const struct recording command = {.host = STR(HOST),
	    .chain = STR(HOST),
	    .number = 45,
	    .last = 45,
	    .track = CONSOLE,
	    .session = CONSOLE,
	    .command = STR("sh -c 'printf \"\033[2J\"; ls'"),
	    .start = AT(1),
	    .end = AT(2),
	    .bytes = 20,
	    .left_out = 5000};

	int r = 0;

	if (!q->session || q->session == AMELIA)
		r = row(ctx, &terminal);
	if (r == 0 && (!q->session || q->session == CONSOLE))
		r = row(ctx, &command);
	return r;
}

const struct store_ops fake_store_ops = {
    .name = "fake",
    .open = fake_open,
    .close = fake_close,
    .events = fake_query,
    .next_event = fake_next_event,
    .sessions = fake_query,
    .next_session = fake_next_session,
    .cursor_mark = fake_cursor_mark,
    .cursor_close = fake_cursor_close,
    .count = fake_count,
    .find_session = fake_find_session,
    .id_width = fake_id_width,
    .stats = fake_stats,
    .recordings = fake_recordings,
};

static int open_fake(struct cli *c, struct err *err)
{
	int r = archive_open(&c->archive, c->dir.p, ARCHIVE_READ, err);

	if (r < 0)
		return r;
	c->store = archive_store(c->archive);
	return 0;
}

static void read_back(int fd, struct buf *ret)
{
	off_t n = lseek(fd, 0, SEEK_CUR);
	char *at = buf_reserve(ret, (size_t)n + 1);

	if (at && fd_pread_full(fd, at, (size_t)n, 0) == n)
		ret->n = (size_t)n;
	buf_z(ret);
	close(fd);
}

#define ARGS_MAX 64

void fake_run(struct fake_run *r, const char *const *args)
{
	int out = memfd_create("out", 0), err = memfd_create("err", 0);
	struct cli c = {.out = OUT_INIT(out),
	    .err_fd = err,
	    .now = AT(3600),
	    .open = open_fake};
	struct common_options common = {.store = "fake"};
	char *argv[ARGS_MAX], *copies[ARGS_MAX];
	size_t n = 0;
	struct opt_args parsed = {argv, 0, c.now, false};

	memset(r, 0, sizeof *r);
	for (; args[n + 1] && n < ARGS_MAX; n++)
		argv[n] = copies[n] = strdup(args[n + 1]);
	parsed.n = n;
	r->code =
	    command_run(command_find(str_z(args[0])), &c, &common, &parsed);
	for (size_t i = 0; i < n; i++)
		free(copies[i]);
	read_back(out, &r->out);
	read_back(err, &r->err);
	buf_free(&c.out.b);
	buf_free(&c.dir);
}

void fake_run_free(struct fake_run *r)
{
	buf_free(&r->out);
	buf_free(&r->err);
}
