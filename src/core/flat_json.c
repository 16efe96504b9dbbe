/* SPDX-License-Identifier: Apache-2.0 */
#include "core/flat_json.h"

static inline bool char_skip(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

static void blanks_skip(struct str *s)
{
	size_t i = 0;

	while (i < s->n && (s->p[i] == ' ' || s->p[i] == '\t' ||
			       s->p[i] == '\n' || s->p[i] == '\r'))
		i++;
	*s = str_from(*s, i);
}

/* *s begins behind the opening quote. */
static bool string_take(struct str *s, struct str *ret, bool *ret_escaped)
{
	size_t end = str_find_char(*s, '"');
	size_t esc;

	if (end == STR_NPOS)
		return false;
	esc = str_find_char(str_upto(*s, end), '\\');
	*ret_escaped = esc != STR_NPOS;
	if (*ret_escaped) {
		for (end = esc; end < s->n && s->p[end] != '"'; end++)
			if (s->p[end] == '\\')
				end++;
		if (end >= s->n)
			return false;
	}
	*ret = str_upto(*s, end);
	*s = str_from(*s, end + 1);
	return true;
}

/* *s begins at a bracket; *ret is what it holds. */
static bool nested_take(struct str *s, struct str *ret)
{
	struct str rest = str_from(*s, 1);
	size_t depth = 1;
	struct str text;
	bool escaped;

	while (rest.n) {
		char c = rest.p[0];

		rest = str_from(rest, 1);
		if (c == '"' && !string_take(&rest, &text, &escaped))
			return false;
		if (c == '{' || c == '[')
			depth++;
		if ((c == '}' || c == ']') && --depth == 0) {
			*ret = str_make(s->p + 1, s->n - rest.n - 2);
			*s = rest;
			return true;
		}
	}
	return false;
}

static bool plain_take(struct str *s, struct str *ret)
{
	size_t n = 0;

	while (n < s->n && s->p[n] > ' ' && s->p[n] != ',' && s->p[n] != '}' &&
	       s->p[n] != ']')
		n++;
	*ret = str_upto(*s, n);
	*s = str_from(*s, n);
	return n > 0;
}

static bool value_take(struct str *s, struct json_pair *ret)
{
	ret->escaped = false;
	if (s->n == 0)
		return false;
	if (char_skip(s, '"')) {
		ret->type = JSON_STRING;
		return string_take(s, &ret->raw, &ret->escaped);
	}
	if (s->p[0] == '[' || s->p[0] == '{') {
		ret->type = s->p[0] == '[' ? JSON_ARRAY : JSON_OBJECT;
		return nested_take(s, &ret->raw);
	}
	ret->type = JSON_PLAIN;
	return plain_take(s, &ret->raw);
}

bool flat_json_pair(struct str *s, struct json_pair *ret)
{
	bool escaped;

	blanks_skip(s);
	if (!char_skip(s, '"') || !string_take(s, &ret->key, &escaped))
		return false;
	blanks_skip(s);
	if (!char_skip(s, ':'))
		return false;
	blanks_skip(s);
	return value_take(s, ret);
}

int flat_json_next(struct flat_json *j, struct json_pair *ret)
{
	bool first = !j->started;

	blanks_skip(&j->rest);
	if (first && !char_skip(&j->rest, '{'))
		return -1;
	j->started = true;
	blanks_skip(&j->rest);
	if (char_skip(&j->rest, '}'))
		return 0;
	if (!first) {
		if (!char_skip(&j->rest, ','))
			return -1;
	}
	return flat_json_pair(&j->rest, ret) ? 1 : -1;
}

int flat_json_item(struct str *s, struct json_pair *ret)
{
	blanks_skip(s);
	if (s->n == 0)
		return 0;
	if (!value_take(s, ret))
		return -1;
	blanks_skip(s);
	return char_skip(s, ',') || s->n == 0 ? 1 : -1;
}

static int hex4(struct str s)
{
	uint64_t v;

	return s.n >= 4 && str_hex64(str_upto(s, 4), &v) ? (int)v : -1;
}

static size_t utf8_put(char *out, unsigned c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* The code behind "\u"; *s is moved behind it, and behind its second half. */
static size_t unicode_put(struct str *s, char *out)
{
	int c = hex4(*s);
	int low;

	if (c < 0) {
		out[0] = '\\';
		out[1] = 'u';
		return 2;
	}
	*s = str_from(*s, 4);
	if (c < 0xd800 || c > 0xdfff)
		return utf8_put(out, (unsigned)c);
	if (c >= 0xdc80 && c <= 0xdcff) {
		*out = (char)(c & 0xff);
		return 1;
	}
	low = str_starts(*s, STR("\\u")) ? hex4(str_from(*s, 2)) : -1;
	if (c > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return utf8_put(out, 0xfffd);
	*s = str_from(*s, 6);
	return utf8_put(out,
	    0x10000u + (((unsigned)c & 0x3ff) << 10) + ((unsigned)low & 0x3ff));
}

/* No escape is shorter than what it stands for. */
static struct str unescape(struct str s, struct arena *a)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	char *out = arena_alloc(a, s.n);
	size_t n = 0;

	if (!out)
		return STR_NONE;
	while (s.n) {
		const char *at;
		char c = s.p[0];

		s = str_from(s, 1);
		if (c != '\\' || s.n == 0) {
			out[n++] = c;
			continue;
		}
		c = s.p[0];
		s = str_from(s, 1);
		if (c == 'u') {
			n += unicode_put(&s, out + n);
			continue;
		}
		at = c ? strchr(from, c) : NULL;
		out[n++] = at ? to[at - from] : c;
	}
	return str_make(out, n);
}

static struct str bytes_read(struct str s, struct arena *a)
{
	char *out = arena_alloc(a, s.n / 2 + 1);
	size_t n = 0;

	if (!out)
		return STR_NONE;
	while (s.n) {
		struct str item;
		uint64_t v;

		str_cut(&s, ',', &item);
		if (!str_u64(str_trim(item), &v) || v > 255)
			return STR_NONE;
		out[n++] = (char)v;
	}
	return str_make(out, n);
}

struct str flat_json_text(const struct json_pair *pair, struct arena *a)
{
	struct json_pair item;
	struct str s = pair->raw;

	if (pair->type == JSON_PLAIN)
		return str_eqz(s, "null") ? STR_NONE : s;
	if (pair->type == JSON_STRING)
		return pair->escaped ? unescape(s, a) : s;
	if (pair->type == JSON_OBJECT)
		return s;
	blanks_skip(&s);
	if (!str_starts(s, STR("\"")))
		return bytes_read(s, a);
	if (!value_take(&s, &item))
		return STR_NONE;
	return item.escaped ? unescape(item.raw, a) : item.raw;
}
