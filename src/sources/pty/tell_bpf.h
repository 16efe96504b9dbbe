/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What is known of terminals and commands, and how it is told. */
#ifndef SOURCES_PTY_TELL_BPF_H
#define SOURCES_PTY_TELL_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "sources/bpf/kernel_bpf.h"
#include "sources/bpf/wake_bpf.h"
#include "sources/pty/record.h"

/*
 * Set before loading: whether what is typed is told; whether programs watch the
 * calls of sshd; whether ends_told runs; bytes of output to be told of each
 * command, 0: no commands.
 */
const volatile bool with_input, by_calls, late_ends;
const volatile __u64 commands_limit;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PTY_RING_BYTES);
} ring SEC(".maps");

/* A byte in it wakes who attaches and detaches. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} bell SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, PTY_N_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

#define ANY_FD 0xffffffffu

/*
 * Bytes that are being told. It lies in the map and not in registers: then the
 * kernel's verifier sees every round of the loop as the same.
 */
struct bytes {
	__u64 from;
	__u32 left;
	__u16 type; /* what they are: enum pty_type */
	bool user;  /* in the memory of the process, not the kernel's */
};

/* Or a command without one. */
struct terminal {
	__u64 serial, offset, counted;
	__u32 pid, ppid, auid, ses;
	__u32 index;
	__u16 rows, cols;
	__u32 flags;
	__u32 execs, status;
	__u32 fd; /* by which sshd reads; of terminals with call_ended only */
	__u64 closed; /* when, by the clock of records; 0: it is open */
	bool masked;
	__u32 parts; /* of a command: its process, and streams that are read */
	struct bytes output, input;
};

/* What is known of a process of sshd. */
enum {
	SSHD_HOLDS = 1, /* a terminal or command is told to be its */
	SSHD_RAN = 2,	/* it ran something while it was sshd still */
};

/* Processes that sshd forked and that run sshd. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u32);
} sshds SEC(".maps");

/*
 * How many of them there are by the lower bits of their numbers. Nearly all
 * that is not sshd is told by it, in less time than a look into a map takes.
 */
#define SIEVE_SLOTS 4096
__u32 sieve[SIEVE_SLOTS];

__u64 serials;

/*
 * Terminals and commands that ended while the ring was full, by serial: told
 * as soon as there is room, or their recordings would never end.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct terminal);
} ended SEC(".maps");

/* How many there are. */
__u64 n_ended;

static __always_inline __u64 wakeup(__u64 now)
{
	return wake(&ring, PTY_RING_BYTES, now);
}

static __always_inline __u64 count(__u32 which, __s64 n)
{
	__u64 *v = bpf_map_lookup_elem(&counters, &which);

	return v ? __sync_fetch_and_add(v, n) : 0;
}

static __always_inline bool is_sshd(struct task_struct *task)
{
	const unsigned char *from =
	    BPF_CORE_READ(task, mm, exe_file, f_path.dentry, d_name.name);
	char name[6] = {0};

	bpf_probe_read_kernel_str(name, sizeof name, from);
	/* sshd, and since OpenSSH 9.8 sshd-session. */
	return name[0] == 's' && name[1] == 's' && name[2] == 'h' &&
	       name[3] == 'd' && (name[4] == '\0' || name[4] == '-');
}

static __always_inline void ring_bell(void)
{
	char c = 0;

	bpf_ringbuf_output(&bell, &c, sizeof c, BPF_RB_FORCE_WAKEUP);
}

static __always_inline void add_sshd(__u32 pid)
{
	__u32 nothing = 0;

	if (bpf_map_update_elem(&sshds, &pid, &nothing, BPF_NOEXIST))
		return;
	__sync_fetch_and_add(&sieve[pid % SIEVE_SLOTS], 1);
	if (count(PTY_COUNTER_SSHDS, 1) == 0)
		ring_bell();
}

static __always_inline void remove_sshd(__u32 pid)
{
	if (bpf_map_delete_elem(&sshds, &pid))
		return;
	__sync_fetch_and_add(&sieve[pid % SIEVE_SLOTS], -1);
	if (count(PTY_COUNTER_SSHDS, -1) == 1)
		ring_bell();
}

static __always_inline bool may_be_sshd(__u32 pid)
{
	return sieve[pid % SIEVE_SLOTS];
}

static __always_inline void mark_sshd(__u32 pid, __u32 mark)
{
	__u32 *known = bpf_map_lookup_elem(&sshds, &pid);

	if (known)
		__sync_fetch_and_or(known, mark);
}

/*
 * What can be said of a terminal or command that a process of sshd holds; which
 * may be one that no sshd forked, as that of inetd.
 */
static __always_inline void know(
    struct terminal *t, struct task_struct *sshd, __u32 flags)
{
	t->flags = flags;
	t->fd = ANY_FD;
	t->serial = __sync_fetch_and_add(&serials, 1) + 1;
	t->pid = BPF_CORE_READ(sshd, tgid);
	t->ppid = BPF_CORE_READ(sshd, real_parent, tgid);
	t->auid = BPF_CORE_READ(sshd, loginuid.val);
	t->ses = BPF_CORE_READ(sshd, sessionid);
	if (by_calls || commands_limit) {
		add_sshd(t->pid);
		mark_sshd(t->pid, SSHD_HOLDS);
	}
}

/* Of a process, or of one descriptor of it. */
struct ending {
	__u32 pid, fd;
};

struct bpf_map;

static __always_inline struct file *file_of(
    struct task_struct *task, unsigned long fd)
{
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **at = BPF_CORE_READ(fdt, fd), *file = NULL;

	if (fd < BPF_CORE_READ(fdt, max_fds))
		bpf_probe_read_kernel(&file, sizeof file, at + fd);
	return file;
}

/* --- records --- */

static __always_inline void fill(
    struct pty_rec *rec, const struct terminal *t, __u16 type, __u32 size)
{
	rec->head.magic = PTY_MAGIC;
	rec->head.version = PTY_VERSION;
	rec->head.type = type;
	rec->head.size = size;
	rec->head.pid = t->pid;
	rec->head.time = t->closed ? t->closed : bpf_ktime_get_boot_ns();
	rec->serial = t->serial;
	rec->offset = t->offset;
	rec->counted = t->counted;
	rec->ppid = t->ppid;
	rec->auid = t->auid;
	rec->ses = t->ses;
	rec->index = t->index;
	rec->rows = t->rows;
	rec->cols = t->cols;
	rec->flags = t->flags;
	rec->n = 0;
	rec->execs = t->execs;
	rec->status = t->status;
	rec->unused = 0;
}

/* False: there is no room. */
static __always_inline bool try_tell(const struct terminal *t, __u16 type)
{
	struct pty_rec *rec = bpf_ringbuf_reserve(&ring, sizeof *rec, 0);

	if (!rec)
		return false;
	fill(rec, t, type, sizeof *rec);
	bpf_ringbuf_submit(rec, wakeup(bpf_ktime_get_boot_ns()));
	return true;
}

static __always_inline void tell(const struct terminal *t, __u16 type)
{
	if (!try_tell(t, type))
		count(type, 1);
}

/* Now, or when there is room; whoever keeps it is to forget it. */
static __always_inline void tell_end(struct terminal *t)
{
	__u64 serial = t->serial;

	t->closed = bpf_ktime_get_boot_ns();
	if (try_tell(t, PTY_CLOSE))
		return;
	if (late_ends &&
	    bpf_map_update_elem(&ended, &serial, t, BPF_NOEXIST) == 0)
		__sync_fetch_and_add(&n_ended, 1);
	else
		count(PTY_CLOSE, 1);
}

/* Who removes it has told it: two processors may come at once. */
static long tell_ended(
    struct bpf_map *map, const void *key, void *value, void *ctx)
{
	struct terminal *t = value;
	struct pty_rec *rec = bpf_ringbuf_reserve(&ring, sizeof *rec, 0);

	if (!rec)
		return 1;
	fill(rec, t, PTY_CLOSE, sizeof *rec);
	if (bpf_map_delete_elem(map, key)) {
		bpf_ringbuf_discard(rec, 0);
		return 0;
	}
	__sync_fetch_and_add(&n_ended, -1);
	bpf_ringbuf_submit(rec, wakeup(bpf_ktime_get_boot_ns()));
	return 0;
}

/*
 * One record with room for `room` bytes, a constant: what is reserved cannot
 * be given back, so what a person causes gets a small one.
 */
static __always_inline void tell_piece(const struct terminal *t,
    const struct bytes *bytes, __u32 n, const __u32 room)
{
	__u16 type = bytes->type;
	struct pty_rec *rec;
	long bad;

	rec = bpf_ringbuf_reserve(&ring, sizeof *rec + room, 0);
	if (!rec) {
		count(type, 1);
		return;
	}
	fill(rec, t, type, sizeof *rec + room);
	barrier_var(n);
	if (n > room)
		n = room;
	if (bytes->user)
		bad = bpf_probe_read_user(rec + 1, n, (void *)bytes->from);
	else
		bad = bpf_probe_read_kernel(rec + 1, n, (void *)bytes->from);
	if (bad) {
		count(type, 1);
		bpf_ringbuf_discard(rec, 0);
		return;
	}
	rec->n = n;
	bpf_ringbuf_submit(rec, wakeup(rec->head.time));
}

static __always_inline void tell_next(struct terminal *t, struct bytes *bytes)
{
	__u32 n = bytes->left;

	if (n == 0)
		return;
	if (n > PTY_CHUNK)
		n = PTY_CHUNK;
	if (n <= 192)
		tell_piece(t, bytes, n, 192);
	else if (n <= 1024)
		tell_piece(t, bytes, n, 1024);
	else
		tell_piece(t, bytes, n, PTY_CHUNK);
	if (bytes->type != PTY_INPUT)
		t->offset += n;
	bytes->from += n;
	bytes->left -= n;
}

static __noinline int tell_output(struct terminal *t)
{
#pragma unroll
	for (int i = 0; i < PTY_CHUNKS; i++)
		tell_next(t, &t->output);
	/* Not to be passed over in silence, should it ever be. */
	if (t->output.left) {
		t->offset += t->output.left;
		count(PTY_OUTPUT, 1);
	}
	return 0;
}

static __noinline int tell_input(struct terminal *t)
{
#pragma unroll
	for (int i = 0; i < PTY_CHUNKS; i++)
		tell_next(t, &t->input);
	if (t->input.left)
		count(PTY_INPUT, 1);
	return 0;
}

#endif
