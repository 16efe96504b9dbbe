/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/paths.h"

#include "sources/bpf/record.h"

bool paths_valid(struct str names)
{
	return names.n == 0 || names.p[names.n - 1] == '\0';
}

static size_t add(char *to, size_t at, struct str s)
{
	if (s.n)
		memcpy(to + at, s.p, s.n);
	return at + s.n;
}

/* Cuts the last name, which is the one nearest to the root. */
static struct str take_last(struct str *names)
{
	struct str rest = str_upto(*names, names->n - 1), name;
	size_t before = str_rfind_char(rest, '\0');
	size_t begin = before == STR_NPOS ? 0 : before + 1;

	name = str_from(rest, begin);
	*names = str_upto(*names, begin);
	return name;
}

struct str paths_text(struct arena *a, struct str names, unsigned flags)
{
	static const struct str cut = {"...", 3}, gone = {" (deleted)", 10};
	bool detached = flags & REC_PATH_DETACHED &&
			str_find_char(names, '\0') + 1 == names.n;
	size_t n = 0;
	char *to;

	if (!(flags & REC_PATH_KNOWN))
		return STR_NONE;
	/* A name and its NUL become a slash and that name. */
	to = arena_alloc(a, cut.n + names.n + 1 + gone.n);
	if (!to)
		return STR_NONE;
	if (flags & REC_PATH_CUT)
		n = add(to, n, cut);
	else if (names.n == 0)
		n = add(to, n, STR("/"));
	while (names.n) {
		n = add(to, n, STR("/"));
		n = add(to, n, take_last(&names));
	}
	if (detached || flags & REC_PATH_DELETED)
		n = add(to, n, gone);
	return str_make(to, n);
}

struct str paths_join(struct arena *a, struct str cwd, struct str name)
{
	size_t n = 0;
	char *to;

	str_skip(&name, STR("./"));
	str_chop(&cwd, STR("/"));
	to = arena_alloc(a, cwd.n + 1 + name.n);
	if (!to)
		return STR_NONE;
	n = add(to, n, cwd);
	n = add(to, n, STR("/"));
	n = add(to, n, name);
	return str_make(to, n);
}
