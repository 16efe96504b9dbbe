/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/log_line.h"

#include "sources/authlog/year.h"

static const char *const severities[] = {
    "emerg",
    "alert",
    "crit",
    "err",
    "warning",
    "notice",
    "info",
    "debug",
};

struct str severity_name(uint64_t severity)
{
	if (severity >= sizeof severities / sizeof *severities)
		return STR_NONE;
	return str_z(severities[severity]);
}

static struct str blanks_trim(struct str s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] == ' ')
		i++;
	return str_from(s, i);
}

void log_line_set_msg(struct log_line *l, struct str msg)
{
	struct str s, count;
	uint64_t n;

	l->msg = s = str_trim(msg);
	if (!str_skip(&s, STR("message repeated ")) ||
	    !str_cut(&s, ' ', &count) || !str_u64(count, &n) ||
	    !str_skip(&s, STR("times: [")) || !str_chop(&s, STR("]")))
		return;
	l->repeat = n;
	l->msg = str_trim(s);
}

/* "last message repeated N times", which stands where the tag would. */
static bool repeats_last(struct str s, struct log_line *l)
{
	struct str count;

	if (!str_skip(&s, STR("last message repeated ")))
		return false;
	if (!str_cut(&s, ' ', &count) || !str_u64(count, &l->repeat) ||
	    !str_starts(s, STR("time")))
		return false;
	l->repeats_last = l->tagged = true;
	return true;
}

/* "auth.info" or "<auth.info>": facility and severity, said by some. */
static bool priority_name(struct str s, struct log_line *l)
{
	struct str facility;

	if (str_skip(&s, STR("<")) && !str_chop(&s, STR(">")))
		return false;
	if (!str_cut(&s, '.', &facility) || !facility.n || !s.n)
		return false;
	for (size_t i = 0; i < sizeof severities / sizeof *severities; i++)
		if (str_eqz(s, severities[i])) {
			l->level = str_z(severities[i]);
			return true;
		}
	return s.n == 1 && s.p[0] >= '0' && s.p[0] <= '7';
}

/* `<38>` in front of the line. */
static void priority_number(struct str *s, struct log_line *l)
{
	struct str rest = *s;
	struct str n;
	uint64_t v;

	if (!str_skip(&rest, STR("<")))
		return;
	n = str_upto(rest, str_find_char(rest, '>'));
	if (n.n == 0 || n.n > 3 || n.n == rest.n || !str_u64(n, &v))
		return;
	l->level = severity_name(v & 7);
	*s = str_from(rest, n.n + 1);
}

bool log_tag_parse(struct str *s, struct log_line *ret)
{
	struct str rest = *s;
	struct str pid;
	bool colon, blank;
	size_t n = 0;
	uint64_t v;

	/* "[sshd]:", as one old daemon writes. */
	if (str_starts(rest, STR("["))) {
		n = str_find_char(rest, ']');
		if (n == STR_NPOS || n < 2)
			return false;
		ret->ident = str_make(rest.p + 1, n - 1);
		rest = str_from(rest, n + 1);
	} else {
		while (n < rest.n && rest.p[n] != ':' && rest.p[n] != '[' &&
		       rest.p[n] != ' ')
			n++;
		if (n == 0)
			return false;
		ret->ident = str_upto(rest, n);
		rest = str_from(rest, n);
	}
	if (str_skip(&rest, STR("["))) {
		if (!str_cut(&rest, ']', &pid))
			return false;
		if (str_u64(pid, &v) && v <= INT32_MAX)
			ret->pid = (int64_t)v;
	}
	colon = str_skip(&rest, STR(":"));
	blank = rest.n == 0 || rest.p[0] == ' ';
	if (!colon && !blank)
		return false;
	ret->tagged = ret->pid >= 0 || (colon && blank);
	*s = rest;
	return true;
}

/* Solaris: "[ID 800047 auth.info] " before the message. */
static void message_id_skip(struct str *s, struct log_line *l)
{
	struct str rest = blanks_trim(*s);
	struct str id, number;

	if (!str_skip(&rest, STR("[ID ")) || !str_cut(&rest, ']', &id))
		return;
	str_cut(&id, ' ', &number);
	if (priority_name(id, l))
		*s = rest;
}

/* What follows the time: HOST TAG: MESSAGE. */
static enum line_kind host_and_tag(struct str s, struct log_line *l)
{
	struct str word, ahead;

	s = blanks_trim(s);
	ahead = s;
	if (str_starts(ahead, STR("<")) && str_cut(&ahead, ' ', &word) &&
	    priority_name(word, l))
		s = blanks_trim(ahead);
	if (repeats_last(s, l))
		return LINE_MESSAGE;
	if (!str_cut(&s, ' ', &l->host) || !l->host.n)
		return LINE_BAD;
	s = blanks_trim(s);
	if (repeats_last(s, l))
		return LINE_MESSAGE;
	ahead = s;
	/* busybox: "HOST auth.info sshd[1]: ". */
	if (str_cut(&ahead, ' ', &word) && !str_ends(word, STR(":")) &&
	    priority_name(word, l))
		s = blanks_trim(ahead);
	if (!log_tag_parse(&s, l))
		return LINE_BAD;
	message_id_skip(&s, l);
	log_line_set_msg(l, s);
	return LINE_MESSAGE;
}

/* Structured data: "-", or [..] groups whose values may hold brackets. */
static bool structured_skip(struct str *s)
{
	size_t i = 0;
	bool quoted = false;

	if (str_skip(s, STR("-")))
		return true;
	while (i < s->n && s->p[i] == '[') {
		for (i++; i < s->n && (quoted || s->p[i] != ']'); i++) {
			if (s->p[i] == '\\' && quoted)
				i++;
			else if (s->p[i] == '"')
				quoted = !quoted;
		}
		if (i >= s->n)
			return false;
		i++;
	}
	*s = str_from(*s, i);
	return i > 0;
}

static struct str nil_none(struct str s)
{
	return str_eqz(s, "-") ? STR_NONE : s;
}

/* Behind "<PRI>1 ". */
static enum line_kind rfc5424(
    struct str s, utc_offset_fn *utc_offset, struct log_line *l)
{
	struct str pid, msgid;
	uint64_t v;

	if (!time_parse_iso(&s, utc_offset, &l->time) ||
	    !str_skip(&s, STR(" ")) || !str_cut(&s, ' ', &l->host) ||
	    !str_cut(&s, ' ', &l->ident) || !str_cut(&s, ' ', &pid) ||
	    !str_cut(&s, ' ', &msgid) || !structured_skip(&s))
		return LINE_BAD;
	l->host = nil_none(l->host);
	l->ident = nil_none(l->ident);
	if (str_u64(pid, &v) && v <= INT32_MAX)
		l->pid = (int64_t)v;
	l->tagged = l->ident.n > 0;
	s = blanks_trim(s);
	str_skip(&s, STR("\xef\xbb\xbf"));
	log_line_set_msg(l, s);
	return LINE_MESSAGE;
}

bool log_line_parse_bsd_time(
    struct str *s, utc_offset_fn *utc_offset, struct log_line *ret)
{
	if (!time_parse_bsd(s, &ret->civil))
		return false;
	ret->yearless = ret->civil.year == 0;
	if (!ret->yearless)
		ret->time = time_from_local(&ret->civil, utc_offset);
	return true;
}

static bool is_noise(struct str s)
{
	return s.n == 0 ||
	       (str_starts(s, STR("-- ")) && str_ends(s, STR(" --")));
}

enum line_kind log_line_parse(struct str line, utc_offset_fn *utc_offset,
    struct arena *a, struct log_line *ret)
{
	struct str s = line;

	*ret = (struct log_line){.pid = -1};
	if (is_noise(s))
		return LINE_NOISE;
	if (s.p[0] == ' ' || s.p[0] == '\t')
		return LINE_CONTINUED;
	if (s.p[0] == '{')
		return log_line_parse_json(s, utc_offset, a, ret) ? LINE_MESSAGE
								  : LINE_BAD;
	priority_number(&s, ret);
	if (str_starts(s, STR("1 ")))
		return rfc5424(str_from(s, 2), utc_offset, ret);
	if (s.n && s.p[0] >= '0' && s.p[0] <= '9') {
		if (!time_parse_iso(&s, utc_offset, &ret->time))
			return LINE_BAD;
		return host_and_tag(s, ret);
	}
	if (!log_line_parse_bsd_time(&s, utc_offset, ret))
		return LINE_BAD;
	return host_and_tag(s, ret);
}
