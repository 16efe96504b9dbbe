/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/wrapped.h"

#include <errno.h>

#include "sources/audit/records.h"
#include "sources/authlog/program.h"

/* "node=", a host's name, "type=", a type, "msg=". */
#define HEAD_MAX 400

/* rsyslog's way of writing the character before the names of enriched logs. */
#define TAIL	 STR("#035")
#define TAIL_SEP '\x1d'

/* "[   12.345678] ", the kernel's time since boot. */
static void stamp_skip(struct str *s)
{
	struct str rest = *s, stamp;

	if (!str_skip(&rest, STR("[")) || !str_cut(&rest, ']', &stamp))
		return;
	for (size_t i = 0; i < stamp.n; i++)
		if (!strchr(" .0123456789", stamp.p[i]))
			return;
	str_skip(&rest, STR(" "));
	*s = rest;
}

/* Any name may stand before a record; what auditd writes should be one. */
static bool is_record(struct str ident, struct str s)
{
	if (!str_starts(s, STR("type=")) && !str_starts(s, STR("node=")))
		return false;
	return str_starts(ident, STR("audi")) ||
	       str_find(str_upto(s, HEAD_MAX), STR("audit(")) != STR_NPOS;
}

/* A value holds these four characters only within quotes. */
static size_t tail_find(struct str s)
{
	bool quoted = false;

	if (str_find(s, TAIL) == STR_NPOS)
		return STR_NPOS;
	for (size_t i = 0; i + TAIL.n < s.n; i++) {
		char next = s.p[i + TAIL.n];

		quoted ^= s.p[i] == '"';
		if (!quoted && next >= 'A' && next <= 'Z' &&
		    str_starts(str_from(s, i), TAIL))
			return i;
	}
	return STR_NPOS;
}

static struct str tail_decode(struct str s, struct arena *a)
{
	size_t at = tail_find(s);
	size_t rest;
	char *p;

	if (at == STR_NPOS)
		return arena_dup(a, s);
	rest = s.n - at - TAIL.n;
	p = arena_alloc(a, at + 1 + rest);
	if (!p)
		return STR_NONE;
	memcpy(p, s.p, at);
	p[at] = TAIL_SEP;
	memcpy(p + at + 1, s.p + at + TAIL.n, rest);
	return str_make(p, at + 1 + rest);
}

int wrapped_record(const struct log_line *l, struct arena *a, struct str *ret)
{
	bool kernel = str_eqz(l->ident, "kernel");
	struct str s = l->msg, rest;

	if (kernel)
		stamp_skip(&s);
	rest = s;
	if (kernel && str_skip(&rest, STR("audit: ")) &&
	    str_starts(rest, STR("type=")))
		s = rest;
	if (!(kernel && records_tell_loss(s)) &&
	    (!is_record(l->ident, s) || program_find(l->ident)))
		return 0;
	*ret = tail_decode(s, a);
	return ret->p ? 1 : -ENOMEM;
}
