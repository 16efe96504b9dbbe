/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* TCP connections that processes make, and sockets that they listen on. */
#ifndef SOURCES_BPF_NET_BPF_H
#define SOURCES_BPF_NET_BPF_H

#include "sources/bpf/path_bpf.h"
#include "sources/bpf/session_bpf.h"
#include "sources/bpf/streams_map.h"

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

/* Read through mmap(). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, STREAMS_SLOTS);
	__type(key, __u32);
	__type(value, struct stream);
} streams SEC(".maps");

/* When this call began, as audit will tell; 0: it does not know. */
static __always_inline __u64 called_ms(struct task_struct *task)
{
	struct audit_context *audit;
	struct timespec64 at = {0};

	if (!bpf_core_field_exists(task->audit_context))
		return 0;
	audit = BPF_CORE_READ(task, audit_context);
	if (!audit)
		return 0;
	if (bpf_core_field_exists(audit->stamp))
		BPF_CORE_READ_INTO(&at, audit, stamp.ctime);
	else if (bpf_core_field_exists(audit->ctime))
		BPF_CORE_READ_INTO(&at, audit, ctime);
	return (__u64)at.tv_sec * 1000 + (__u64)at.tv_nsec / 1000000;
}

/* So that audit's record of this call is known for the same connection. */
static __always_inline void note_stream(
    struct task_struct *task, const struct rec_net *net)
{
	__u64 called = called_ms(task), addr[2];
	struct stream *s;
	__u32 slot;

	if (!called)
		return;
	__builtin_memcpy(addr, net->ends.addr, sizeof addr);
	slot = stream_slot(net->head.pid, net->ends.port, called);
	s = bpf_map_lookup_elem(&streams, &slot);
	if (!s)
		return;
	if (s->pid == net->head.pid && s->port == net->ends.port &&
	    s->called == called && s->family == net->ends.family &&
	    s->addr[0] == addr[0] && s->addr[1] == addr[1]) {
		__sync_fetch_and_add(&s->n, 1);
		return;
	}
	s->pid = net->head.pid;
	s->family = net->ends.family;
	s->port = net->ends.port;
	s->addr[0] = addr[0];
	s->addr[1] = addr[1];
	s->called = called;
	s->n = 1;
}

/* Told when it is made, refused or, if that was not seen, when it ends. */
static __always_inline void begin_connect(
    struct task_struct *task, const struct sock *sk, struct draft *d)
{
	__u64 key = (__u64)sk;
	struct pending *before = bpf_map_lookup_elem(&pending, &key);

	/* Nothing more of the one that had this socket was seen. */
	if (before && before->net.op)
		count_lost(REC_NET);
	d->net.op = REC_NET_CONNECT;
	if (bpf_map_update_elem(&pending, &key, d, BPF_ANY))
		count_lost(REC_NET);
	else
		note_stream(task, &d->net);
}

/* In the process that calls connect() or listen(). */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(trace_socket, const struct sock *sk, int before, int state)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct draft *d;

	if ((state != TCP_SYN_SENT && state != TCP_LISTEN) ||
	    !in_session(task) || !is_tcp(sk))
		return 0;
	d = get_draft(DRAFT_NET);
	if (!d)
		return 0;
	fill_head(&d->net.head, REC_NET, 0, BPF_CORE_READ(task, tgid));
	fill_who(&d->net.who, task);
	fill_ends(&d->net.ends, sk);
	d->net.error = 0;
	d->at = 0;
	add_exe(d, task, REC_NET_EXE_MAX);
	d->net.n_exe = d->at;
	d->net.exe_flags = d->flags;
	if (state == TCP_LISTEN) {
		d->net.op = REC_NET_LISTEN;
		send_draft(d, REC_NET, sizeof d->net);
		return 0;
	}
	begin_connect(task, sk, d);
	return 0;
}

static __always_inline void tell_connect(
    struct pending *p, const struct sock *sk, int before, int state)
{
	__u64 now = bpf_ktime_get_boot_ns();
	__u32 n;

	fill_ends(&p->net.ends, sk);
	if (before == TCP_SYN_SENT) {
		p->net.head.time = now;
		if (state == TCP_CLOSE) {
			p->net.error = BPF_CORE_READ(sk, sk_err);
			p->net.op = REC_NET_REFUSED;
		}
	}
	n = p->net.n_exe;
	if (n <= REC_NET_EXE_MAX) {
		p->net.head.size = sizeof p->net + n;
		if (bpf_ringbuf_output(
			&ring, p, sizeof p->net + n, wakeup(now)))
			count_lost(REC_NET);
	}
}

/* Wherever the answer comes in: mostly not in the process that waits for it. */
static __noinline int follow_connect(
    const struct sock *sk, int before, int state)
{
	__u64 key = (__u64)sk;
	struct pending *p;

	if (before == TCP_CLOSE)
		return 0;
	p = bpf_map_lookup_elem(&pending, &key);
	if (!p)
		return 0;
	if (p->net.op)
		tell_connect(p, sk, before, state);
	/* It stays where the map is busy: once told is enough. */
	p->net.op = 0;
	bpf_map_delete_elem(&pending, &key);
	return 0;
}

/*
 * A program is not run where it would interrupt itself; and an answer may come
 * in while a process closes another connection. Of the two the one that is not
 * at work then is run, as nothing interrupts an answer in its turn; else the
 * second finds nothing more to tell.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(trace_connected, const struct sock *sk, int before, int state)
{
	return follow_connect(sk, before, state);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(
    trace_connected_between, const struct sock *sk, int before, int state)
{
	return follow_connect(sk, before, state);
}

#endif
