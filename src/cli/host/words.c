/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host/words.h"

/* Bytes of the blank that s begins with; 0: it does not. */
static size_t blank(struct str s)
{
	if (s.n == 0)
		return 0;
	if (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\n' || s.p[0] == '\r')
		return 1;
	return s.n > 1 && s.p[0] == '\\' && s.p[1] == '\n' ? 2 : 0;
}

bool word_next(struct str *s, struct str *ret)
{
	size_t n = 0;

	while (blank(*s))
		*s = str_from(*s, blank(*s));
	if (s->n == 0)
		return false;
	if (s->p[0] == '"') {
		struct str rest = str_from(*s, 1);

		n = str_find_char(rest, '"');
		*ret = str_upto(rest, n);
		*s = str_from(rest, n == STR_NPOS ? rest.n : n + 1);
		return true;
	}
	while (n < s->n && !blank(str_from(*s, n)))
		n++;
	*ret = str_upto(*s, n);
	*s = str_from(*s, n);
	return true;
}

bool word_in_list(struct str list, char separator, struct str word)
{
	struct str one;

	while (list.n) {
		str_cut(&list, separator, &one);
		if (str_eq(one, word))
			return true;
	}
	return false;
}
