/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/build.h"
#include "sources/audit/value.h"

#define AT_FDCWD_TEXT STR("ffffff9c")

static int set_argv(struct build *b)
{
	size_t n = 0;
	int r;

	for (size_t i = 0; i < b->g->n && n < BUILD_MAX_EXECVE; i++)
		if (b->g->rec[i].role == ROLE_EXECVE)
			b->bodies[n++] = record_body(&b->g->rec[i]);
	if (n == 0)
		return 0;
	r = argv_parse(&b->argv, b->bodies, n);
	if (r < 0)
		return r;
	/* A list without arguments is an empty one, not an absent one. */
	event_set_str(
	    &b->ev, F_ARGV, b->argv.list.n ? buf_str(&b->argv.list) : STR(""));
	if (b->argv.cut)
		event_set_int(&b->ev, F_CUT, true);
	b->missing |= b->argv.partial && !b->argv.cut && !b->g->cut;
	return 1;
}

/*
 * The name that was executed is item 0. It tells something where it differs
 * from the executable: a script, or a symbolic link.
 */
static void set_script(struct build *b, const struct sys_call *call)
{
	bool relative_ok = call->dir_arg < 0 ||
			   str_ends(fields_get(&b->main, K_A0), AT_FDCWD_TEXT);

	for (size_t i = 0; i < b->g->n; i++) {
		const struct fields *f;
		struct str name;

		if (b->g->rec[i].role != ROLE_PATH)
			continue;
		f = build_fields(
		    b, &b->g->rec[i], KEY_BIT(K_ITEM) | KEY_BIT(K_NAME));
		if (!str_eq(fields_get(f, K_ITEM), STR("0")))
			continue;
		name = value_text(&b->mem, f, K_NAME);
		if (name.n && !str_eq(name, event_str(&b->ev, F_EXE)))
			build_set_path(b, F_PATH, name, relative_ok);
		return;
	}
}

void build_exec(struct build *b, const struct sys_call *call)
{
	bool failed = !event_int(&b->ev, F_SUCCESS, true);
	int r = set_argv(b);

	b->ev.kind = EVENT_EXEC;
	/* What was asked for is not known: such a call has no EXECVE record. */
	if (r == 0 && failed)
		build_title(b);
	else if (r <= 0)
		b->missing = true;
	event_set_str(&b->ev, F_CWD, build_cwd(b));
	set_script(b, call);
}
