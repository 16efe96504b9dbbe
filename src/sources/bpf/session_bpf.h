/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Login sessions: `ses` as the kernel counts them. No tracepoint tells that one
 * begins, so the first thing that any of its processes does tells it: mostly
 * the fork by which sshd makes the user's process.
 */
#ifndef SOURCES_BPF_SESSION_BPF_H
#define SOURCES_BPF_SESSION_BPF_H

#include "sources/bpf/draft_bpf.h"

#define SESSIONS_MAX 16384
#define PARENTS_MAX  64
/* sshd's connection is among its first descriptors. */
#define PEER_FD_MAX  16
#define MEMBERS_MAX  65536

/* The process that each session began with. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SESSIONS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} sessions SEC(".maps");

/*
 * What each process of a session had for its login, by process: root can set
 * another one, or none, and would be seen no more.
 */
struct member {
	__u32 auid, ses;
	__u32 stray; /* it has none any more, and that was told */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MEMBERS_MAX);
	__type(key, __u32);
	__type(value, struct member);
} members SEC(".maps");

static __always_inline struct member *member_of(struct task_struct *task)
{
	__u32 pid = BPF_CORE_READ(task, tgid);

	return bpf_map_lookup_elem(&members, &pid);
}

static __always_inline void fill_who(
    struct rec_who *who, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	struct member *m = NULL;

	who->ppid = BPF_CORE_READ(task, real_parent, tgid);
	who->auid = BPF_CORE_READ(task, loginuid.val);
	who->ses = BPF_CORE_READ(task, sessionid);
	if (who->auid == UID_UNSET)
		m = member_of(task);
	if (m) {
		who->auid = m->auid;
		who->ses = m->ses;
	}
	who->uid = BPF_CORE_READ(cred, uid.val);
	who->euid = BPF_CORE_READ(cred, euid.val);
	who->gid = BPF_CORE_READ(cred, gid.val);
	bpf_core_read(who->comm, sizeof who->comm, &task->comm);
	who->tty[0] = 0;
	if (tty)
		bpf_core_read_str(who->tty, sizeof who->tty, &tty->name);
}

static __always_inline void fill_ends(
    struct rec_ends *ends, const struct sock *sk)
{
	ends->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	ends->port =
	    __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	ends->lport = BPF_CORE_READ(sk, __sk_common.skc_num);
	ends->unused = 0;
	if (ends->family == AF_INET6) {
		bpf_core_read(
		    ends->addr, 16, &sk->__sk_common.skc_v6_daddr.in6_u);
		bpf_core_read(
		    ends->laddr, 16, &sk->__sk_common.skc_v6_rcv_saddr.in6_u);
		return;
	}
	__builtin_memset(ends->addr, 0, sizeof ends->addr);
	__builtin_memset(ends->laddr, 0, sizeof ends->laddr);
	bpf_core_read(ends->addr, 4, &sk->__sk_common.skc_daddr);
	bpf_core_read(ends->laddr, 4, &sk->__sk_common.skc_rcv_saddr);
}

static __always_inline bool is_tcp(const struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP &&
	       (family == AF_INET || family == AF_INET6);
}

/* The connection that a process serves: its first TCP socket. */
static __always_inline void fill_peer(
    struct rec_ends *ends, struct task_struct *task)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	__u32 n = BPF_CORE_READ(table, max_fds);
	__u32 i;

	__builtin_memset(ends, 0, sizeof *ends);
	for (i = 0; i < PEER_FD_MAX; i++) {
		struct file *file = NULL;
		struct socket *socket;
		struct sock *sk;

		if (i >= n || bpf_core_read(&file, sizeof file, &files[i]) ||
		    !file ||
		    (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
			continue;
		socket = BPF_CORE_READ(file, private_data);
		sk = BPF_CORE_READ(socket, sk);
		if (!is_tcp(sk) ||
		    BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_ESTABLISHED)
			continue;
		fill_ends(ends, sk);
		return;
	}
}

/* The process of this session that all others come from. */
static __always_inline struct task_struct *first_of(struct task_struct *task)
{
	struct task_struct *first = BPF_CORE_READ(task, group_leader);
	__u32 ses = BPF_CORE_READ(task, sessionid);
	int i;

	for (i = 0; i < PARENTS_MAX; i++) {
		struct task_struct *parent =
		    BPF_CORE_READ(first, real_parent, group_leader);

		if (!parent || BPF_CORE_READ(parent, sessionid) != ses)
			break;
		first = parent;
	}
	return first;
}

/* The session that this one began within. */
static __always_inline void fill_old(
    struct rec_session *rec, struct task_struct *task)
{
	struct member *m = member_of(task);

	rec->old_auid = rec->old_ses = UID_UNSET;
	if (!m || m->ses == rec->who.ses)
		return;
	rec->old_auid = m->auid;
	rec->old_ses = m->ses;
}

static __noinline int tell_session(
    struct task_struct *task, __u32 op, __u32 status)
{
	struct rec_session *rec;

	rec = bpf_ringbuf_reserve(&ring, sizeof *rec, 0);
	if (!rec) {
		count_lost(REC_SESSION);
		return 0;
	}
	fill_head(
	    &rec->head, REC_SESSION, sizeof *rec, BPF_CORE_READ(task, tgid));
	fill_who(&rec->who, task);
	rec->start = BPF_CORE_READ(task, start_boottime);
	rec->op = op;
	rec->status = status;
	fill_old(rec, task);
	fill_peer(&rec->peer, task);
	bpf_ringbuf_submit(rec, wakeup(rec->head.time));
	return 0;
}

/* Once for each session, before anything else of it is told. */
static __noinline int follow_session(struct task_struct *task, __u32 op)
{
	__u32 ses = BPF_CORE_READ(task, sessionid), pid;
	struct task_struct *first;

	if (bpf_map_lookup_elem(&sessions, &ses))
		return 0;
	first = first_of(task);
	pid = BPF_CORE_READ(first, tgid);
	if (bpf_map_update_elem(&sessions, &ses, &pid, BPF_NOEXIST) == 0)
		tell_session(first, op, 0);
	return 0;
}

/* A process that was of no session, or of another one, is of one now. */
static __noinline int join_session(struct task_struct *task, __u32 op)
{
	struct member now = {.auid = BPF_CORE_READ(task, loginuid.val),
	    .ses = BPF_CORE_READ(task, sessionid)};
	__u32 pid = BPF_CORE_READ(task, tgid);

	follow_session(task, op);
	/* Where there is no room it is followed as long as it says so itself.
	 */
	bpf_map_update_elem(&members, &pid, &now, BPF_ANY);
	return 0;
}

/* Whether what this process does is told. */
static __always_inline bool in_session(struct task_struct *task)
{
	struct member *m = member_of(task);

	if (BPF_CORE_READ(task, loginuid.val) != UID_UNSET) {
		if (!m || m->ses != BPF_CORE_READ(task, sessionid))
			join_session(task, REC_SESSION_BEGIN);
		return true;
	}
	if (m && !m->stray) {
		m->stray = 1;
		tell_session(task, REC_SESSION_LEFT, 0);
	}
	return m;
}

/* The last thread of a process ends. */
static __noinline int end_member(struct task_struct *task, __u32 status)
{
	struct member *m = member_of(task);
	__u32 pid = BPF_CORE_READ(task, tgid), ses, *first;

	if (!m)
		return 0;
	ses = m->ses;
	first = bpf_map_lookup_elem(&sessions, &ses);
	if (first && *first == pid)
		tell_session(task, REC_SESSION_END, status);
	bpf_map_delete_elem(&members, &pid);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(trace_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = BPF_CORE_READ(child, tgid);
	struct member *m, copy;

	if (!in_session(parent) || (__u32)BPF_CORE_READ(child, pid) != pid)
		return 0;
	m = member_of(parent);
	if (!m)
		return 0;
	copy = *m;
	bpf_map_update_elem(&members, &pid, &copy, BPF_ANY);
	return 0;
}

/* Run once, before all others: the sessions that were there before them. */
SEC("iter/task")
int find_sessions(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task && BPF_CORE_READ(task, loginuid.val) != UID_UNSET)
		join_session(task, REC_SESSION_FOUND);
	return 0;
}

#endif
