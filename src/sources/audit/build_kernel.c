/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the kernel that are no system calls, and auditd's own. */
#include "sources/audit/build.h"

#include <inttypes.h>
#include <libaudit.h>

#include "sources/audit/value.h"

/* Of a SYSCALL record, who it was. */
#define SYSCALL_IDS                                                            \
	(KEY_BIT(K_PID) | KEY_BIT(K_PPID) | KEY_BIT(K_COMM) | KEY_BIT(K_EXE))

#define PTS_MAJOR      136
#define PTS_MAJOR_LAST 143
#define TTY_MAJOR      4

static void set_res(struct build *b, const struct fields *f)
{
	struct str res = fields_get(f, K_RES);

	if (res.n)
		event_set_int(
		    &b->ev, F_SUCCESS, res.p[0] == '1' || res.p[0] == 's');
}

/* Of the process that made the kernel write the deciding record. */
static void set_caller(struct build *b)
{
	const struct group_record *r = build_find(b, ROLE_SYSCALL);
	const struct fields *f;

	if (!r)
		return;
	f = build_fields(b, r, SYSCALL_IDS);
	build_set_int(b, F_PID, f, K_PID);
	build_set_int(b, F_PPID, f, K_PPID);
	build_set_text(b, F_COMM, f, K_COMM);
	build_set_text(b, F_EXE, f, K_EXE);
	if (event_has(&b->ev, F_EXE))
		event_set_str(
		    &b->ev, F_IDENT, str_base_name(event_str(&b->ev, F_EXE)));
}

void build_login(struct build *b)
{
	const struct fields *f = &b->main;

	b->ev.kind = EVENT_SESSION_OPEN;
	build_process(b, f);
	build_set_id(b, F_OLD_AUID, f, K_OLD_AUID);
	build_set_id(b, F_OLD_SES, f, K_OLD_SES);
	set_res(b, f);
	event_set_str(&b->ev, F_TYPE, STR("LOGIN"));
	set_caller(b);
	if (event_has(&b->ev, F_AUID) || !event_has(&b->ev, F_OLD_AUID))
		return;
	/* root may do so; audit rules that ask for a login uid are blind now */
	b->ev.kind = EVENT_PRIV;
	event_set_str(
	    &b->ev, F_REASON, STR("a process took off its login uid"));
}

static struct str tty_name(struct build *b, int64_t major, int64_t minor)
{
	if (major >= PTS_MAJOR && major <= PTS_MAJOR_LAST)
		return arena_printf(
		    &b->mem, "pts/%" PRId64, (major - PTS_MAJOR) * 256 + minor);
	if (major == TTY_MAJOR && minor < 64)
		return arena_printf(&b->mem, "tty%" PRId64, minor);
	if (major == TTY_MAJOR)
		return arena_printf(&b->mem, "ttyS%" PRId64, minor - 64);
	return arena_printf(&b->mem, "%" PRId64 ":%" PRId64, major, minor);
}

void build_tty(struct build *b)
{
	int64_t major, minor;

	b->ev.kind = EVENT_TTY_INPUT;
	build_process(b, &b->main);
	if (value_int(&b->main, K_MAJOR, &major) &&
	    value_int(&b->main, K_MINOR, &minor) && major >= 0 &&
	    major < 4096 && minor >= 0 && minor < 1 << 20)
		event_set_str(&b->ev, F_TTY, tty_name(b, major, minor));
	build_set_text(b, F_TEXT, &b->main, K_DATA);
}

void build_abend(struct build *b)
{
	b->ev.kind = EVENT_EXIT;
	build_process(b, &b->main);
	build_set_int(b, F_SIGNAL, &b->main, K_SIG);
	event_set_str(&b->ev, F_TYPE, STR("ANOM_ABEND"));
}

/* By how much stands in a record that says nothing of who did it. */
void build_time(struct build *b)
{
	const struct group_record *r = build_find(b, ROLE_SYSCALL);

	b->ev.kind = EVENT_CLOCK;
	if (r)
		build_process(b, build_fields(b, r, KEYS_ALL));
	build_types(b);
	build_text(b, true);
}

/* Has no auid and no session: they follow from what its process did before. */
void build_uring(struct build *b)
{
	struct build_path paths[BUILD_MAX_PATHS];
	struct str op = value_word(&b->main, K_URING_OP);

	build_process(b, &b->main);
	if (op.p)
		event_set_str(&b->ev, F_SYSCALL,
		    arena_printf(&b->mem, "io_uring:%.*s", STR_ARG(op)));
	if (build_paths(b, paths) && paths[0].name.p)
		build_set_path(b, F_PATH, paths[0].name, false);
	event_set_str(&b->ev, F_KEY, value_keys(&b->mem, &b->main));
	build_types(b);
	build_text(b, true);
}

void build_config(struct build *b)
{
	b->ev.kind = EVENT_CONFIG;
	build_process(b, &b->main);
	if (b->nested.has)
		build_process(b, &b->nested);
	set_caller(b);
	set_res(b, fields_has(&b->nested, K_RES) ? &b->nested : &b->main);
	event_set_str(&b->ev, F_OP,
	    value_word(
		fields_has(&b->nested, K_OP) ? &b->nested : &b->main, K_OP));
	event_set_str(&b->ev, F_KEY, value_keys(&b->mem, &b->main));
	build_types(b);
	build_text(b, true);
}

static void agent_event(struct build *b, enum event_kind kind)
{
	b->ev.kind = kind;
	build_process(b, &b->main);
	event_set_str(&b->ev, F_IDENT, STR("auditd"));
	event_set_str(&b->ev, F_OP, value_word(&b->main, K_OP));
	set_res(b, &b->main);
	build_types(b);
	build_text(b, true);
}

void build_agent_start(struct build *b)
{
	agent_event(b, EVENT_AGENT_START);
}

void build_agent_stop(struct build *b)
{
	agent_event(b, EVENT_AGENT_STOP);
}

/* auditd in trouble: a loss where its words say so. */
void build_agent_error(struct build *b)
{
	static const char *const words[] = {
	    "overflow", "lost", "drop", "full", "exceed"};
	struct str text = record_body(&b->g->rec[0]);
	bool loss = false;

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		loss |= str_find(text, str_z(words[i])) != STR_NPOS;
	agent_event(b, loss ? EVENT_GAP : EVENT_OTHER);
	if (loss)
		event_set_str(&b->ev, F_REASON, str_trim(text));
}

void build_boot(struct build *b)
{
	struct str op = STR("kernel");

	if (b->type == AUDIT_SYSTEM_BOOT)
		op = STR("boot");
	else if (b->type == AUDIT_SYSTEM_SHUTDOWN)
		op = STR("shutdown");
	b->ev.kind = EVENT_HOST_BOOT;
	build_process(b, &b->main);
	event_set_str(&b->ev, F_OP, op);
	build_types(b);
	build_text(b, true);
}

void build_other(struct build *b)
{
	uint64_t companions =
	    ((uint64_t)2 << ROLE_OPENAT2) - ((uint64_t)1 << ROLE_EXECVE);

	/* Companions of a SYSCALL record that is not here. */
	b->missing =
	    !GROUP_HAS(b->g, ROLE_SYSCALL) && (b->g->roles & companions);
	build_process(b, &b->main);
	event_set_str(&b->ev, F_OP, value_word(&b->main, K_OP));
	build_types(b);
	build_text(b, true);
}
