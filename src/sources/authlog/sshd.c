/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/sshd.h"

#include "sources/authlog/sshd_forms.h"

/*
 * LogVerbose puts `FILE.c:FUNCTION():LINE (bin=NAME, pid=N): ` in front; the
 * part in parentheses since 8.5, with `bin` since 9.8.
 */
static void place_skip(struct str *s)
{
	size_t word = str_find_char(*s, ' ');
	struct str place = str_upto(*s, word);
	size_t at = str_find_char(place, '.');
	size_t end;

	/* Most messages begin with a word that has no dot. */
	if (at == STR_NPOS || str_find(place, STR(".c:")) == STR_NPOS ||
	    str_find(place, STR("():")) == STR_NPOS)
		return;
	if (str_ends(place, STR(":"))) {
		*s = str_from(*s, word + 1);
		return;
	}
	if (!str_starts(str_from(*s, place.n), STR(" (")))
		return;
	end = str_find(*s, STR("): "));
	if (end != STR_NPOS)
		*s = str_from(*s, end + 3);
}

void sshd_level_skip(struct message *m)
{
	place_skip(&m->text);
	if (str_skip(&m->text, STR("error: ")))
		event_set_str(m->ev, F_LEVEL, STR("err"));
	else if (str_skip(&m->text, STR("fatal: ")))
		event_set_str(m->ev, F_LEVEL, STR("crit"));
	place_skip(&m->text);
}

static void prefixes_skip(struct message *m)
{
	sshd_level_skip(m);
	m->preauth = str_chop(&m->text, STR(" [preauth]"));
	if (m->preauth)
		event_set_int(m->ev, F_PREAUTH, true);
}

bool sshd_parse(struct message *m)
{
	m->vis = true;
	prefixes_skip(m);
	if (str_starts(m->text, STR("/")) || str_starts(m->text, STR("cert: ")))
		return form_match(sshd_file_forms, m);
	return form_match(sshd_forms, m);
}
