/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/build.h"
#include "sources/audit/value.h"

#define PATH_KEYS                                                              \
	(KEY_BIT(K_ITEM) | KEY_BIT(K_NAME) | KEY_BIT(K_INODE) |                \
	    KEY_BIT(K_DEV) | KEY_BIT(K_MODE) | KEY_BIT(K_NAMETYPE))

struct str build_cwd(struct build *b)
{
	const struct group_record *r = build_find(b, ROLE_CWD);

	if (!r)
		return STR_NONE;
	return value_text(&b->mem, build_fields(b, r, KEY_BIT(K_CWD)), K_CWD);
}

static void read_path(
    struct build *b, const struct group_record *r, struct build_path *ret)
{
	const struct fields *f = build_fields(b, r, PATH_KEYS);
	uint64_t mode;

	*ret = (struct build_path){.item = -1, .inode = -1, .mode = -1};
	value_int(f, K_ITEM, &ret->item);
	value_int(f, K_INODE, &ret->inode);
	ret->name = value_text(&b->mem, f, K_NAME);
	ret->nametype = value_word(f, K_NAMETYPE);
	if (!ret->nametype.p)
		ret->nametype = value_word(f, K_OBJTYPE);
	ret->dev = value_word(f, K_DEV);
	if (fields_has(f, K_MODE) && str_oct64(f->v[K_MODE], &mode))
		ret->mode = (int64_t)(mode & 07777);
}

static bool same_path(const struct build_path *a, const struct build_path *b)
{
	return a->item == b->item && a->inode == b->inode &&
	       str_eq(a->name, b->name);
}

size_t build_paths(
    struct build *b, struct build_path ret[static BUILD_MAX_PATHS])
{
	size_t n = 0;

	for (size_t i = 0; i < b->g->n && n < BUILD_MAX_PATHS; i++) {
		struct build_path p;
		size_t at = n;

		if (b->g->rec[i].role != ROLE_PATH)
			continue;
		read_path(b, &b->g->rec[i], &p);
		while (at > 0 && ret[at - 1].item > p.item)
			at--;
		if (at > 0 && same_path(&ret[at - 1], &p))
			continue;
		memmove(&ret[at + 1], &ret[at], (n - at) * sizeof *ret);
		ret[at] = p;
		n++;
	}
	return n;
}

void build_set_path(
    struct build *b, enum field to, struct str name, bool relative_ok)
{
	struct str cwd;
	char *joined;

	str_skip(&name, STR("./"));
	event_set_str(&b->ev, to, name);
	if (!name.n || name.p[0] == '/')
		return;
	cwd = relative_ok ? build_cwd(b) : STR_NONE;
	if (!cwd.n || cwd.p[0] != '/') {
		build_infer(b, STR("path is relative to a directory that was "
				   "not logged"));
		return;
	}
	str_chop(&cwd, STR("/"));
	joined = arena_alloc(&b->mem, cwd.n + 1 + name.n);
	if (!joined)
		return;
	memcpy(joined, cwd.p, cwd.n);
	joined[cwd.n] = '/';
	memcpy(joined + cwd.n + 1, name.p, name.n);
	event_set_str(&b->ev, to, str_make(joined, cwd.n + 1 + name.n));
	build_infer(b, STR("path made absolute from the working directory"));
}
