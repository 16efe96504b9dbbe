/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/shells.h"

#define COLONS 6

/* name:password:uid:gid:comment:home:shell */
static bool cut_line(
    struct str line, struct str *ret_name, struct str *ret_shell)
{
	struct str rest = line, field;

	for (size_t i = 0; i < COLONS; i++) {
		if (!str_cut(&rest, ':', &field))
			return false;
		if (i == 0)
			*ret_name = field;
	}
	*ret_shell = rest;
	return str_find_char(rest, ':') == STR_NPOS;
}

size_t shells_find(struct str text, struct str name, struct str *ret)
{
	struct str line, user, shell;
	size_t n = 0;

	while (text.n) {
		str_cut(&text, '\n', &line);
		if (!cut_line(line, &user, &shell) || !str_eq(user, name))
			continue;
		if (n++ == 0)
			*ret = shell;
	}
	return n;
}

void shells_write(struct str text,
    struct str (*choose)(void *ctx, struct str name, struct str now), void *ctx,
    struct buf *to)
{
	struct str line, user, shell;
	bool ended;

	while (text.n) {
		ended = str_cut(&text, '\n', &line);
		if (cut_line(line, &user, &shell)) {
			buf_add_str(to, str_upto(line, line.n - shell.n));
			buf_add_str(to, choose(ctx, user, shell));
		} else {
			buf_add_str(to, line);
		}
		if (ended)
			buf_add_char(to, '\n');
	}
}
