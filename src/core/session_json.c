/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session_json.h"

#include <errno.h>
#include <stddef.h>

#include "base/when.h"
#include "core/event_json.h"
#include "core/flat_json.h"
#include "core/json_string.h"
#include "core/session_text.h"

/* One key: what it holds lies at `at` in struct session. */
struct member {
	const char *key;
	void (*write)(
	    struct buf *b, const struct session *s, const struct member *m);
	/* NULL: it only says in other words what others do. */
	int (*read)(struct session *s, const struct member *m,
	    const struct json_pair *pair, struct arena *a);
	size_t at;
};

static void add_key(struct buf *b, const char *key)
{
	if (b->n && b->p[b->n - 1] != '{')
		buf_add_char(b, ',');
	buf_add_char(b, '"');
	buf_add_z(b, key);
	buf_add_z(b, "\":");
}

static void add_text(struct buf *b, const char *key, struct str s)
{
	add_key(b, key);
	if (s.n)
		json_add_string(b, s);
	else
		buf_add_z(b, "null");
}

void json_add_time(struct buf *b, const char *key, int64_t us)
{
	char text[TIME_ISO_LEN];

	add_key(b, key);
	if (us < 0) {
		buf_add_z(b, "null");
		return;
	}
	time_format_iso(us, text);
	buf_add_char(b, '"');
	buf_add_z(b, text);
	buf_add_char(b, '"');
}

static bool is_null(const struct json_pair *pair)
{
	return pair->type == JSON_PLAIN && str_eqz(pair->raw, "null");
}

/* --- texts, numbers, times --- */

static const void *member_of(const struct session *s, const struct member *m)
{
	return (const char *)s + m->at;
}

static void *member_in(struct session *s, const struct member *m)
{
	return (char *)s + m->at;
}

static void write_text(
    struct buf *b, const struct session *s, const struct member *m)
{
	add_text(b, m->key, *(const struct str *)member_of(s, m));
}

static int read_text(struct session *s, const struct member *m,
    const struct json_pair *pair, struct arena *a)
{
	struct str *text = member_in(s, m);

	if (is_null(pair))
		return 0;
	if (pair->type != JSON_STRING)
		return -EBADMSG;
	*text = arena_dup(a, flat_json_text(pair, a));
	return text->p ? 0 : -ENOMEM;
}

static void write_number(
    struct buf *b, const struct session *s, const struct member *m)
{
	int64_t v = *(const int64_t *)member_of(s, m);

	add_key(b, m->key);
	if (v >= 0)
		buf_add_i64(b, v);
	else
		buf_add_z(b, "null");
}

static int read_number(struct session *s, const struct member *m,
    const struct json_pair *pair, struct arena *a)
{
	int64_t *v = member_in(s, m);

	(void)a;
	if (is_null(pair))
		return 0;
	return pair->type == JSON_PLAIN && str_i64(pair->raw, v) ? 0 : -EBADMSG;
}

static void write_time(
    struct buf *b, const struct session *s, const struct member *m)
{
	json_add_time(b, m->key, *(const int64_t *)member_of(s, m));
}

static int read_time(struct session *s, const struct member *m,
    const struct json_pair *pair, struct arena *a)
{
	(void)a;
	if (is_null(pair))
		return 0;
	return json_time_parse(pair->raw, member_in(s, m)) ? 0 : -EBADMSG;
}

/* --- what is of its own kind --- */

static void write_id(
    struct buf *b, const struct session *s, const struct member *m)
{
	char text[SESSION_ID_LEN];

	add_text(b, m->key, session_id_text(s->sum.id, 16, text));
}

static int read_id(struct session *s, const struct member *m,
    const struct json_pair *pair, struct arena *a)
{
	(void)m;
	(void)a;
	return str_hex64(pair->raw, &s->sum.id) ? 0 : -EBADMSG;
}

/* Type and fingerprint as sshd writes them, for people and for grep. */
static void write_key(
    struct buf *b, const struct session *s, const struct member *m)
{
	const struct track *t = &s->sum;
	struct buf text = BUF_INIT;

	buf_add_str(&text, t->key_type);
	if (t->key_type.n && t->fp.n)
		buf_add_char(&text, ' ');
	buf_add_str(&text, t->fp);
	add_text(b, m->key, buf_str(&text));
	buf_free(&text);
}

static void write_end(
    struct buf *b, const struct session *s, const struct member *m)
{
	json_add_time(b, m->key, session_is_open(s) ? -1 : s->sum.end);
}

/* Seconds, since that is what a reader of JSON takes a bare number for. */
static void write_duration(
    struct buf *b, const struct session *s, const struct member *m)
{
	const struct track *t = &s->sum;
	int64_t us = t->end > t->start ? t->end - t->start : 0;

	add_key(b, m->key);
	buf_printf(b, "%lld.%06lld", (long long)(us / USEC_PER_SEC),
	    (long long)(us % USEC_PER_SEC));
}

static void write_commands(
    struct buf *b, const struct session *s, const struct member *m)
{
	add_key(b, m->key);
	buf_add_i64(b, s->sum.n_exec < 0 ? 0 : s->sum.n_exec);
}

static void write_flags(
    struct buf *b, const struct session *s, const struct member *m)
{
	add_key(b, m->key);
	session_flags_to_json(b, s->sum.flags);
}

static int read_flags(struct session *s, const struct member *m,
    const struct json_pair *pair, struct arena *a)
{
	(void)m;
	(void)a;
	return pair->type == JSON_ARRAY &&
		       session_flags_from_json(pair->raw, &s->sum.flags)
		   ? 0
		   : -EBADMSG;
}

static void write_tracks(
    struct buf *b, const struct session *s, const struct member *m)
{
	add_key(b, m->key);
	buf_add_u64(b, s->n_tracks);
}

static int read_tracks(struct session *s, const struct member *m,
    const struct json_pair *pair, struct arena *a)
{
	uint64_t n;

	(void)m;
	(void)a;
	if (!str_u64(pair->raw, &n))
		return -EBADMSG;
	s->n_tracks = n;
	return 0;
}

/* --- all of them, in the order in which they are written --- */

#define AT(member) offsetof(struct session, member)

static const struct member members[] = {
    {"session", write_id, read_id, 0},
    {"host", write_text, read_text, AT(sum.host)},
    {"user", write_text, read_text, AT(sum.user)},
    {"person", write_text, read_text, AT(person)},
    {"addr", write_text, read_text, AT(sum.addr)},
    {"port", write_number, read_number, AT(sum.port)},
    {"method", write_text, read_text, AT(sum.method)},
    {"key", write_key, NULL, 0},
    {"start", write_time, read_time, AT(sum.start)},
    {"end", write_end, NULL, 0},
    {"last", write_time, read_time, AT(sum.end)},
    {"duration", write_duration, NULL, 0},
    {"commands", write_commands, read_number, AT(sum.n_exec)},
    {"flags", write_flags, read_flags, 0},
    {"key_type", write_text, read_text, AT(sum.key_type)},
    {"fp", write_text, read_text, AT(sum.fp)},
    {"cert_id", write_text, read_text, AT(sum.cert_id)},
    {"tty", write_text, read_text, AT(sum.tty)},
    {"origin", write_text, read_text, AT(sum.origin)},
    {"reason", write_text, read_text, AT(sum.reason)},
    {"notes", write_text, read_text, AT(sum.notes)},
    {"login", write_time, read_time, AT(sum.login)},
    {"boot", write_text, read_text, AT(sum.boot)},
    {"ses", write_number, read_number, AT(sum.ses)},
    {"auid", write_number, read_number, AT(sum.auid)},
    {"pid", write_number, read_number, AT(sum.pid)},
    {"n_file", write_number, read_number, AT(sum.n_file)},
    {"n_auth_fail", write_number, read_number, AT(sum.n_auth_fail)},
    {"n_priv", write_number, read_number, AT(sum.n_priv)},
    {"bytes_in", write_number, read_number, AT(sum.bytes_in)},
    {"bytes_out", write_number, read_number, AT(sum.bytes_out)},
    {"n_tracks", write_tracks, read_tracks, 0},
};

#define N_MEMBERS (sizeof members / sizeof *members)

void session_to_json(struct buf *b, const struct session *s)
{
	buf_add_char(b, '{');
	for (size_t i = 0; i < N_MEMBERS; i++)
		members[i].write(b, s, &members[i]);
	buf_add_char(b, '}');
}

static int read_pair(
    struct session *s, const struct json_pair *pair, struct arena *a)
{
	for (size_t i = 0; i < N_MEMBERS; i++)
		if (str_eqz(pair->key, members[i].key))
			return members[i].read
				   ? members[i].read(s, &members[i], pair, a)
				   : 0;
	return 0;
}

int session_from_json(struct session *ret, struct str json, struct arena *a)
{
	struct flat_json j = {.rest = json};
	struct json_pair pair;
	struct track *t = &ret->sum;
	int more, r = 0;

	*ret = (struct session){.n_tracks = 0};
	t->start = t->end = t->login = t->ses = t->auid = t->pid = -1;
	t->child_pid = t->port = t->n_exec = t->n_file = -1;
	t->n_auth_fail = t->n_priv = t->bytes_in = t->bytes_out = -1;
	while ((more = flat_json_next(&j, &pair)) == 1 && r == 0)
		r = read_pair(ret, &pair, a);
	if (r < 0)
		return r;
	t->session = t->id;
	return more == 0 && t->id && t->host.n && t->start >= 0 ? 0 : -EBADMSG;
}
