/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/build.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "sources/audit/value.h"

/* All that a SYSCALL record has; of its tail, the login user's name. */
#define SYSCALL_KEYS                                                           \
	(KEY_BIT(K_ARCH) | KEY_BIT(K_SYSCALL) | KEY_BIT(K_SUCCESS) |           \
	    KEY_BIT(K_EXIT) | KEY_BIT(K_ITEMS) | KEY_BIT(K_PID) |              \
	    KEY_BIT(K_TTY) | KEY_BIT(K_SES) | KEY_BIT(K_COMM) |                \
	    KEY_BIT(K_EXE) | KEY_BIT(K_KEY) | KEY_BIT(K_AUID_NAME))

#define MAX_MEM ((size_t)8 << 20)

typedef void build_fn(struct build *b);

/*
 * What becomes of an event is decided by the record with the highest rank:
 * any record raised within a system call drags that call's records along, so
 * a SYSCALL decides only when nothing more telling is there.
 */
struct role_info {
	build_fn *fn;
	uint8_t rank;
};

static const struct role_info roles[ROLE_N] = {
    [ROLE_OTHER] = {build_other, 1},
    [ROLE_QUIET] = {build_other, 1},
    [ROLE_EOE] = {build_other, 1},
    [ROLE_EXECVE] = {build_other, 1},
    [ROLE_CWD] = {build_other, 1},
    [ROLE_PATH] = {build_other, 1},
    [ROLE_PROCTITLE] = {build_other, 1},
    [ROLE_SOCKADDR] = {build_other, 1},
    [ROLE_OPENAT2] = {build_other, 1},
    [ROLE_SYSCALL] = {build_syscall, 2},
    [ROLE_URINGOP] = {build_uring, 3},
    [ROLE_CONFIG] = {build_config, 4},
    [ROLE_TIME] = {build_time, 4},
    [ROLE_TTY] = {build_tty, 5},
    [ROLE_ABEND] = {build_abend, 5},
    [ROLE_LOGIN] = {build_login, 6},
    [ROLE_AGENT_START] = {build_agent_start, 7},
    [ROLE_AGENT_STOP] = {build_agent_stop, 7},
    [ROLE_AGENT_ERROR] = {build_agent_error, 7},
    [ROLE_BOOT] = {build_boot, 7},
    [ROLE_USER_OPEN] = {build_user_open, 7},
    [ROLE_USER_CLOSE] = {build_user_close, 7},
    [ROLE_USER_LOGIN] = {build_user_login, 7},
    [ROLE_USER_AUTH] = {build_user_auth, 7},
    [ROLE_USER_CHECK] = {build_user_check, 7},
    [ROLE_USER_CMD] = {build_user_cmd, 7},
    [ROLE_USER_TTY] = {build_user_tty, 7},
    [ROLE_ACCOUNT] = {build_account, 7},
    [ROLE_CRYPTO_KEY] = {build_crypto_key, 7},
    [ROLE_CRYPTO_SESSION] = {build_crypto_session, 7},
    [ROLE_USER_OTHER] = {build_user_other, 7},
};

int build_new(struct build **ret, const struct source_input *in, bool vouched)
{
	struct build *b = calloc(1, sizeof *b);
	struct names *names = NULL;

	if (!b)
		return -ENOMEM;
	b->mem = ARENA_INIT;
	b->mem.max = MAX_MEM;
	b->argv = ARGV_INIT;
	b->in = *in;
	b->vouched = vouched;
	if (names_new(&names) < 0 || keys_new(&b->keys) < 0) {
		names_free(names);
		build_free(b);
		return -ENOMEM;
	}
	b->names = names;
	*ret = b;
	return 0;
}

void build_free(struct build *b)
{
	if (!b)
		return;
	names_free(b->names);
	keys_free(b->keys);
	argv_free(&b->argv);
	arena_free(&b->mem);
	free(b);
}

const struct group_record *build_find(
    const struct build *b, enum audit_role role)
{
	if (!GROUP_HAS(b->g, role))
		return NULL;
	for (size_t i = 0; i < b->g->n; i++)
		if (b->g->rec[i].role == role)
			return &b->g->rec[i];
	return NULL;
}

const struct fields *build_fields(
    struct build *b, const struct group_record *r, uint64_t wanted)
{
	fields_parse(b->keys, record_body(r), wanted, &b->other);
	if (b->other.cut)
		event_set_int(&b->ev, F_CUT, true);
	return &b->other;
}

void build_infer(struct build *b, struct str what)
{
	struct str old = event_str(&b->ev, F_INFERRED);

	if (old.p)
		what = arena_printf(
		    &b->mem, "%.*s; %.*s", STR_ARG(old), STR_ARG(what));
	event_set_str(&b->ev, F_INFERRED, what);
}

void build_set_id(
    struct build *b, enum field to, const struct fields *f, enum audit_key k)
{
	int64_t v;

	if (value_id(f, k, &v))
		event_set_int(&b->ev, to, v);
}

void build_set_int(
    struct build *b, enum field to, const struct fields *f, enum audit_key k)
{
	int64_t v;

	if (value_int(f, k, &v))
		event_set_int(&b->ev, to, v);
}

void build_set_text(
    struct build *b, enum field to, const struct fields *f, enum audit_key k)
{
	event_set_str(&b->ev, to, value_text(&b->mem, f, k));
}

/* The name that the writer of the log gave the login uid. */
static void set_user(struct build *b, const struct fields *f)
{
	struct str name = value_name(&b->mem, f, K_AUID_NAME);

	if (name.p && event_has(&b->ev, F_AUID) &&
	    !str_starts(name, STR("unknown(")) && !str_eqz(name, "unset"))
		event_set_str(&b->ev, F_USER, name);
}

void build_process(struct build *b, const struct fields *f)
{
	build_set_int(b, F_PID, f, K_PID);
	build_set_int(b, F_PPID, f, K_PPID);
	build_set_id(b, F_AUID, f, K_AUID);
	build_set_id(b, F_SES, f, K_SES);
	build_set_id(b, F_UID, f, K_UID);
	build_set_id(b, F_EUID, f, K_EUID);
	build_set_id(b, F_GID, f, K_GID);
	if (fields_has(f, K_TTY))
		event_set_str(&b->ev, F_TTY, value_tty(&b->mem, f->v[K_TTY]));
	if (fields_has(f, K_COMM))
		build_set_text(b, F_COMM, f, K_COMM);
	if (fields_has(f, K_EXE))
		build_set_text(b, F_EXE, f, K_EXE);
	if (fields_has(f, K_AUID_NAME))
		set_user(b, f);
}

void build_types(struct build *b)
{
	struct buf types = BUF_INIT;
	struct str before = STR_NONE;

	for (size_t i = 0; i < b->g->n; i++) {
		const struct group_record *r = &b->g->rec[i];
		struct audit_line line;
		struct str name;

		if (b->g->n > 1 && r->role >= ROLE_QUIET &&
		    r->role <= ROLE_OPENAT2)
			continue;
		if (line_split(record_line(r), &line))
			continue;
		name = names_type_name(line.type, r->type);
		if (str_eq(name, before))
			continue;
		if (types.n)
			buf_add_char(&types, ',');
		buf_add_str(&types, name);
		before = name;
	}
	if (types.n)
		event_set_str(
		    &b->ev, F_TYPE, arena_dup(&b->mem, buf_str(&types)));
	buf_free(&types);
}

void build_text(struct build *b, bool all)
{
	size_t n = 0, count = 0;
	char *to;

	for (size_t i = 0; i < b->g->n; i++) {
		const struct group_record *r = &b->g->rec[i];

		if (!all && r->role != ROLE_OTHER)
			continue;
		n += (size_t)r->len + 1;
		if (++count == 1)
			event_set_str(&b->ev, F_TEXT, record_line(r));
	}
	if (count < 2)
		return;
	to = arena_alloc(&b->mem, n);
	if (!to)
		return;
	n = 0;
	for (size_t i = 0; i < b->g->n; i++) {
		const struct group_record *r = &b->g->rec[i];

		if (!all && r->role != ROLE_OTHER)
			continue;
		memcpy(to + n, r->line, r->len);
		n += r->len;
		to[n++] = '\n';
	}
	event_set_str(&b->ev, F_TEXT, str_make(to, n - 1));
}

void build_title(struct build *b)
{
	const struct group_record *r = build_find(b, ROLE_PROCTITLE);
	struct str title;
	char *to;

	if (!r)
		return;
	title = value_text(
	    &b->mem, build_fields(b, r, KEY_BIT(K_PROCTITLE)), K_PROCTITLE);
	to = title.n ? arena_alloc(&b->mem, title.n) : NULL;
	if (!to)
		return;
	for (size_t i = 0; i < title.n; i++)
		to[i] = title.p[i] ? title.p[i] : ' ';
	event_set_str(&b->ev, F_CMD, str_make(to, title.n));
	build_infer(b, STR("cmd is the title of the calling process"));
}

/* Equal for the same fact wherever it is read: host, time and serial. */
static void set_identity(struct build *b)
{
	uint64_t time = htole64((uint64_t)b->g->time);
	uint32_t serial = htole32(b->g->serial);
	const struct str parts[] = {STR("audit"), b->ev.host,
	    str_make(&time, sizeof time), str_make(&serial, sizeof serial)};

	event_set_hex(&b->ev, F_ID, source_id(b->in.id_key, parts, 4));
	event_set_int(&b->ev, F_SERIAL, b->g->serial);
	if (b->g->has_offset)
		event_set_int(&b->ev, F_OFFSET, (int64_t)b->g->offset);
}

static void start_event(struct build *b, const struct group *g)
{
	arena_reset(&b->mem);
	b->g = g;
	b->missing = false;
	event_init(&b->ev, EVENT_OTHER);
	b->ev.trust = b->vouched ? TRUST_KERNEL : TRUST_TEXT;
	b->ev.time = g->time;
	b->ev.source = STR("audit");
	b->ev.host = g->node.n ? g->node : b->in.host;
	if (!g->node.n && b->in.host_inferred)
		event_set_str(&b->ev, F_INFERRED, str_z(b->in.host_inferred));
}

static const struct group_record *deciding_record(const struct group *g)
{
	const struct group_record *best = &g->rec[0];

	for (size_t i = 1; i < g->n; i++)
		if (roles[g->rec[i].role].rank > roles[best->role].rank)
			best = &g->rec[i];
	return best;
}

int build_event(struct build *b, const struct group *g, bool force)
{
	const struct group_record *r = deciding_record(g);
	struct str nested;

	start_event(b, g);
	b->force = force;
	b->type = r->type;
	fields_parse(b->keys, record_body(r),
	    r->role == ROLE_SYSCALL ? SYSCALL_KEYS : KEYS_ALL, &b->main);
	nested = fields_get(&b->main, K_MSG);
	b->nested.has = 0;
	b->nested.cut = false;
	if (nested.p)
		fields_parse(b->keys, nested, KEYS_ALL, &b->nested);
	if (b->vouched && names_from_user(r->type))
		b->ev.trust = TRUST_DAEMON;
	roles[r->role].fn(b);
	if (b->missing && !force)
		return 1;
	if (b->missing || g->late)
		event_set_int(&b->ev, F_PARTIAL, true);
	if (g->emitted)
		event_set_int(&b->ev, F_AMENDS, true);
	if (g->cut || b->main.cut || b->nested.cut)
		event_set_int(&b->ev, F_CUT, true);
	set_identity(b);
	return 0;
}

void build_gap(struct build *b, int64_t time, struct str node, struct str text,
    uint64_t offset)
{
	const struct group none = {.node = node};
	uint64_t lost = 0, place = htole64(offset);
	size_t at = str_find(text, STR("audit_lost="));
	struct str rest, number;

	start_event(b, &none);
	b->g = NULL;
	b->ev.kind = EVENT_GAP;
	b->ev.trust = TRUST_TEXT;
	b->ev.time = time;
	event_set_str(&b->ev, F_REASON, text);
	event_set_int(&b->ev, F_OFFSET, (int64_t)offset);
	event_set_hex(&b->ev, F_ID,
	    source_id(b->in.id_key,
		(const struct str[]){STR("audit"), b->ev.host, text,
		    str_make(&place, sizeof place)},
		4));
	if (at == STR_NPOS)
		return;
	rest = str_from(text, at + 11);
	str_cut(&rest, ' ', &number);
	if (str_u64(number, &lost) && lost <= INT64_MAX)
		event_set_int(&b->ev, F_LOST, (int64_t)lost);
}
