/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The programs that run in the kernel: they write the records of record.h into
 * a ring. Only processes of a login session are told (those whose login uid is
 * set); the rest of the host is left alone as early as possible.
 *
 * State that changes within a loop lies in memory and not in registers: then
 * the kernel's verifier sees every round of it as the same, and is done soon.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "sources/bpf/kernel_bpf.h"
#include "sources/bpf/record.h"

char licence[] SEC("license") = "Dual BSD/GPL";

#define NAME_BYTES  256 /* of a directory entry, with NUL */
#define PATH_DEPTH  128
#define PATHS_BYTES (3 * REC_PATH_MAX)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, REC_RING_BYTES);
} ring SEC(".maps");

/* Records that found no room in the ring, by type. Read through mmap(). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, REC_N_TYPES);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

/* A record being made: too large for the stack. */
struct draft {
	union {
		struct rec_exec exec;
		struct rec_net net;
	};
	char text[PATHS_BYTES + REC_ARGS_PIECE];
	/* Beyond what is sent: the state of the walk along a path. */
	__u32 at, end;
	__u32 flags;
	struct dentry *dentry, *root;
	struct mount *mount, *root_mount;
};

/* One program may be interrupted by another: each has its own. */
enum { DRAFT_EXEC, DRAFT_NET, N_DRAFTS };

/* Text follows both, so they are of one size. */
_Static_assert(sizeof(struct rec_exec) == sizeof(struct rec_net), "");
_Static_assert(__builtin_offsetof(struct draft, at) <= REC_MAX, "");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, N_DRAFTS);
	__type(key, __u32);
	__type(value, struct draft);
} drafts SEC(".maps");

/* When the reader was woken last; two processors may both do it. */
__u64 woken;

/*
 * To wake the reader costs more than to make the record: while one begins
 * after the other it is left to come by itself (tap_bpf.c), unless much waits.
 */
static __always_inline __u64 wakeup(__u64 now)
{
	if (now - woken < REC_WAKE_NS &&
	    bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < REC_RING_BYTES / 4)
		return BPF_RB_NO_WAKEUP;
	woken = now;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void count_lost(__u32 type)
{
	__u64 *n = bpf_map_lookup_elem(&lost, &type);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline struct draft *get_draft(__u32 which)
{
	return bpf_map_lookup_elem(&drafts, &which);
}

static __always_inline bool in_session(struct task_struct *task)
{
	return BPF_CORE_READ(task, loginuid.val) != UID_UNSET;
}

static __always_inline void fill_head(
    struct rec_head *head, __u16 type, __u32 size, __u32 pid)
{
	head->magic = REC_MAGIC;
	head->version = REC_VERSION;
	head->type = type;
	head->size = size;
	head->pid = pid;
	head->time = bpf_ktime_get_boot_ns();
}

static __always_inline void fill_who(
    struct rec_who *who, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);

	who->ppid = BPF_CORE_READ(task, real_parent, tgid);
	who->auid = BPF_CORE_READ(task, loginuid.val);
	who->ses = BPF_CORE_READ(task, sessionid);
	who->uid = BPF_CORE_READ(cred, uid.val);
	who->euid = BPF_CORE_READ(cred, euid.val);
	who->gid = BPF_CORE_READ(cred, gid.val);
	bpf_core_read(who->comm, sizeof who->comm, &task->comm);
	who->tty[0] = 0;
	if (tty)
		bpf_core_read_str(who->tty, sizeof who->tty, &tty->name);
}

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

/* Adds one name; false when the path ends here. */
static __always_inline bool add_name(struct draft *d, struct dentry *dentry)
{
	__u32 at = d->at;
	long n;

	if (at > PATHS_BYTES - NAME_BYTES || at + NAME_BYTES > d->end) {
		d->flags |= REC_PATH_CUT;
		return false;
	}
	n = bpf_probe_read_kernel_str(
	    d->text + at, NAME_BYTES, BPF_CORE_READ(dentry, d_name.name));
	if (n <= 0) {
		d->flags |= REC_PATH_CUT;
		return false;
	}
	d->at = at + n;
	return true;
}

/* One step towards the root; false at the end of the path. */
static __always_inline bool step_up(struct draft *d)
{
	struct dentry *dentry = d->dentry, *parent;
	struct mount *mount = d->mount, *above;

	if (dentry == d->root && mount == d->root_mount)
		return false;
	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		above = BPF_CORE_READ(mount, mnt_parent);
		d->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		d->mount = above;
		return above && above != mount;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (!add_name(d, dentry))
		return false;
	if (!parent || parent == dentry) {
		d->flags |= REC_PATH_DETACHED;
		return false;
	}
	d->dentry = parent;
	return true;
}

/*
 * Appends `path` to the text as the process sees it (below its own root), at
 * most `max` bytes. Its flags are then in d->flags.
 */
static __noinline int add_path(
    struct draft *d, struct path *path, struct task_struct *task, __u32 max)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	int i;

	d->flags = 0;
	if (!path || !dentry)
		return 0;
	d->flags = REC_PATH_KNOWN;
	d->end = d->at + max;
	d->dentry = dentry;
	d->mount = mount_of(BPF_CORE_READ(path, mnt));
	d->root = BPF_CORE_READ(fs, root.dentry);
	d->root_mount = mount_of(BPF_CORE_READ(fs, root.mnt));
	if (!BPF_CORE_READ(dentry, d_hash.pprev) &&
	    BPF_CORE_READ(dentry, d_parent) != dentry)
		d->flags |= REC_PATH_DELETED;
	for (i = 0; i < PATH_DEPTH; i++)
		if (!step_up(d))
			return 0;
	d->flags |= REC_PATH_CUT;
	return 0;
}

static __always_inline void add_exe(
    struct draft *d, struct task_struct *task, __u32 max)
{
	struct file *file = BPF_CORE_READ(task, mm, exe_file);

	d->flags = 0;
	if (file)
		add_path(d, &file->f_path, task, max);
}

/* --- exec --- */

/* One full piece of the arguments, straight into the ring. */
static __always_inline bool send_piece(
    const struct draft *d, __u32 offset, __u64 from)
{
	struct rec_args *piece;

	piece = bpf_ringbuf_reserve(&ring, sizeof *piece + REC_ARGS_PIECE, 0);
	if (!piece) {
		count_lost(REC_ARGS);
		return false;
	}
	piece->head = d->exec.head;
	piece->head.type = REC_ARGS;
	piece->head.size = sizeof *piece + REC_ARGS_PIECE;
	piece->offset = offset;
	piece->n = REC_ARGS_PIECE;
	if (bpf_probe_read_user(piece + 1, REC_ARGS_PIECE, (void *)from)) {
		bpf_ringbuf_discard(piece, 0);
		return false;
	}
	bpf_ringbuf_submit(piece, wakeup(piece->head.time));
	return true;
}

/*
 * The arguments from the copy that the kernel made for the new program: what
 * the caller's memory says by now does not matter. The program itself has not
 * run yet.
 */
static __noinline int add_args(struct draft *d, struct task_struct *task)
{
	__u64 from = BPF_CORE_READ(task, mm, arg_start);
	__u64 total = BPF_CORE_READ(task, mm, arg_end) - from;
	__u32 left, at = d->at;
	int i;

	d->exec.args_total = total;
	d->exec.args_kept = 0;
	d->exec.n_args = 0;
	for (i = 0; i < REC_ARGS_MAX / REC_ARGS_PIECE; i++) {
		if (total - d->exec.args_kept <= REC_ARGS_PIECE)
			break;
		if (!send_piece(d, d->exec.args_kept, from + d->exec.args_kept))
			return 0;
		d->exec.args_kept += REC_ARGS_PIECE;
	}
	if (i == REC_ARGS_MAX / REC_ARGS_PIECE || at > PATHS_BYTES)
		return 0;
	left = total - d->exec.args_kept;
	barrier_var(left);
	if (left > REC_ARGS_PIECE)
		return 0;
	if (bpf_probe_read_user(
		d->text + at, left, (void *)(from + d->exec.args_kept)))
		return 0;
	d->exec.args_kept += left;
	d->exec.n_args = left;
	d->at = at + left;
	return 0;
}

static __always_inline void send_draft(struct draft *d, __u32 type, __u32 fixed)
{
	struct rec_head *head = (struct rec_head *)d;
	__u32 size = fixed + d->at;

	barrier_var(size);
	head->size = size;
	if (size > __builtin_offsetof(struct draft, at) ||
	    bpf_ringbuf_output(&ring, d, size, wakeup(head->time)))
		count_lost(type);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(trace_exec, struct task_struct *task, int old_pid,
    struct linux_binprm *bprm)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct draft *d;
	long n;

	if (!in_session(task))
		return 0;
	d = get_draft(DRAFT_EXEC);
	if (!d)
		return 0;
	fill_head(&d->exec.head, REC_EXEC, 0, BPF_CORE_READ(task, tgid));
	fill_who(&d->exec.who, task);
	__builtin_memset(d->exec.unused, 0, sizeof d->exec.unused);
	d->exec.start = BPF_CORE_READ(task, start_boottime);
	d->exec.argc = BPF_CORE_READ(bprm, argc);
	n = bpf_probe_read_kernel_str(
	    d->text, REC_PATH_MAX, BPF_CORE_READ(bprm, filename));
	d->at = d->exec.n_file = n > 0 ? n : 0;
	add_exe(d, task, REC_PATH_MAX);
	d->exec.n_exe = d->at - d->exec.n_file;
	d->exec.exe_flags = d->flags;
	add_path(d, &fs->pwd, task, REC_PATH_MAX);
	d->exec.n_cwd = d->at - d->exec.n_file - d->exec.n_exe;
	d->exec.cwd_flags = d->flags;
	add_args(d, task);
	send_draft(d, REC_EXEC, sizeof d->exec);
	return 0;
}

/* --- exit --- */

/*
 * A process ends with its last thread, whichever that is; what it leaves to
 * its parent is said as the kernel's wait does.
 */
static __always_inline int tell_exit(struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct rec_exit *rec;

	rec = bpf_ringbuf_reserve(&ring, sizeof *rec, 0);
	if (!rec) {
		count_lost(REC_EXIT);
		return 0;
	}
	fill_head(&rec->head, REC_EXIT, sizeof *rec, BPF_CORE_READ(task, tgid));
	fill_who(&rec->who, task);
	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		rec->status = BPF_CORE_READ(signal, group_exit_code);
	else
		rec->status = BPF_CORE_READ(task, group_leader, exit_code);
	rec->unused = 0;
	rec->start = BPF_CORE_READ(task, group_leader, start_boottime);
	bpf_ringbuf_submit(rec, wakeup(rec->head.time));
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(trace_exit, struct task_struct *task, bool group_dead)
{
	return group_dead && in_session(task) ? tell_exit(task) : 0;
}

/*
 * For kernels before 6.16, where the tracepoint does not say it. Two last
 * threads that end in the same moment may both be taken for the last.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(trace_exit_5_8, struct task_struct *task)
{
	if (!in_session(task) || BPF_CORE_READ(task, signal, live.counter))
		return 0;
	return tell_exit(task);
}

/* --- connections --- */

/* A draft begins so: what is kept of a connection until it is made. */
struct pending {
	struct rec_net net;
	char exe[REC_NET_EXE_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct pending);
} pending SEC(".maps");

static __always_inline void fill_ends(
    struct rec_net *net, const struct sock *sk)
{
	net->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	net->port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	net->lport = BPF_CORE_READ(sk, __sk_common.skc_num);
	if (net->family == AF_INET6) {
		bpf_core_read(
		    net->addr, 16, &sk->__sk_common.skc_v6_daddr.in6_u);
		bpf_core_read(
		    net->laddr, 16, &sk->__sk_common.skc_v6_rcv_saddr.in6_u);
		return;
	}
	__builtin_memset(net->addr, 0, sizeof net->addr);
	__builtin_memset(net->laddr, 0, sizeof net->laddr);
	bpf_core_read(net->addr, 4, &sk->__sk_common.skc_daddr);
	bpf_core_read(net->laddr, 4, &sk->__sk_common.skc_rcv_saddr);
}

static __always_inline bool is_tcp(const struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP &&
	       (family == AF_INET || family == AF_INET6);
}

/* In the process that calls connect() or listen(). */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(trace_socket, const struct sock *sk, int before, int state)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 key = (__u64)sk;
	struct draft *d;

	if ((state != TCP_SYN_SENT && state != TCP_LISTEN) ||
	    !in_session(task) || !is_tcp(sk))
		return 0;
	d = get_draft(DRAFT_NET);
	if (!d)
		return 0;
	fill_head(&d->net.head, REC_NET, 0, BPF_CORE_READ(task, tgid));
	fill_who(&d->net.who, task);
	fill_ends(&d->net, sk);
	d->net.error = 0;
	d->net.unused = 0;
	d->at = 0;
	add_exe(d, task, REC_NET_EXE_MAX);
	d->net.n_exe = d->at;
	d->net.exe_flags = d->flags;
	if (state == TCP_LISTEN) {
		d->net.op = REC_NET_LISTEN;
		send_draft(d, REC_NET, sizeof d->net);
		return 0;
	}
	d->net.op = REC_NET_CONNECT;
	if (bpf_map_update_elem(&pending, &key, d, BPF_ANY))
		count_lost(REC_NET);
	return 0;
}

/* Wherever the answer comes in: mostly not in the process that waits for it. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(trace_connected, const struct sock *sk, int before, int state)
{
	__u64 key = (__u64)sk;
	struct pending *p;
	__u32 n;

	if (before != TCP_SYN_SENT)
		return 0;
	p = bpf_map_lookup_elem(&pending, &key);
	if (!p)
		return 0;
	fill_ends(&p->net, sk);
	if (state == TCP_CLOSE) {
		p->net.error = BPF_CORE_READ(sk, sk_err);
		p->net.op = REC_NET_REFUSED;
	}
	p->net.head.time = bpf_ktime_get_boot_ns();
	n = p->net.n_exe;
	if (n <= REC_NET_EXE_MAX) {
		p->net.head.size = sizeof p->net + n;
		if (bpf_ringbuf_output(
			&ring, p, sizeof p->net + n, wakeup(p->net.head.time)))
			count_lost(REC_NET);
	}
	bpf_map_delete_elem(&pending, &key);
	return 0;
}
