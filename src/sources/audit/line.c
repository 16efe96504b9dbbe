/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/line.h"

/* Ten digits of seconds, three of milliseconds, ten of serial, with room. */
#define ID_MAX	 48
#define TYPE_MAX 64

const char *line_split(struct str line, struct audit_line *ret)
{
	struct str s = line, head;
	size_t end;

	ret->all = line;
	ret->node = STR_NONE;
	if (str_skip(&s, STR("node=")) && !str_cut(&s, ' ', &ret->node))
		return "type= after node=";
	if (!str_skip(&s, STR("type=")))
		return "type=";
	head = str_upto(s, TYPE_MAX);
	end = str_find_char(head, ' ');
	if (end == STR_NPOS || end == 0)
		return "a record type";
	ret->type = str_upto(s, end);
	s = str_from(s, end + 1);
	str_skip(&s, STR("msg="));
	if (!str_skip(&s, STR("audit(")))
		return "audit(TIME:SERIAL)";
	end = str_find_char(str_upto(s, ID_MAX), ')');
	if (end == STR_NPOS)
		return "audit(TIME:SERIAL)";
	ret->id = str_upto(s, end);
	s = str_from(s, end + 1);
	str_skip(&s, STR(":"));
	str_skip(&s, STR(" "));
	ret->body = s;
	return NULL;
}

/* Digits at the front of *s, at most `max` of them; how many there were. */
static size_t take_digits(struct str *s, size_t max, uint64_t *ret)
{
	size_t n = 0;
	uint64_t v = 0;

	while (n < s->n && n < max && s->p[n] >= '0' && s->p[n] <= '9')
		v = v * 10 + (uint64_t)(s->p[n++] - '0');
	*s = str_from(*s, n);
	*ret = v;
	return n;
}

const char *line_id(struct str id, int64_t *ret_time, uint32_t *ret_serial)
{
	uint64_t sec, ms, serial;

	if (!take_digits(&id, 11, &sec) || !str_skip(&id, STR(".")) ||
	    !take_digits(&id, 3, &ms) || !str_skip(&id, STR(":")))
		return "a time SECONDS.MILLISECONDS";
	if (!take_digits(&id, 10, &serial) || id.n || serial > UINT32_MAX)
		return "a serial number";
	*ret_time = (int64_t)(sec * 1000 + ms) * 1000;
	*ret_serial = (uint32_t)serial;
	return NULL;
}
