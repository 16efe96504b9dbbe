/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host/rsyslog_conf.h"

static size_t find_fold(struct str s, struct str needle)
{
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (str_eq_fold(str_make(s.p + i, needle.n), needle))
			return i;
	return STR_NPOS;
}

/* Whether `name` is set to 0, quoted or behind a blank. */
static bool is_set_to_zero(struct str s, struct str name)
{
	size_t at = find_fold(s, name), i;

	if (at == STR_NPOS)
		return false;
	s = str_from(s, at + name.n);
	for (i = 0; i < s.n && strchr(" \t=\"'", s.p[i]) && s.p[i]; i++)
		continue;
	return i < s.n && s.p[i] == '0';
}

bool rsyslog_is_limited(struct str text)
{
	struct str line;
	bool loads = false, within = false, limited = true;

	while (text.n) {
		str_cut(&text, '\n', &line);
		line = str_upto(line, str_find_char(line, '#'));
		if (find_fold(line, STR("\"imjournal\"")) != STR_NPOS ||
		    find_fold(line, STR("ModLoad imjournal")) != STR_NPOS)
			loads = within = true;
		if ((within &&
			is_set_to_zero(line, STR("ratelimit.interval"))) ||
		    is_set_to_zero(line, STR("$imjournalRatelimitInterval")))
			limited = false;
		if (str_find_char(line, ')') != STR_NPOS)
			within = false;
	}
	return loads && limited;
}
