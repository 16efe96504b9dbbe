/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/moment_json.h"

#include <errno.h>

#include "archive/recordings.h"
#include "core/event_json.h"
#include "core/flat_json.h"
#include "core/json_string.h"
#include "core/session_json.h"
#include "core/session_text.h"

#define NS_PER_SEC ((uint64_t)1000000000)

static void add_text(struct buf *b, const char *key, struct str s)
{
	buf_printf(b, ",\"%s\":", key);
	if (s.n)
		json_add_string(b, s);
	else
		buf_add_z(b, "null");
}

static void add_seconds(struct buf *b, const char *key, uint64_t ns)
{
	buf_printf(b, ",\"%s\":%llu.%09llu", key,
	    (unsigned long long)(ns / NS_PER_SEC),
	    (unsigned long long)(ns % NS_PER_SEC));
}

void moment_to_json(struct buf *b, const struct moment *m)
{
	char id[SESSION_ID_LEN];

	buf_add_char(b, '{');
	json_add_time(b, "time", m->from);
	json_add_time(b, "until", m->to);
	add_text(b, "host", m->recording->host);
	buf_add_z(b, ",\"kind\":\"screen\"");
	add_text(b, "session", session_id_text(m->recording->session, 16, id));
	add_text(b, "user", m->user);
	add_text(b, "tty", m->recording->tty);
	recording_add_json(m->recording, b);
	add_seconds(b, "at", m->at);
	add_seconds(b, "gone", m->gone);
	buf_printf(b, ",\"alternate\":%s", m->alternate ? "true" : "false");
	add_text(b, "text", m->text);
	buf_add_char(b, '}');
}

void moment_to_row(
    struct buf *b, const struct moment *m, const struct moment_place *behind)
{
	moment_to_json(b, m);
	b->n -= !buf_error(b); /* its closing brace */
	buf_printf(b, ",\"match\":%zu,\"cursor\":\"", m->match);
	moment_place_write(behind, b);
	buf_add_z(b, "\"}");
}

/* --- back --- */

static bool read_seconds(struct str raw, uint64_t *ret)
{
	uint64_t seconds, ns;
	struct str whole;

	if (!str_cut(&raw, '.', &whole) || raw.n != 9 ||
	    !str_u64(whole, &seconds) || !str_u64(raw, &ns) ||
	    seconds > UINT64_MAX / NS_PER_SEC - 1)
		return false;
	*ret = seconds * NS_PER_SEC + ns;
	return true;
}

struct reading {
	struct moment *m;
	struct recording *r;
	struct str *cursor;
	struct arena *texts;
};

static bool take_text(
    struct reading *to, const struct json_pair *pair, struct str *ret)
{
	bool none = pair->type == JSON_PLAIN && str_eqz(pair->raw, "null");

	if (none || (pair->type == JSON_STRING && pair->raw.n == 0))
		return true;
	*ret = pair->type == JSON_STRING
		   ? arena_dup(to->texts, flat_json_text(pair, to->texts))
		   : STR_NONE;
	return ret->n > 0;
}

static bool take(struct reading *to, const struct json_pair *pair)
{
	struct moment *m = to->m;
	struct recording *r = to->r;
	const struct {
		const char *key;
		struct str *at;
	} texts[] = {{"host", &r->host}, {"user", &m->user}, {"tty", &r->tty},
	    {"recording_chain", &r->chain}, {"text", &m->text},
	    {"cursor", to->cursor}};
	uint64_t match;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (str_eqz(pair->key, texts[i].key))
			return take_text(to, pair, texts[i].at);
	if (str_eqz(pair->key, "time"))
		return json_time_parse(pair->raw, &m->from);
	if (str_eqz(pair->key, "until"))
		return json_time_parse(pair->raw, &m->to);
	if (str_eqz(pair->key, "session"))
		return str_hex64(pair->raw, &r->session);
	if (str_eqz(pair->key, "recording"))
		return str_u64(pair->raw, &r->number);
	if (str_eqz(pair->key, "at"))
		return read_seconds(pair->raw, &m->at);
	if (str_eqz(pair->key, "gone"))
		return read_seconds(pair->raw, &m->gone);
	if (str_eqz(pair->key, "match") && str_u64(pair->raw, &match))
		m->match = (size_t)match;
	if (str_eqz(pair->key, "alternate"))
		m->alternate = str_eqz(pair->raw, "true");
	return true;
}

int moment_from_json(struct moment *ret, struct recording *r, struct str json,
    struct str *ret_cursor, struct arena *texts)
{
	struct reading to = {ret, r, ret_cursor, texts};
	struct flat_json j = {.rest = json};
	struct json_pair pair;
	bool good = true;
	int more = 0;

	*ret_cursor = STR_NONE;
	*r = (struct recording){.end = -1};
	*ret = (struct moment){.recording = r};
	while (good && (more = flat_json_next(&j, &pair)) == 1)
		good = take(&to, &pair);
	if (!r->chain.n)
		r->chain = r->host;
	return good && more == 0 && r->number && ret->match <= ret->text.n
		   ? 0
		   : -EBADMSG;
}
