/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event_json.h"

#include <errno.h>

#include "core/json_string.h"

/* Values of unknown keys may nest so deep; one bit each is remembered. */
#define DEPTH_MAX 64

struct reader {
	const char *begin, *at, *end;
	char *out; /* where decoded strings go; never overruns, as a
		      decoded string with its NUL is shorter than the
		      string with its quotation marks */
	struct err *err;
};

static int reader_fail(const struct reader *r, const char *what)
{
	return err_set(r->err, -EINVAL, "event JSON, byte %zu: %s",
	    (size_t)(r->at - r->begin), what);
}

static inline char reader_peek(struct reader *r)
{
	if (__builtin_expect(r->at<r->end && * r->at> ' ', 1))
		return *r->at;
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' ||
				     *r->at == '\t' || *r->at == '\r'))
		r->at++;
	return r->at < r->end ? *r->at : '\0';
}

static inline bool reader_take(struct reader *r, char c)
{
	if (reader_peek(r) != c || r->at == r->end)
		return false;
	r->at++;
	return true;
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Copies the run of plain characters at r->at; `at` ends behind it. */
static void copy_plain(struct reader *r)
{
	uint64_t word;

	while (r->end - r->at >= 8) {
		memcpy(&word, r->at, 8);
		if (swar_special(word))
			break;
		memcpy(r->out, &word, 8);
		r->at += 8;
		r->out += 8;
	}
	while (r->at < r->end && is_plain((uint8_t)*r->at))
		*r->out++ = *r->at++;
}

/* The four digits behind \u, or -1. */
static int32_t read_unit(struct reader *r)
{
	int32_t unit = 0;

	if (r->end - r->at < 4)
		return -1;
	for (unsigned i = 0; i < 4; i++) {
		int d = str_hexdigit(r->at[i]);

		if (d < 0)
			return -1;
		unit = unit << 4 | d;
	}
	r->at += 4;
	return unit;
}

static int read_u_escape(struct reader *r)
{
	int32_t unit = read_unit(r), low;

	if (unit < 0)
		return reader_fail(r, "four hexadecimal digits expected");
	if (unit >= 0xdc80 && unit <= 0xdcff) {
		*r->out++ = (char)(unit & 0xff);
		return 0;
	}
	if (unit >= 0xd800 && unit <= 0xdbff) {
		if (r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u')
			return reader_fail(r, "half a surrogate pair");
		r->at += 2;
		low = read_unit(r);
		if (low < 0xdc00 || low > 0xdfff)
			return reader_fail(r, "half a surrogate pair");
		unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	} else if (unit >= 0xdc00 && unit <= 0xdfff) {
		return reader_fail(r, "surrogate that stands for no byte");
	}
	r->out += utf8_encode((uint32_t)unit, r->out);
	return 0;
}

static int read_escape(struct reader *r)
{
	static const char plain[128] = {['"'] = '"',
	    ['\\'] = '\\',
	    ['/'] = '/',
	    ['b'] = '\b',
	    ['f'] = '\f',
	    ['n'] = '\n',
	    ['r'] = '\r',
	    ['t'] = '\t'};
	uint8_t c;

	r->at++;
	if (r->at == r->end)
		return reader_fail(r, "the string does not end");
	c = (uint8_t)*r->at;
	if (c == 'u') {
		r->at++;
		return read_u_escape(r);
	}
	if (c >= sizeof plain || !plain[c])
		return reader_fail(r, "no such escape");
	*r->out++ = plain[c];
	r->at++;
	return 0;
}

static int read_utf8(struct reader *r)
{
	uint32_t cp;
	size_t len =
	    utf8_decode((const uint8_t *)r->at, (size_t)(r->end - r->at), &cp);

	if (len == 0)
		return reader_fail(r, "not UTF-8");
	memcpy(r->out, r->at, len);
	r->out += len;
	r->at += len;
	return 0;
}

/* A string; *ret lies in the output, with a NUL behind it. */
static int read_string(struct reader *r, struct str *ret)
{
	char *start = r->out;
	int err = 0;

	if (!reader_take(r, '"'))
		return reader_fail(r, "string expected");
	for (;;) {
		copy_plain(r);
		if (r->at == r->end)
			return reader_fail(r, "the string does not end");
		if (*r->at == '"')
			break;
		if (*r->at == '\\')
			err = read_escape(r);
		else if ((uint8_t)*r->at >= 0x80)
			err = read_utf8(r);
		else
			return reader_fail(r, "control character in a string");
		if (err)
			return err;
	}
	r->at++;
	*ret = str_make(start, (size_t)(r->out - start));
	*r->out++ = '\0';
	return 0;
}

static int read_list(struct reader *r, struct str *ret)
{
	char *start = r->out;
	struct str item;
	int err;

	if (!reader_take(r, '['))
		return reader_fail(r, "array expected");
	if (!reader_take(r, ']')) {
		do {
			reader_peek(r);
			err = read_string(r, &item);
			if (err)
				return err;
			if (item.n && memchr(item.p, '\0', item.n))
				return reader_fail(r, "NUL in a list");
		} while (reader_take(r, ','));
		if (!reader_take(r, ']'))
			return reader_fail(r, "comma or ] expected");
	}
	*ret = str_make(start, (size_t)(r->out - start));
	return 0;
}

static struct str take_number(struct reader *r)
{
	const char *start;

	reader_peek(r);
	start = r->at;
	while (r->at < r->end &&
	       ((*r->at >= '0' && *r->at <= '9') || *r->at == '-'))
		r->at++;
	return str_make(start, (size_t)(r->at - start));
}

static int read_int(struct reader *r, int64_t *ret)
{
	struct str s = take_number(r);
	bool minus = s.n && s.p[0] == '-';
	struct str digits = str_from(s, minus);

	if (digits.n == 0 || (digits.n > 1 && digits.p[0] == '0') ||
	    !str_i64(s, ret))
		return reader_fail(r, "whole number of 64 bits expected");
	return 0;
}

static int read_bool(struct reader *r, int64_t *ret)
{
	struct str rest;

	reader_peek(r);
	rest = str_make(r->at, (size_t)(r->end - r->at));
	if (str_starts(rest, STR("true")))
		*ret = 1;
	else if (str_starts(rest, STR("false")))
		*ret = 0;
	else
		return reader_fail(r, "true or false expected");
	r->at += *ret ? 4 : 5;
	return 0;
}

static int read_hex(struct reader *r, uint64_t *ret)
{
	struct str s;
	int err = read_string(r, &s);

	if (err)
		return err;
	if (s.n != 16 || !str_hex64(s, ret))
		return reader_fail(r, "16 hexadecimal digits expected");
	return 0;
}

static int read_time(struct reader *r, int64_t *ret)
{
	struct str s;
	int err;

	if (reader_peek(r) != '"')
		return read_int(r, ret);
	err = read_string(r, &s);
	if (err)
		return err;
	if (!json_time_parse(s, ret))
		return reader_fail(r, "no time behind this key");
	return 0;
}

static int skip_scalar(struct reader *r)
{
	static const char other[] = "+-.0123456789Eaeflnrstu";
	const char *start = r->at;
	char *keep = r->out;
	struct str dropped;
	int err;

	if (*r->at == '"') {
		err = read_string(r, &dropped);
		r->out = keep;
		return err;
	}
	while (r->at < r->end && *r->at && strchr(other, *r->at))
		r->at++;
	return r->at == start ? reader_fail(r, "value expected") : 0;
}

/* One key of an object within an unknown value, with its colon. */
static int skip_key(struct reader *r)
{
	int err = reader_peek(r) == '"' ? skip_scalar(r)
					: reader_fail(r, "key expected");

	if (!err && !reader_take(r, ':'))
		err = reader_fail(r, "colon expected");
	return err;
}

/* Opens what begins at r->at and steps into it, past empty ones. */
static int skip_open(struct reader *r, uint64_t *objects, unsigned *depth)
{
	bool object = *r->at == '{';

	if (*depth == DEPTH_MAX)
		return reader_fail(r, "nested too deep");
	r->at++;
	if (reader_take(r, object ? '}' : ']'))
		return 1;
	*objects = *objects << 1 | object;
	++*depth;
	return object ? skip_key(r) : 0;
}

/* Any value, whatever it holds. No recursion: it is hostile input. */
static int skip_value(struct reader *r)
{
	uint64_t objects = 0; /* lowest bit: the innermost is an object */
	unsigned depth = 0;
	int err;

	for (;;) {
		char c = reader_peek(r);

		if (r->at == r->end)
			return reader_fail(r, "value expected");
		if (c == '{' || c == '[') {
			err = skip_open(r, &objects, &depth);
			if (err == 0)
				continue;
		} else {
			err = skip_scalar(r);
		}
		if (err < 0)
			return err;
		while (depth && reader_take(r, objects & 1 ? '}' : ']')) {
			objects >>= 1;
			depth--;
		}
		if (depth == 0)
			return 0;
		if (!reader_take(r, ','))
			return reader_fail(r, "comma expected");
		err = objects & 1 ? skip_key(r) : 0;
		if (err < 0)
			return err;
	}
}

static int read_field(struct reader *r, struct event *ev, enum field f)
{
	union field_value *v = &ev->v[f];

	if (event_has(ev, f))
		return reader_fail(r, "the same key a second time");
	ev->has[f / 64] |= (uint64_t)1 << (f % 64);
	switch (event_fields[f].type) {
	case FIELD_INT:
		return read_int(r, &v->i);
	case FIELD_BOOL:
		return read_bool(r, &v->i);
	case FIELD_HEX:
		return read_hex(r, &v->u);
	case FIELD_TIME:
		return read_time(r, &v->i);
	case FIELD_STR:
		return read_string(r, &v->s);
	case FIELD_LIST:
		return read_list(r, &v->s);
	}
	return 0;
}

static int read_seq(struct reader *r, struct event *ev)
{
	struct str s = take_number(r);

	if (!str_u64(s, &ev->seq))
		return reader_fail(r, "sequence number expected");
	return 0;
}

static int read_kind(struct reader *r, struct event *ev)
{
	struct str s;
	int err = read_string(r, &s), kind;

	if (err)
		return err;
	kind = event_kind_parse(s);
	ev->kind = kind < 0 ? EVENT_OTHER : (enum event_kind)kind;
	return 0;
}

static int read_trust(struct reader *r, struct event *ev)
{
	struct str s;
	int err = read_string(r, &s), trust;

	if (err)
		return err;
	trust = trust_parse(s);
	if (trust < 0)
		return reader_fail(r, "no such trust");
	ev->trust = (enum trust)trust;
	return 0;
}

static int read_host(struct reader *r, struct event *ev)
{
	return read_string(r, &ev->host);
}

static int read_boot(struct reader *r, struct event *ev)
{
	return read_string(r, &ev->boot);
}

static int read_source(struct reader *r, struct event *ev)
{
	return read_string(r, &ev->source);
}

static int read_event_time(struct reader *r, struct event *ev)
{
	return read_time(r, &ev->time);
}

enum common { HOST, KIND, TIME, SOURCE, TRUST, SEQ, BOOT, N_COMMON };

static const struct {
	struct str key;
	int (*read)(struct reader *r, struct event *ev);
} commons[N_COMMON] = {
    [HOST] = {{"host", 4}, read_host},
    [KIND] = {{"kind", 4}, read_kind},
    [TIME] = {{"time", 4}, read_event_time},
    [SOURCE] = {{"source", 6}, read_source},
    [TRUST] = {{"trust", 5}, read_trust},
    [SEQ] = {{"seq", 3}, read_seq},
    [BOOT] = {{"boot", 4}, read_boot},
};

static int read_member(struct reader *r, struct event *ev, unsigned *seen)
{
	char *keep = r->out;
	struct str key;
	enum field f;
	int err = read_string(r, &key);

	if (err)
		return err;
	/* The key itself need not stay; its bytes do until the next string. */
	r->out = keep;
	if (!reader_take(r, ':'))
		return reader_fail(r, "colon expected");
	f = event_field_parse(key);
	if (f != EVENT_N_FIELDS)
		return read_field(r, ev, f);
	for (unsigned i = 0; i < N_COMMON; i++) {
		if (!str_eq(key, commons[i].key))
			continue;
		if (*seen & 1u << i)
			return reader_fail(r, "the same key a second time");
		*seen |= 1u << i;
		return commons[i].read(r, ev);
	}
	return skip_value(r);
}

int event_from_json(
    struct event *ev, struct str json, struct arena *a, struct err *err)
{
	struct reader r = {json.p, json.p, json.p + json.n, NULL, err};
	const unsigned must = 1u << HOST | 1u << KIND | 1u << TIME;
	unsigned seen = 0;
	int ret;

	event_init(ev, EVENT_OTHER);
	r.out = arena_alloc(a, json.n + 1);
	if (!r.out)
		return -ENOMEM;
	if (!reader_take(&r, '{'))
		return reader_fail(&r, "object expected");
	if (!reader_take(&r, '}')) {
		do {
			reader_peek(&r);
			ret = read_member(&r, ev, &seen);
			if (ret)
				return ret;
		} while (reader_take(&r, ','));
		if (!reader_take(&r, '}'))
			return reader_fail(&r, "comma or } expected");
	}
	reader_peek(&r);
	if (r.at != r.end)
		return reader_fail(&r, "more behind the object");
	if ((seen & must) != must)
		return reader_fail(&r, "time, host or kind is missing");
	return 0;
}
