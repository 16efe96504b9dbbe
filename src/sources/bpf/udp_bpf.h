/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * To whom processes send by UDP: each connect(), and of datagrams that are
 * sent without one the first to an address and port. Programs at the cgroup
 * that all others are within; they run before the kernel does what it was asked
 * for, and only where it was asked for that.
 */
#ifndef SOURCES_BPF_UDP_BPF_H
#define SOURCES_BPF_UDP_BPF_H

#include "sources/bpf/net_bpf.h"

/* The kernel goes on. */
#define ALLOW	 1
/* After so long a datagram to the same place is told again. */
#define AGAIN_NS 60000000000ull

struct sent_key {
	__u32 pid; /* process */
	__u16 family, port;
	__u8 addr[16];
};

/* When a process sent to somewhere. What is forgotten is told once more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct sent_key);
	__type(value, __u64);
} sent SEC(".maps");

static __always_inline bool is_new(const struct rec_net *net)
{
	struct sent_key key = {
	    net->head.pid, net->ends.family, net->ends.port, {0}};
	__u64 *at, now = net->head.time;

	__builtin_memcpy(key.addr, net->ends.addr, sizeof key.addr);
	at = bpf_map_lookup_elem(&sent, &key);
	if (at && now - *at < AGAIN_NS)
		return false;
	bpf_map_update_elem(&sent, &key, &now, BPF_ANY);
	return true;
}

static __always_inline void fill_to(
    struct rec_ends *ends, struct bpf_sock_addr *ctx, __u16 family)
{
	__u32 addr[4] = {0};

	__builtin_memset(ends, 0, sizeof *ends);
	ends->family = family;
	ends->port = __builtin_bswap16(ctx->user_port);
	if (family == AF_INET) {
		addr[0] = ctx->user_ip4;
	} else {
		addr[0] = ctx->user_ip6[0];
		addr[1] = ctx->user_ip6[1];
		addr[2] = ctx->user_ip6[2];
		addr[3] = ctx->user_ip6[3];
	}
	__builtin_memcpy(ends->addr, addr, sizeof ends->addr);
}

static __always_inline int tell_datagram(
    struct bpf_sock_addr *ctx, __u16 family, bool connects)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct draft *d;

	if (ctx->protocol != IPPROTO_UDP || !in_session(task))
		return ALLOW;
	d = take_draft(REC_NET);
	if (!d)
		return ALLOW;
	fill_head(&d->net.head, REC_NET, 0, BPF_CORE_READ(task, tgid));
	fill_to(&d->net.ends, ctx, family);
	if (connects || is_new(&d->net)) {
		fill_who(&d->net.who, task);
		d->net.op = REC_NET_DATAGRAM;
		d->net.error = 0;
		d->at = 0;
		add_exe(d, task, REC_NET_EXE_MAX);
		d->net.n_exe = d->at;
		d->net.exe_flags = d->flags;
		note_stream(task, &d->net);
		send_draft(d, REC_NET, sizeof d->net);
	}
	give_back(d);
	return ALLOW;
}

SEC("cgroup/connect4")
int trace_connect4(struct bpf_sock_addr *ctx)
{
	return tell_datagram(ctx, AF_INET, true);
}

SEC("cgroup/connect6")
int trace_connect6(struct bpf_sock_addr *ctx)
{
	return tell_datagram(ctx, AF_INET6, true);
}

SEC("cgroup/sendmsg4")
int trace_sendmsg4(struct bpf_sock_addr *ctx)
{
	return tell_datagram(ctx, AF_INET, false);
}

SEC("cgroup/sendmsg6")
int trace_sendmsg6(struct bpf_sock_addr *ctx)
{
	return tell_datagram(ctx, AF_INET6, false);
}

#endif
