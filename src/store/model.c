/* SPDX-License-Identifier: Apache-2.0 */
#include "store/model.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "store/fold.h"
#include "store/plan.h"

static const char *const words[] = {"ls", "-la", "Systemctl", "restart",
    "nginx", "it's", "two words", "", "/etc/passwd", "\xff\xfe", "XMRIG",
    "rm -rf /", "a", "sshd_config", "\x1b[31m", "--donate", "user1", "b\\c"};
#define N_WORDS (sizeof words / sizeof words[0])

uint64_t model_random(struct model *m, uint64_t below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random % below;
}

static struct str word(struct model *m)
{
	return str_z(words[model_random(m, N_WORDS)]);
}

static struct str text(struct model *m)
{
	if (model_random(m, 3))
		return word(m);
	return arena_printf(&m->mem, "%s/%u%s", words[model_random(m, N_WORDS)],
	    (unsigned)model_random(m, 500), words[model_random(m, N_WORDS)]);
}

static struct str list(struct model *m)
{
	struct buf b = BUF_INIT;
	struct str s;

	for (uint64_t n = model_random(m, 5); n; n--) {
		buf_add_str(&b, text(m));
		buf_add_char(&b, 0);
	}
	s = b.n ? arena_dup(&m->mem, buf_str(&b)) : STR("");
	buf_free(&b);
	return s;
}

static struct str host(unsigned i)
{
	static const char *const names[MODEL_HOSTS] = {"web-01", "db", "", "x"};

	return str_z(names[i]);
}

static struct str user(struct model *m)
{
	return arena_printf(&m->mem, "user%u", (unsigned)model_random(m, 9));
}

void model_init(struct model *m, uint64_t seed, size_t cap)
{
	*m = (struct model){.random = seed * 2654435761u + 1, .cap = cap};
	m->v = malloc(cap * sizeof *m->v);
	if (!m->v)
		abort();
	for (unsigned i = 0; i < MODEL_TRACKS; i++) {
		struct track *t = &m->tracks[i];
		bool in = i % 3 != 0;

		*t = (struct track){.id = (i + 1) * 0x9e3779b97f4a7c15u,
		    .kind = TRACK_CONN,
		    .boot = STR("b"),
		    .host = host(i % MODEL_HOSTS),
		    .login = -1,
		    .start = MODEL_BEGIN + i * 40000000000,
		    .end = MODEL_BEGIN + i * 40000000000 + 30000000000,
		    .ses = -1,
		    .auid = -1,
		    .pid = 1000 + i,
		    .child_pid = -1,
		    .port = 2000 + i,
		    .origin = STR("sshd"),
		    .method = STR("publickey"),
		    .key_type = STR(""),
		    .fp = STR(""),
		    .cert_id = STR(""),
		    .tty = STR(""),
		    .reason = STR(""),
		    .notes = STR(""),
		    .user = STR("")};
		t->flags =
		    TRACK_CLOSED | TRACK_SSH | (in ? TRACK_LOGGED_IN : 0u);
		if (in) {
			t->login = t->start;
			t->user = user(m);
		}
		t->addr = arena_printf(&m->mem, "10.%u.0.%u", i % 3, i);
	}
}

void model_free(struct model *m)
{
	free(m->v);
	arena_free(&m->mem);
}

static void set_field(struct model *m, struct event *ev, enum field f)
{
	switch (event_fields[f].type) {
	case FIELD_INT:
	case FIELD_TIME:
		event_set_int(ev, f,
		    model_random(m, 4) ? (int64_t)model_random(m, 3)
				       : (int64_t)model_random(m, UINT64_MAX));
		break;
	case FIELD_BOOL:
		event_set_int(ev, f, (int64_t)model_random(m, 2));
		break;
	case FIELD_HEX:
		event_set_hex(ev, f, model_random(m, UINT64_MAX));
		break;
	case FIELD_STR:
		event_set_str(ev, f, text(m));
		break;
	case FIELD_LIST:
		event_set_str(ev, f, list(m));
		break;
	}
}

static void amend(struct model *m, struct event *ev)
{
	struct event *before = &m->v[m->n - 1];

	event_set_hex(before, F_ID, model_random(m, UINT64_MAX));
	event_unset(before, F_AMENDS);
	ev->time = before->time;
	ev->host = before->host;
	event_set_hex(ev, F_ID, before->v[F_ID].u);
	event_set_int(ev, F_AMENDS, 1);
}

struct event *model_make(struct model *m)
{
	struct event *ev = &m->v[m->n];
	const struct track *t = model_random(m, 5)
				    ? &m->tracks[model_random(m, MODEL_TRACKS)]
				    : NULL;
	unsigned at = t ? (unsigned)(t - m->tracks) % MODEL_HOSTS
			: (unsigned)model_random(m, MODEL_HOSTS);

	event_init(ev, (enum event_kind)model_random(m, EVENT_N_KINDS));
	/* What accounts teach would change logins; that has its own test. */
	if (ev->kind == EVENT_ACCOUNT || ev->kind == EVENT_SESSION_OPEN)
		ev->kind = EVENT_EXEC;
	ev->trust = (enum trust)model_random(m, TRUST_N);
	ev->host = host(at);
	ev->chain = at * 0x9e3779b97f4a7c15u;
	ev->seq = ++m->seq[at];
	ev->track = t ? t->id : 0;
	ev->time = (t ? t->start : MODEL_BEGIN) +
		   (int64_t)model_random(m, 2000) * 10000000;
	ev->boot = model_random(m, 2) ? STR("b") : STR("");
	ev->source = model_random(m, 2) ? STR("audit") : STR("auth-log");
	for (int f = 0; f < EVENT_N_FIELDS; f++)
		if (f != F_LOGIN_USER && f != F_AMENDS &&
		    model_random(m, 6) == 0)
			set_field(m, ev, (enum field)f);
	if (event_has(ev, F_USER))
		event_set_str(ev, F_USER, user(m));
	if (m->n % 1000 == 999)
		amend(m, ev);
	m->n++;
	return ev;
}

static void check(int r, const struct err *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "store: %d %s\n", r, err->text);
	abort();
}

void model_store(const struct model *m, struct store *s, size_t from, size_t to)
{
	struct err err = {""};

	for (size_t i = from; i < to; i++)
		check(s->ops->add(s, &m->v[i], &err), &err);
	for (size_t i = 0; i < MODEL_TRACKS; i++)
		check(s->ops->put_track(s, &m->tracks[i], &err), &err);
	check(s->ops->commit(s, &err), &err);
}

static int64_t some_time(struct model *m)
{
	return MODEL_BEGIN + (int64_t)model_random(m, 2500) * 1000000000;
}

static void some_windows(struct model *m, struct query *q)
{
	for (unsigned at = 0; at < MODEL_HOSTS; at++)
		if (model_random(m, 3))
			m->windows[q->n_windows++] =
			    (struct query_window){at * 0x9e3779b97f4a7c15u,
				model_random(m, m->seq[at] + 2),
				model_random(m, m->seq[at] + 2)};
	qsort(m->windows, q->n_windows, sizeof *m->windows, window_cmp);
	q->windows = m->windows;
}

static bool match_window(const struct query *q, const struct event *ev)
{
	const struct query_window *w = window_of(q, ev->chain);

	return q->n_windows == 0 ||
	       (w && ev->seq > w->after && ev->seq <= w->upto);
}

void model_query(struct model *m, struct query *q)
{
	*q = (struct query){.since = INT64_MIN, .until = INT64_MAX};
	q->order = (enum query_order)model_random(m, 2);
	if (model_random(m, 2))
		q->since = some_time(m);
	if (model_random(m, 2))
		q->until = some_time(m);
	if (model_random(m, 6) == 0) {
		q->since = MODEL_BEGIN / 86400000000 * 86400000000;
		q->until = q->since + 86400000000 * 9;
	}
	if (model_random(m, 4) == 0)
		q->host[q->n_host++] = host((unsigned)model_random(m, 4));
	if (model_random(m, 4) == 0)
		q->user[q->n_user++] = user(m);
	q->login_only = model_random(m, 3) == 0;
	if (model_random(m, 4) == 0)
		q->addr[q->n_addr++] =
		    model_random(m, 2) ? STR("10.1.") : STR("10.0.0.15");
	if (model_random(m, 5) == 0)
		q->kinds = model_random(m, 1u << EVENT_N_KINDS);
	if (model_random(m, 6) == 0)
		q->session = m->tracks[model_random(m, MODEL_TRACKS)].id;
	if (model_random(m, 6) == 0)
		q->exit_nonzero = true;
	if (model_random(m, 6) == 0) {
		q->has_exit = true;
		q->exit = (int64_t)model_random(m, 3);
	}
	if (model_random(m, 4) == 0)
		q->cmd = model_random(m, 2) ? word(m) : STR("TL RESTART");
	if (model_random(m, 6) == 0)
		q->path = word(m);
	if (model_random(m, 5) == 0)
		q->text = model_random(m, 3) ? word(m) : STR("'s");
	if (model_random(m, 8) == 0)
		q->key = word(m);
	if (model_random(m, 4) == 0)
		some_windows(m, q);
}

static bool holds(struct str s, struct str needle)
{
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (str_eq_fold(str_make(s.p + i, needle.n), needle))
			return true;
	return needle.n == 0;
}

static const struct track *track_of(const struct model *m, uint64_t id)
{
	for (size_t i = 0; i < MODEL_TRACKS; i++)
		if (m->tracks[i].id == id)
			return &m->tracks[i];
	return NULL;
}

struct str model_login(const struct model *m, const struct event *ev)
{
	const struct track *t = track_of(m, ev->track);

	return t && t->flags & TRACK_LOGGED_IN ? t->user : STR_NONE;
}

struct str model_addr(const struct model *m, const struct event *ev)
{
	const struct track *t = track_of(m, ev->track);

	if (event_has(ev, F_ADDR))
		return event_str(ev, F_ADDR);
	return t && t->flags & TRACK_LOGGED_IN ? t->addr : STR_NONE;
}

static bool match_text(
    const struct event *ev, struct str needle, struct str command)
{
	if (holds(command, needle))
		return true;
	for (int f = 0; f < EVENT_N_FIELDS; f++)
		if (f != F_ARGV && (event_fields[f].type == FIELD_STR) &&
		    event_has(ev, (enum field)f) && holds(ev->v[f].s, needle))
			return true;
	return false;
}

static bool match_words(const struct query *q, const struct event *ev)
{
	struct buf b = BUF_INIT;
	bool ok = true;

	event_command(ev, &b);
	if (q->cmd.n)
		ok = holds(buf_str(&b), q->cmd);
	if (q->text.n)
		ok = ok && match_text(ev, q->text, buf_str(&b));
	buf_free(&b);
	if (q->path.n)
		ok = ok && (holds(event_str(ev, F_PATH), q->path) ||
			       holds(event_str(ev, F_PATH2), q->path));
	if (q->key.n)
		ok = ok && str_eq(event_str(ev, F_KEY), q->key);
	return ok;
}

static bool match_who(
    const struct model *m, const struct query *q, const struct event *ev)
{
	const struct track *t = track_of(m, ev->track);
	struct str login = model_login(m, ev);

	if (q->n_host && !str_eq(ev->host, q->host[0]))
		return false;
	if (q->session && ev->track != q->session)
		return false;
	if (q->n_user && !str_eq(login, q->user[0]) &&
	    (q->login_only ||
		(!(event_has(ev, F_USER) &&
		     str_eq(event_str(ev, F_USER), q->user[0])) &&
		    !(event_has(ev, F_TARGET) &&
			str_eq(event_str(ev, F_TARGET), q->user[0])))))
		return false;
	if (q->n_addr &&
	    !(t && t->flags & TRACK_LOGGED_IN &&
		addr_match(q->addr[0], t->addr)) &&
	    !addr_match(q->addr[0], event_str(ev, F_ADDR)))
		return false;
	return true;
}

bool model_match(const struct model *m, const struct query *q, size_t i)
{
	const struct event *ev = &m->v[i];

	if (i % 1000 == 998 && i + 1 < m->n)
		return false;
	if (ev->time < q->since || ev->time >= q->until)
		return false;
	if (q->kinds && !(q->kinds >> ev->kind & 1))
		return false;
	if ((q->has_exit || q->exit_nonzero) && !event_has(ev, F_EXIT))
		return false;
	if (q->has_exit && ev->v[F_EXIT].i != q->exit)
		return false;
	if (q->exit_nonzero && ev->v[F_EXIT].i == 0)
		return false;
	return match_window(q, ev) && match_who(m, q, ev) && match_words(q, ev);
}

static int cmp_events(const void *x, const void *y, void *ctx)
{
	const struct model *m = ctx;
	const struct event *a = &m->v[*(const size_t *)x];
	const struct event *b = &m->v[*(const size_t *)y];

	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->chain != b->chain)
		return a->chain < b->chain ? -1 : 1;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

size_t *model_answer(const struct model *m, const struct query *q, size_t *n)
{
	size_t *v = malloc((m->n + 1) * sizeof *v);
	struct model copy = *m;

	if (!v)
		abort();
	*n = 0;
	for (size_t i = 0; i < m->n; i++)
		if (model_match(m, q, i))
			v[(*n)++] = i;
	qsort_r(v, *n, sizeof *v, cmp_events, &copy);
	if (q->order == ORDER_NEWEST_FIRST)
		for (size_t i = 0; i < *n / 2; i++) {
			size_t t = v[i];

			v[i] = v[*n - 1 - i];
			v[*n - 1 - i] = t;
		}
	return v;
}

char *model_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	char path[512];

	snprintf(path, sizeof path, "%s/store-test-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(path))
		abort();
	return strdup(path);
}

void model_dir_remove(char *dir)
{
	(void)fd_remove_tree(dir);
	free(dir);
}
