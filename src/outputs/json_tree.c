/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/json_tree.h"

void json_tree_begin(struct json_tree *t, struct buf *b)
{
	*t = (struct json_tree){.b = b};
	buf_add_char(b, '{');
}

static size_t count_dots(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '.';
	return n;
}

/* Bytes of whole objects that both paths lie in, with the dot behind them. */
static size_t shared(struct str a, struct str b)
{
	size_t end = 0;

	for (size_t i = 0; i < a.n && i < b.n && a.p[i] == b.p[i]; i++)
		if (a.p[i] == '.')
			end = i + 1;
	return end;
}

void json_tree_at(struct json_tree *t, const char *path)
{
	struct str new = str_z(path), old = str_make(t->path, t->n), key;
	size_t common = shared(old, new);
	size_t closing = count_dots(str_from(old, common));

	while (closing--)
		buf_add_char(t->b, '}');
	if (t->any)
		buf_add_char(t->b, ',');
	t->any = true;
	t->n = new.n < sizeof t->path ? new.n : sizeof t->path;
	memcpy(t->path, new.p, t->n);
	new = str_from(new, common);
	while (str_cut(&new, '.', &key))
		buf_printf(t->b, "\"%.*s\":{", STR_ARG(key));
	buf_printf(t->b, "\"%.*s\":", STR_ARG(key));
}

void json_tree_end(struct json_tree *t)
{
	size_t closing = count_dots(str_make(t->path, t->n));

	while (closing--)
		buf_add_char(t->b, '}');
	buf_add_char(t->b, '}');
}
