/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/line.h"

#include "sources/audit/words.h"

/* Ten digits of seconds, three of milliseconds, ten of serial, with room. */
#define ID_MAX	 48
#define TYPE_MAX 64

/* str_skip() with a literal, whose comparison becomes one or two loads. */
#define SKIP(s, lit) skip((s), (lit), sizeof(lit) - 1)

static inline bool skip(struct str *s, const char *lit, size_t n)
{
	if (s->n < n || memcmp(s->p, lit, n) != 0)
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

/* Index of c in the first `max` bytes, or STR_NPOS. */
static inline size_t find_near(struct str s, char c, size_t max)
{
	size_t n = s.n < max ? s.n : max;
	size_t at = (size_t)(find1(s.p, s.p + n, c) - s.p);

	return at < n ? at : STR_NPOS;
}

const char *line_split(struct str line, struct audit_line *ret)
{
	struct str s = line;
	size_t end;

	ret->all = line;
	ret->node = STR_NONE;
	if (SKIP(&s, "node=") && !str_cut(&s, ' ', &ret->node))
		return "type= after node=";
	if (!SKIP(&s, "type="))
		return "type=";
	end = find_near(s, ' ', TYPE_MAX);
	if (end == STR_NPOS || end == 0)
		return "a record type";
	ret->type = str_upto(s, end);
	s = str_from(s, end + 1);
	if (!SKIP(&s, "msg=audit(")) {
		SKIP(&s, "msg=");
		if (!SKIP(&s, "audit("))
			return "audit(TIME:SERIAL)";
	}
	end = find_near(s, ')', ID_MAX);
	if (end == STR_NPOS)
		return "audit(TIME:SERIAL)";
	ret->id = str_upto(s, end);
	s = str_from(s, end + 1);
	if (!SKIP(&s, ": ")) {
		SKIP(&s, ":");
		SKIP(&s, " ");
	}
	ret->body = s;
	return NULL;
}

/* The value of eight digits in memory order, in three steps of halves. */
static bool eight_digits(const char *p, uint64_t *ret)
{
	const uint64_t zeros = 0x3030303030303030;
	uint64_t v = load8(p, 8) - zeros;

	if ((v | (v + 0x7676767676767676)) & 0x8080808080808080)
		return false;
	v = (v * 10 + (v >> 8)) & 0x00ff00ff00ff00ff;
	v = (v * 100 + (v >> 16)) & 0x0000ffff0000ffff;
	*ret = (v * 10000 + (v >> 32)) & 0xffffffff;
	return true;
}

/* Digits at the front of *s, at most `max` of them; how many there were. */
static size_t take_digits(struct str *s, size_t max, uint64_t *ret)
{
	size_t n = 0;
	uint64_t v = 0;

	if (max >= 8 && s->n >= 8 && eight_digits(s->p, &v))
		n = 8;

	while (n < s->n && n < max && s->p[n] >= '0' && s->p[n] <= '9')
		v = v * 10 + (uint64_t)(s->p[n++] - '0');
	*s = str_from(*s, n);
	*ret = v;
	return n;
}

const char *line_id(struct str id, int64_t *ret_time, uint32_t *ret_serial)
{
	uint64_t sec, ms, serial;

	if (!take_digits(&id, 11, &sec) || !SKIP(&id, ".") ||
	    !take_digits(&id, 3, &ms) || !SKIP(&id, ":"))
		return "a time SECONDS.MILLISECONDS";
	if (!take_digits(&id, 10, &serial) || id.n || serial > UINT32_MAX)
		return "a serial number";
	*ret_time = (int64_t)(sec * 1000 + ms) * 1000;
	*ret_serial = (uint32_t)serial;
	return NULL;
}
