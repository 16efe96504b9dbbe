/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/build.h"

#include <arpa/inet.h>
#include <endian.h>

#include "sources/bpf/paths.h"

/* What one record becomes; false from a builder: it is not understood. */
struct build {
	struct source_run *run;
	struct str record;
	struct event ev;
	uint64_t offset;
	bool silent; /* it is understood, but no event of its own */
};

static bool start_event(struct build *b, enum event_kind kind,
    const struct rec_head *head, struct str more)
{
	struct source_run *run = b->run;
	int64_t time;
	uint64_t key[] = {htole64(head->type), htole64(head->pid),
	    htole64(head->time), htole64((uint64_t)run->records.real_offset)};
	struct str parts[] = {STR(BPF_NAME), run->in.host,
	    records_boot(&run->records),
	    /* Within a boot these times are enough; the clock may be set. */
	    str_make(key, run->records.boot_known ? 24 : 32), more};

	source_event_init(&b->ev, kind, BPF_NAME, &run->in, b->offset);
	b->ev.trust = TRUST_KERNEL;
	b->ev.boot = records_boot(&run->records);
	event_set_int(&b->ev, F_PID, head->pid);
	event_set_hex(&b->ev, F_ID,
	    source_id(run->in.id_key, parts, sizeof parts / sizeof *parts));
	if (!records_time(&run->records, head->time, &time))
		return false;
	b->ev.time = time / 1000;
	return true;
}

static void set_id(struct event *ev, enum field f, uint32_t id)
{
	if (id != (uint32_t)AUDIT_UNSET)
		event_set_int(ev, f, id);
}

/* A copy: the record that it stands in is gone when the event is told. */
static struct str fixed_text(struct build *b, const char *p, size_t n)
{
	struct str s = str_make(p, n);

	s = str_upto(s, str_find_char(s, '\0'));
	return s.n ? arena_dup(&b->run->mem, s) : STR_NONE;
}

static void set_tty(struct build *b, struct str name)
{
	struct str rest = name;

	/* The kernel writes pts0, all others pts/0. */
	if (str_skip(&rest, STR("pts")) && rest.n && rest.p[0] != '/')
		name = arena_printf(&b->run->mem, "pts/%.*s", STR_ARG(rest));
	source_set_str(&b->ev, F_TTY, name);
}

static void set_who(struct build *b, const struct rec_who *who)
{
	event_set_int(&b->ev, F_PPID, who->ppid);
	set_id(&b->ev, F_AUID, who->auid);
	set_id(&b->ev, F_SES, who->ses);
	set_id(&b->ev, F_UID, who->uid);
	set_id(&b->ev, F_EUID, who->euid);
	set_id(&b->ev, F_GID, who->gid);
	source_set_str(
	    &b->ev, F_COMM, fixed_text(b, who->comm, sizeof who->comm));
	set_tty(b, fixed_text(b, who->tty, sizeof who->tty));
}

static void set_path(
    struct build *b, enum field f, struct str names, unsigned flags)
{
	source_set_str(&b->ev, f, paths_text(&b->run->mem, names, flags));
	if (flags & REC_PATH_CUT)
		event_set_int(&b->ev, F_CUT, true);
}

static void infer(struct build *b, struct str what)
{
	struct str before = event_str(&b->ev, F_INFERRED);

	if (before.n)
		what = arena_printf(
		    &b->run->mem, "%.*s; %.*s", STR_ARG(before), STR_ARG(what));
	event_set_str(&b->ev, F_INFERRED, what);
}

static bool build_clock(struct build *b)
{
	b->silent = true;
	return records_clock(&b->run->records, b->record);
}

static bool build_args(struct build *b)
{
	struct rec_args rec;

	if (b->record.n < sizeof rec)
		return false;
	memcpy(&rec, b->record.p, sizeof rec);
	b->silent = true;
	return rec.n == b->record.n - sizeof rec &&
	       pieces_add(
		   &b->run->pieces, &rec, b->record.p + sizeof rec, b->offset);
}

/* The list of arguments, each followed by a NUL byte. */
static void set_argv(
    struct build *b, const struct rec_exec *rec, struct str end)
{
	struct piece_list *list =
	    pieces_find(&b->run->pieces, rec->head.pid, rec->head.time);
	struct str begin = list ? buf_str(&list->text) : STR_NONE;
	bool whole = begin.n + end.n == rec->args_kept;
	size_t n = begin.n;
	char *to = arena_alloc(&b->run->mem, begin.n + end.n + 1);

	if (!to)
		return;
	if (begin.n)
		memcpy(to, begin.p, begin.n);
	/* Behind a hole it would be taken for what stood in the hole. */
	if (whole && end.n) {
		memcpy(to + n, end.p, end.n);
		n += end.n;
	}
	if (n && to[n - 1] != '\0')
		to[n++] = '\0';
	event_set_str(&b->ev, F_ARGV, str_make(to, n));
	if (rec->args_total > REC_ARGS_MAX)
		event_set_int(&b->ev, F_CUT, true);
	if (!whole ||
	    rec->args_kept < (rec->args_total > REC_ARGS_MAX ? REC_ARGS_MAX
							     : rec->args_total))
		event_set_int(&b->ev, F_PARTIAL, true);
}

/* The name that was executed, where it tells more: a script, a link. */
static void set_file(struct build *b, struct str name)
{
	struct str cwd = event_str(&b->ev, F_CWD);

	str_chop(&name, STR("\0"));
	if (!name.n || str_eq(name, event_str(&b->ev, F_EXE)))
		return;
	if (name.p[0] != '/' && cwd.n && cwd.p[0] == '/') {
		struct str joined = paths_join(&b->run->mem, cwd, name);

		if (str_eq(joined, event_str(&b->ev, F_EXE)))
			return;
		infer(b, STR("path made absolute from the working directory"));
		name = joined;
	}
	event_set_str(&b->ev, F_PATH, name);
}

static bool build_exec(struct build *b)
{
	struct str text, file, exe, cwd;
	struct rec_exec rec;

	if (b->record.n < sizeof rec)
		return false;
	memcpy(&rec, b->record.p, sizeof rec);
	text = str_from(b->record, sizeof rec);
	if ((uint64_t)rec.n_file + rec.n_exe + rec.n_cwd + rec.n_args != text.n)
		return false;
	file = str_upto(text, rec.n_file);
	exe = str_upto(str_from(text, file.n), rec.n_exe);
	cwd = str_upto(str_from(text, file.n + exe.n), rec.n_cwd);
	if (!paths_valid(file) || !paths_valid(exe) || !paths_valid(cwd) ||
	    !start_event(b, EVENT_EXEC, &rec.head, STR_NONE))
		return false;
	set_who(b, &rec.who);
	event_set_int(&b->ev, F_SUCCESS, true);
	if (rec.sid)
		event_set_int(&b->ev, F_SID, rec.sid);
	set_path(b, F_EXE, exe, rec.exe_flags);
	set_path(b, F_CWD, cwd, rec.cwd_flags);
	set_file(b, file);
	set_argv(b, &rec, str_from(text, file.n + exe.n + cwd.n));
	pieces_forget(&b->run->pieces, rec.head.pid);
	return true;
}

static void set_status(struct build *b, uint32_t status)
{
	if (status & 127)
		event_set_int(&b->ev, F_SIGNAL, status & 127);
	else
		event_set_int(&b->ev, F_EXIT, status >> 8 & 255);
}

static void set_age(struct build *b, uint64_t start, uint64_t now)
{
	if (start <= now)
		event_set_int(
		    &b->ev, F_DURATION, (int64_t)((now - start) / 1000));
}

static bool build_exit(struct build *b)
{
	struct rec_exit rec;

	if (b->record.n != sizeof rec)
		return false;
	memcpy(&rec, b->record.p, sizeof rec);
	if (!start_event(b, EVENT_EXIT, &rec.head, STR_NONE))
		return false;
	set_who(b, &rec.who);
	set_status(b, rec.status);
	set_age(b, rec.start, rec.head.time);
	pieces_forget(&b->run->pieces, rec.head.pid);
	return true;
}

static bool is_family(uint16_t family)
{
	return family == AF_INET || family == AF_INET6;
}

static void set_end(struct build *b, const struct rec_ends *ends, bool local)
{
	const uint8_t *from = local ? ends->laddr : ends->addr;
	uint16_t port = local ? ends->lport : ends->port;
	int family = ends->family;
	char text[INET6_ADDRSTRLEN];

	if (family == AF_INET6 &&
	    memcmp(from, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0) {
		/* An IPv4 peer of an IPv6 socket: named as everywhere else. */
		family = AF_INET;
		from += 12;
	}
	if (inet_ntop(family, from, text, sizeof text))
		event_set_str(&b->ev, local ? F_LADDR : F_ADDR,
		    arena_dup(&b->run->mem, str_z(text)));
	if (port)
		event_set_int(&b->ev, local ? F_LPORT : F_PORT, port);
}

static bool build_net(struct build *b)
{
	struct rec_net rec;
	struct str exe;
	bool listens, datagram;

	if (b->record.n < sizeof rec)
		return false;
	memcpy(&rec, b->record.p, sizeof rec);
	listens = rec.op == REC_NET_LISTEN;
	datagram = rec.op == REC_NET_DATAGRAM;
	exe = str_from(b->record, sizeof rec);
	if (rec.op < REC_NET_CONNECT || rec.op > REC_NET_DATAGRAM ||
	    !is_family(rec.ends.family) || rec.n_exe != exe.n ||
	    !paths_valid(exe) ||
	    !start_event(b, listens ? EVENT_NET_LISTEN : EVENT_NET_CONNECT,
		&rec.head,
		str_make(&rec.ends, offsetof(struct rec_net, exe_flags) -
					offsetof(struct rec_net, ends))))
		return false;
	set_who(b, &rec.who);
	event_set_str(&b->ev, F_OP,
	    listens    ? STR("listen")
	    : datagram ? STR("datagram")
		       : STR("connect"));
	if (!datagram)
		event_set_int(&b->ev, F_SUCCESS, rec.op != REC_NET_REFUSED);
	if (rec.op == REC_NET_REFUSED && rec.error && rec.error < 4096)
		event_set_int(&b->ev, F_EXIT, -(int64_t)rec.error);
	set_path(b, F_EXE, exe, rec.exe_flags);
	if (!listens)
		set_end(b, &rec.ends, false);
	if (!datagram)
		set_end(b, &rec.ends, true);
	return true;
}

/* The process that a session began with: its LOGIN, as audit would tell it. */
static bool build_session(struct build *b)
{
	static const struct {
		bool known;
		enum event_kind kind;
		struct str type, reason;
	} ops[] = {
	    [REC_SESSION_BEGIN] = {true, EVENT_SESSION_OPEN, STR_INIT("LOGIN"),
		STR_INIT("")},
	    [REC_SESSION_FOUND] = {true, EVENT_SESSION_OPEN,
		STR_INIT(EVENT_TYPE_FOUND), STR_INIT("")},
	    [REC_SESSION_END] = {true, EVENT_SESSION_CLOSE, STR_INIT(""),
		STR_INIT("")},
	    [REC_SESSION_LEFT] = {true, EVENT_PRIV, STR_INIT("LEFT"),
		STR_INIT("a process took off its login uid: it is followed as "
			 "of this session")},
	};
	struct rec_session rec;

	if (b->record.n != sizeof rec)
		return false;
	memcpy(&rec, b->record.p, sizeof rec);
	if (rec.op >= sizeof ops / sizeof *ops || !ops[rec.op].known ||
	    (rec.peer.family && !is_family(rec.peer.family)) ||
	    !start_event(b, ops[rec.op].kind, &rec.head,
		str_make(&rec.op, sizeof rec.op)))
		return false;
	set_who(b, &rec.who);
	source_set_str(&b->ev, F_TYPE, ops[rec.op].type);
	source_set_str(&b->ev, F_REASON, ops[rec.op].reason);
	set_id(&b->ev, F_OLD_AUID, rec.old_auid);
	set_id(&b->ev, F_OLD_SES, rec.old_ses);
	if (rec.op == REC_SESSION_END)
		set_status(b, rec.status);
	if (rec.op != REC_SESSION_BEGIN)
		set_age(b, rec.start, rec.head.time);
	if (rec.peer.family) {
		set_end(b, &rec.peer, false);
		set_end(b, &rec.peer, true);
	}
	return true;
}

static const char *const file_ops[REC_FILE_N_OPS] = {
    [REC_FILE_CREATE] = "create",
    [REC_FILE_WRITE] = "open-write",
    [REC_FILE_READ] = "open-read",
    [REC_FILE_DELETE] = "delete",
    [REC_FILE_RMDIR] = "rmdir",
    [REC_FILE_MKDIR] = "mkdir",
    [REC_FILE_MKNOD] = "mknod",
    [REC_FILE_RENAME] = "rename",
    [REC_FILE_LINK] = "link",
    [REC_FILE_SYMLINK] = "symlink",
    [REC_FILE_CHMOD] = "chmod",
    [REC_FILE_CHOWN] = "chown",
    [REC_FILE_TRUNCATE] = "truncate",
    [REC_FILE_UTIME] = "utime",
    [REC_FILE_SETXATTR] = "setxattr",
    [REC_FILE_REMOVEXATTR] = "removexattr",
};

static void set_result(struct build *b, uint32_t error)
{
	event_set_int(&b->ev, F_SUCCESS, error == 0);
	if (error && error < 4096)
		event_set_int(&b->ev, F_EXIT, -(int64_t)error);
}

/* What a name was asked for as; the rest of a path if it was below one. */
static void set_asked(struct build *b, struct str name)
{
	struct str dir = event_str(&b->ev, F_PATH);

	name = arena_dup(&b->run->mem, name);
	if (name.n && name.p[0] != '/' && dir.n) {
		name = paths_join(&b->run->mem, dir, name);
		infer(b, STR("path made absolute from the directory that it "
			     "was asked for in"));
	}
	source_set_str(&b->ev, F_PATH, name);
}

static void set_file_paths(struct build *b, const struct rec_file *rec,
    struct str path, struct str path2, struct str name)
{
	set_path(b, F_PATH, path, rec->path_flags);
	set_path(b, F_PATH2, path2, rec->path2_flags);
	if ((rec->path_flags | rec->path2_flags) & REC_PATH_INNER)
		infer(b, STR("path within its file system: where that is "
			     "mounted is not known"));
	if (rec->op == REC_FILE_SYMLINK)
		source_set_str(&b->ev, F_PATH2, arena_dup(&b->run->mem, name));
	else if (name.n)
		set_asked(b, name);
}

static void set_new_owner(struct build *b, const struct rec_file *rec)
{
	struct arena *mem = &b->run->mem;
	struct str text = STR_NONE;

	if (rec->uid != UINT32_MAX)
		text = arena_printf(mem, "uid=%u", rec->uid);
	if (rec->gid != UINT32_MAX)
		text = arena_printf(mem, "%.*s%sgid=%u", STR_ARG(text),
		    text.n ? " " : "", rec->gid);
	source_set_str(&b->ev, F_TEXT, text);
}

static bool has_mode(const struct rec_file *rec)
{
	return rec->op == REC_FILE_CHMOD || rec->op == REC_FILE_MKDIR ||
	       rec->op == REC_FILE_MKNOD || rec->op == REC_FILE_CREATE;
}

static bool build_file(struct build *b)
{
	struct str text, path, path2, name, exe;
	struct rec_file rec;

	if (b->record.n < sizeof rec)
		return false;
	memcpy(&rec, b->record.p, sizeof rec);
	text = str_from(b->record, sizeof rec);
	if (rec.op == 0 || rec.op >= REC_FILE_N_OPS ||
	    (uint64_t)rec.n_path + rec.n_path2 + rec.n_name + rec.n_exe !=
		text.n)
		return false;
	path = str_upto(text, rec.n_path);
	path2 = str_upto(str_from(text, path.n), rec.n_path2);
	name = str_upto(str_from(text, path.n + path2.n), rec.n_name);
	exe = str_from(text, path.n + path2.n + name.n);
	if (!paths_valid(path) || !paths_valid(path2) || !paths_valid(exe) ||
	    !start_event(b, EVENT_FILE, &rec.head, text))
		return false;
	set_who(b, &rec.who);
	event_set_str(&b->ev, F_OP, str_z(file_ops[rec.op]));
	set_result(b, rec.error);
	set_path(b, F_EXE, exe, rec.exe_flags);
	set_file_paths(b, &rec, path, path2, name);
	if (has_mode(&rec))
		event_set_int(&b->ev, F_MODE, rec.mode & 07777);
	set_new_owner(b, &rec);
	return true;
}

/* As audit names them where it has them; else words of their own. */
static const struct {
	enum event_kind kind;
	const char *op;
} acts[REC_ACT_N_OPS] = {
    [REC_ACT_SETUID] = {EVENT_PRIV, "setuid"},
    [REC_ACT_SETUID_EXEC] = {EVENT_PRIV, "setuid-exec"},
    [REC_ACT_PTRACE] = {EVENT_OTHER, "ptrace"},
    [REC_ACT_MODULE] = {EVENT_OTHER, "module-load"},
    [REC_ACT_BPF] = {EVENT_OTHER, "bpf-load"},
    [REC_ACT_MOUNT] = {EVENT_FILE, "mount"},
    [REC_ACT_MOVE_MOUNT] = {EVENT_FILE, "mount"},
    [REC_ACT_UMOUNT] = {EVENT_FILE, "umount"},
    [REC_ACT_PIVOT_ROOT] = {EVENT_FILE, "pivot_root"},
    [REC_ACT_NAMESPACE] = {EVENT_OTHER, "namespace"},
};

static struct str spaces_text(struct arena *mem, uint32_t spaces)
{
	static const char *const words[] = {
	    "mnt", "pid", "net", "uts", "ipc", "cgroup", "user"};
	struct str text = STR_NONE;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (spaces & 1u << i)
			text = arena_printf(mem, "%.*s%s%s", STR_ARG(text),
			    text.n ? " " : "", words[i]);
	return text;
}

/* Ids of the event are those after it; the text tells those before. */
static void set_identity(struct build *b, const struct rec_act *rec)
{
	struct arena *mem = &b->run->mem;

	event_set_int(&b->ev, F_UID, rec->uid);
	event_set_int(&b->ev, F_EUID, rec->euid);
	event_set_str(&b->ev, F_TARGET, arena_printf(mem, "%u", rec->euid));
	event_set_str(&b->ev, F_TEXT,
	    arena_printf(
		mem, "was uid=%u euid=%u", rec->who.uid, rec->who.euid));
}

static void set_act(struct build *b, const struct rec_act *rec, struct str path,
    struct str name)
{
	struct arena *mem = &b->run->mem;
	enum event_kind kind = acts[rec->op].kind;

	name = name.n ? arena_dup(mem, name) : name;
	set_path(b, F_PATH, path, rec->path_flags);
	if (kind == EVENT_PRIV)
		set_identity(b, rec);
	else if (kind == EVENT_FILE)
		source_set_str(&b->ev, F_PATH2, name);
	else if (rec->op == REC_ACT_PTRACE)
		event_set_str(&b->ev, F_TEXT,
		    arena_printf(
			mem, "pid=%u comm=%.*s", rec->pid, STR_ARG(name)));
	else if (rec->op == REC_ACT_NAMESPACE)
		source_set_str(&b->ev, F_TEXT, spaces_text(mem, rec->spaces));
	else
		source_set_str(&b->ev, F_TEXT, name);
}

static bool build_act(struct build *b)
{
	struct str text, path, name, exe;
	struct rec_act rec;

	if (b->record.n < sizeof rec)
		return false;
	memcpy(&rec, b->record.p, sizeof rec);
	text = str_from(b->record, sizeof rec);
	if (rec.op == 0 || rec.op >= REC_ACT_N_OPS ||
	    (uint64_t)rec.n_path + rec.n_name + rec.n_exe != text.n)
		return false;
	path = str_upto(text, rec.n_path);
	name = str_upto(str_from(text, path.n), rec.n_name);
	exe = str_from(text, path.n + name.n);
	if (!paths_valid(path) || !paths_valid(exe) ||
	    !start_event(b, acts[rec.op].kind, &rec.head, text))
		return false;
	set_who(b, &rec.who);
	event_set_str(&b->ev, F_OP, str_z(acts[rec.op].op));
	set_result(b, rec.error);
	set_path(b, F_EXE, exe, rec.exe_flags);
	set_act(b, &rec, path, name);
	return true;
}

int build_record(struct source_run *run, struct str record, uint64_t offset,
    struct source_sink *sink)
{
	static const struct {
		bool (*build)(struct build *b);
		const char *expected;
	} types[REC_N_TYPES] = {
	    [REC_CLOCK] = {build_clock, "a whole clock record"},
	    [REC_ARGS] = {build_args, "the next piece of arguments"},
	    [REC_EXEC] = {build_exec, "an exec after a clock record"},
	    [REC_EXIT] = {build_exit, "an exit after a clock record"},
	    [REC_NET] = {build_net, "a connection after a clock record"},
	    [REC_SESSION] = {build_session, "a session after a clock record"},
	    [REC_FILE] = {build_file, "a file after a clock record"},
	    [REC_ACT] = {build_act, "an act after a clock record"},
	};
	struct build b = {.run = run, .record = record, .offset = offset};
	struct rec_head head;

	memcpy(&head, record.p, sizeof head);
	if (head.version != REC_VERSION || head.type >= REC_N_TYPES ||
	    !types[head.type].build) {
		source_unparsed(sink, offset, str_upto(record, sizeof head),
		    "a type of record that this version knows");
		return 0;
	}
	arena_reset(&run->mem);
	if (!types[head.type].build(&b)) {
		source_unparsed(
		    sink, offset, record, types[head.type].expected);
		return 0;
	}
	return b.silent ? 0 : sink->event(sink, &b.ev);
}
