/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uninit.h"
#include "sources/audit/build.h"

#include <errno.h>
#include <inttypes.h>

#include "sources/audit/value.h"

static void set_result(struct build *b)
{
	const struct fields *f = &b->main;
	struct str success = fields_get(f, K_SUCCESS);
	int64_t code = 0;

	/* On success the result is a descriptor or a length, of no meaning
	 * without the process. */
	if (value_int(f, K_EXIT, &code) && code < 0)
		event_set_int(&b->ev, F_EXIT, code);
	/* A connection on its way: how it ends nobody tells. */
	if (success.p && code != -EINPROGRESS)
		event_set_int(&b->ev, F_SUCCESS, str_eq(success, STR("yes")));
}

static const struct sys_call *set_call(struct build *b)
{
	const struct fields *f = &b->main;
	const struct sys_call *call = NULL;
	struct str name = fields_get(f, K_SYSCALL);
	uint64_t arch = 0, nr;

	if (value_hex(f, K_ARCH, &arch)) {
		struct str s = names_arch(arch);

		event_set_str(&b->ev, F_ARCH, s.p ? s : f->v[K_ARCH]);
	}
	if (fields_has(f, K_SYSCALL) && str_u64(name, &nr)) {
		call = names_syscall(b->names, arch, nr);
		if (call && call->name.n)
			name = call->name;
	}
	event_set_str(&b->ev, F_SYSCALL, name);
	return call;
}

static void set_args(struct build *b)
{
	const struct fields *f = &b->main;
	size_t n = 0;
	char *to;

	for (enum audit_key k = K_A0; k <= K_A3; k++) {
		if (!fields_has(f, k))
			return;
		n += f->v[k].n + 1;
	}
	to = arena_alloc(&b->mem, n);
	if (!to)
		return;
	event_set_str(&b->ev, F_ARGS, str_make(to, n - 1));
	for (enum audit_key k = K_A0; k <= K_A3; k++) {
		memcpy(to, f->v[k].p, f->v[k].n);
		to[f->v[k].n] = ' ';
		to += f->v[k].n + 1;
	}
}

/* Calls without a kind of their own: with arguments, paths and raw text. */
static void other_call(struct build *b)
{
	UNINIT struct build_path paths[BUILD_MAX_PATHS];

	set_args(b);
	if (build_paths(b, paths) && paths[0].name.p)
		build_set_path(b, F_PATH, paths[0].name, false);
	build_types(b);
	build_text(b, false);
}

static void exit_call(struct build *b)
{
	uint64_t code;

	b->ev.kind = EVENT_EXIT;
	if (value_hex(&b->main, K_A0, &code))
		event_set_int(&b->ev, F_EXIT, (int64_t)(code & 255));
}

static void setuid_call(struct build *b)
{
	const struct group_record *r = build_find(b, ROLE_SYSCALL);
	struct str name =
	    value_name(&b->mem, build_fields(b, r, KEYS_ALL), K_EUID_NAME);
	int64_t euid;

	set_args(b);
	if (!event_int(&b->ev, F_SUCCESS, false)) {
		build_types(b);
		return;
	}
	b->ev.kind = EVENT_PRIV;
	event_set_str(&b->ev, F_OP, event_str(&b->ev, F_SYSCALL));
	/* The ids of the record are those after the call. */
	if (!name.p && value_id(&b->main, K_EUID, &euid))
		name = arena_printf(&b->mem, "%" PRId64, euid);
	event_set_str(&b->ev, F_TARGET, name);
}

static void clock_call(struct build *b)
{
	if (event_int(&b->ev, F_SUCCESS, false))
		b->ev.kind = EVENT_CLOCK;
	set_args(b);
}

static size_t count_paths(const struct build *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->g->n; i++)
		n += b->g->rec[i].role == ROLE_PATH;
	return n;
}

/* `items` tells how many PATH records belong to the event. */
static void check_items(struct build *b)
{
	int64_t items;

	if (value_int(&b->main, K_ITEMS, &items) && items > 0 &&
	    (uint64_t)items > count_paths(b) && !b->g->cut)
		b->missing = true;
}

/* Only what runs a program has arguments, whatever call that is here. */
static const struct sys_call *known_by_records(
    const struct build *b, const struct sys_call *call)
{
	static const struct sys_call some_exec = {.cls = SYS_EXEC,
	    .mode_arg = -1,
	    .dir_arg = -1,
	    .dir2_arg = -1,
	    .flag_arg = -1};

	if (call && call->cls != SYS_OTHER)
		return call;
	return GROUP_HAS(b->g, ROLE_EXECVE) ? &some_exec : call;
}

void build_syscall(struct build *b)
{
	const struct sys_call *call;

	check_items(b);
	if (b->missing && !b->force)
		return;
	build_process(b, &b->main);
	set_result(b);
	call = known_by_records(b, set_call(b));
	event_set_str(&b->ev, F_KEY, value_keys(&b->mem, &b->main));
	switch (call ? (enum sys_class)call->cls : SYS_OTHER) {
	case SYS_EXEC:
		build_exec(b, call);
		break;
	case SYS_OPEN:
	case SYS_FILE:
		build_file(b, call);
		break;
	case SYS_SOCKET:
		build_socket(b, call);
		break;
	case SYS_EXIT:
		exit_call(b);
		break;
	case SYS_SETUID:
		setuid_call(b);
		break;
	case SYS_CLOCK:
		clock_call(b);
		break;
	case SYS_OTHER:
		other_call(b);
		break;
	}
	/* Records of no known role (AVC, OBJ_PID, ...) stay as text. */
	if (GROUP_HAS(b->g, ROLE_OTHER) && !event_has(&b->ev, F_TEXT)) {
		build_types(b);
		build_text(b, false);
	}
}
