/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event_json.h"

#include <endian.h>

#include "core/json_string.h"

static const char hex[] = "0123456789abcdef";

/*
 * `,"key":` for every field. Copied with all its room, whose size the compiler
 * knows: few instructions, and no call.
 */
#define KEY_ROOM 24
static const struct {
	char text[KEY_ROOM];
	uint8_t n;
} field_keys[EVENT_N_FIELDS] = {
#define X(c, json, type, group, help) {",\"" json "\":", sizeof json + 3},
    EVENT_FIELDS(X)
#undef X
};
#define X(c, json, type, group, help)                                          \
	_Static_assert(sizeof json + 3 <= KEY_ROOM, "a longer key: " json);
EVENT_FIELDS(X)
#undef X

static void add_key(struct buf *b, enum field f)
{
	char *at = buf_reserve(b, KEY_ROOM);

	if (!at)
		return;
	memcpy(at, field_keys[f].text, KEY_ROOM);
	b->n += field_keys[f].n;
}

static void add_u_escape(struct buf *b, unsigned unit)
{
	char esc[6] = {'\\', 'u', hex[unit >> 12 & 15], hex[unit >> 8 & 15],
	    hex[unit >> 4 & 15], hex[unit & 15]};

	buf_add(b, esc, sizeof esc);
}

static void add_ascii_escape(struct buf *b, uint8_t c)
{
	static const char short_form[128] = {['\b'] = 'b',
	    ['\t'] = 't',
	    ['\n'] = 'n',
	    ['\f'] = 'f',
	    ['\r'] = 'r',
	    ['"'] = '"',
	    ['\\'] = '\\'};
	char esc[2] = {'\\', short_form[c]};

	if (short_form[c])
		buf_add(b, esc, sizeof esc);
	else
		add_u_escape(b, c);
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Adds the character, or the byte that is none, at p; returns its length. */
static size_t add_special(struct buf *b, const uint8_t *p, size_t n)
{
	uint32_t cp;
	size_t len;

	if (p[0] < 0x80) {
		add_ascii_escape(b, p[0]);
		return 1;
	}
	len = utf8_decode(p, n, &cp);
	if (len == 0) {
		add_u_escape(b, 0xdc00u | p[0]);
		return 1;
	}
	if (utf8_deceptive(cp))
		add_u_escape(b, cp);
	else
		buf_add(b, p, len);
	return len;
}

/* The n bytes at p, 4 to 7 of them, filled up with what needs no escape. */
static inline uint64_t load_short(const char *p, size_t n)
{
	uint32_t first, last;

	memcpy(&first, p, 4);
	memcpy(&last, p + n - 4, 4);
	return htole64(le32toh(first) | (uint64_t)le32toh(last) << 8 * (n - 4) |
		       SWAR_ONES * '_' << 8 * n);
}

/*
 * Copy from the front of s what needs no escape, in steps as long as it allows;
 * returns how much it was. There is room for eight bytes, or s.n.
 */
static inline size_t copy_plain(char *at, struct str s)
{
	size_t i = 0;
	unsigned n = 16;

	for (; s.n - i >= 16 && n == 16; i += n) {
		n = plain16(s.p + i);
		memcpy(at + i, s.p + i, 16);
	}
	if (i == s.n || n < 16)
		return i;
	if (s.n >= 16) {
		/* The rest, with some bytes before it once more. */
		memcpy(at + s.n - 16, s.p + s.n - 16, 16);
		return s.n - 16 + plain16(s.p + s.n - 16);
	}
	if (s.n >= 8) {
		uint64_t first, last;

		memcpy(&first, s.p, 8);
		memcpy(&last, s.p + s.n - 8, 8);
		if (!(swar_special(first) | swar_special(last))) {
			memcpy(at, &first, 8);
			memcpy(at + s.n - 8, &last, 8);
			return s.n;
		}
	} else if (s.n >= 4) {
		uint64_t word = load_short(s.p, s.n);

		if (!swar_special(word)) {
			memcpy(at, &word, 8);
			return s.n;
		}
	}
	while (i < s.n && is_plain((uint8_t)s.p[i])) {
		at[i] = s.p[i];
		i++;
	}
	return i;
}

void json_add_string(struct buf *b, struct str s)
{
	char *at = buf_reserve(b, s.n + 10);
	size_t n;

	if (!at)
		return;
	*at++ = '"';
	b->n++;
	while ((n = copy_plain(at, s)) < s.n) {
		b->n += n;
		s = str_from(s, n);
		s = str_from(s, add_special(b, (const uint8_t *)s.p, s.n));
		at = buf_reserve(b, s.n + 9);
		if (!at)
			return;
	}
	b->n += n;
	buf_add_char(b, '"');
}

static void add_list(struct buf *b, struct str list)
{
	char sep = '[';
	struct str item;

	if (list.n == 0)
		buf_add_char(b, '[');
	while (list.n) {
		str_cut(&list, '\0', &item);
		buf_add_char(b, sep);
		json_add_string(b, item);
		sep = ',';
	}
	buf_add_char(b, ']');
}

/* These two are written where they stay: copies wait for small stores. */
static void add_time(struct buf *b, int64_t us)
{
	char *at = buf_reserve(b, JSON_TIME_LEN + 2);

	if (!at)
		return;
	if (!json_time_format(us, at + 1)) {
		buf_add_i64(b, us);
		return;
	}
	at[0] = at[1 + JSON_TIME_LEN] = '"';
	b->n += JSON_TIME_LEN + 2;
}

static void add_hex(struct buf *b, uint64_t v)
{
	char *at = buf_reserve(b, 18);

	if (!at)
		return;
	at[0] = at[17] = '"';
	for (unsigned i = 0; i < 16; i++)
		at[1 + i] = hex[v >> (60 - 4 * i) & 15];
	b->n += 18;
}

static void add_value(
    struct buf *b, enum field_type type, const union field_value *v)
{
	switch (type) {
	case FIELD_INT:
		buf_add_i64(b, v->i);
		return;
	case FIELD_BOOL:
		buf_add_str(b, v->i ? STR("true") : STR("false"));
		return;
	case FIELD_HEX:
		add_hex(b, v->u);
		return;
	case FIELD_TIME:
		add_time(b, v->i);
		return;
	case FIELD_STR:
		json_add_string(b, v->s);
		return;
	case FIELD_LIST:
		add_list(b, v->s);
		return;
	}
}

static void add_header(struct buf *b, const struct event *ev)
{
	buf_add_char(b, '{');
	if (ev->seq) {
		buf_add_str(b, STR("\"seq\":"));
		buf_add_u64(b, ev->seq);
		buf_add_char(b, ',');
	}
	buf_add_str(b, STR("\"time\":"));
	add_time(b, ev->time);
	buf_add_str(b, STR(",\"host\":"));
	json_add_string(b, ev->host);
	if (ev->boot.n) {
		buf_add_str(b, STR(",\"boot\":"));
		json_add_string(b, ev->boot);
	}
	buf_add_str(b, STR(",\"kind\":\""));
	buf_add_z(b, event_kind_name(ev->kind));
	buf_add_char(b, '"');
	if (ev->source.n) {
		buf_add_str(b, STR(",\"source\":"));
		json_add_string(b, ev->source);
	}
	buf_add_str(b, STR(",\"trust\":\""));
	buf_add_z(b, trust_name(ev->trust));
	buf_add_char(b, '"');
}

void event_to_json(const struct event *ev, unsigned flags, struct buf *b)
{
	enum field f;

	add_header(b, ev);
	if (event_session(ev) && flags & EVENT_JSON_DERIVED) {
		buf_add_str(b, STR(",\"session\":"));
		add_hex(b, event_session(ev));
	}
	for (f = event_next_field(ev, 0); f < EVENT_N_FIELDS;
	     f = event_next_field(ev, f + 1)) {
		if (event_field_derived(f) && !(flags & EVENT_JSON_DERIVED))
			break;
		add_key(b, f);
		add_value(b, event_fields[f].type, &ev->v[f]);
	}
	buf_add_char(b, '}');
}
