/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* TCP connections that processes make, and sockets that they listen on. */
#ifndef SOURCES_BPF_NET_BPF_H
#define SOURCES_BPF_NET_BPF_H

#include "sources/bpf/path_bpf.h"
#include "sources/bpf/session_bpf.h"

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
	fill_ends(&p->net.ends, sk);
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

#endif
