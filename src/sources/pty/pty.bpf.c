/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The programs that watch the terminals of sshd (record.h). What a terminal is
 * to us is its master, which sshd holds; output is what can be read from it.
 *
 * There are two ways to see it. In the driver (pty_wrote and its like), where
 * the kernel lets programs onto its functions: whoever writes to the other end
 * makes the output. Else at the end of system calls (call_ended), where sshd
 * reads it; that program costs every process a little with every call, so it is
 * attached only while there are processes that sshd forked.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "sources/bpf/kernel_bpf.h"
#include "sources/pty/record.h"

char licence[] SEC("license") = "Dual BSD/GPL";

/* What the kernel's headers say and its types do not. */
#define PTY_DRIVER    4
#define PTY_MASTER    1
#define LFLAG_ECHO    8
#define PTMX	      (5 << 20 | 2) /* device 5:2, as the kernel keeps it */
#define IOCTL_SET_WIN 0x5414
#define ERROR_IO      5

/* Set before loading. */
const volatile bool with_input;

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
	bool user; /* in the memory of the process, not the kernel's */
};

struct terminal {
	__u64 serial, offset;
	__u32 pid, ppid, auid, ses;
	__u32 index;
	__u16 rows, cols;
	__u32 flags;
	__u32 fd; /* by which sshd reads; known with call_ended only */
	bool masked;
	struct bytes output, input;
};

/* By the address of the master's struct tty_struct, which we hand nobody. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct terminal);
} terminals SEC(".maps");

/* Processes that sshd forked and that run sshd. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u8);
} sshds SEC(".maps");

__u64 woken, serials;

/* As in trace.bpf.c. */
static __always_inline __u64 wakeup(__u64 now)
{
	if (now - woken < REC_WAKE_NS &&
	    bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) < PTY_RING_BYTES / 4)
		return BPF_RB_NO_WAKEUP;
	woken = now;
	return BPF_RB_FORCE_WAKEUP;
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

static __always_inline bool is_master(struct tty_struct *tty)
{
	return BPF_CORE_READ(tty, driver, type) == PTY_DRIVER &&
	       BPF_CORE_READ(tty, driver, subtype) == PTY_MASTER;
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
	rec->head.time = bpf_ktime_get_boot_ns();
	rec->serial = t->serial;
	rec->offset = t->offset;
	rec->ppid = t->ppid;
	rec->auid = t->auid;
	rec->ses = t->ses;
	rec->index = t->index;
	rec->rows = t->rows;
	rec->cols = t->cols;
	rec->flags = t->flags;
	rec->n = 0;
	rec->unused = 0;
}

static __always_inline void tell(const struct terminal *t, __u16 type)
{
	struct pty_rec *rec = bpf_ringbuf_reserve(&ring, sizeof *rec, 0);

	if (!rec) {
		count(type, 1);
		return;
	}
	fill(rec, t, type, sizeof *rec);
	bpf_ringbuf_submit(rec, wakeup(rec->head.time));
}

/*
 * One record with room for `room` bytes, a constant: what is reserved cannot
 * be given back, so what a person causes gets a small one.
 */
static __always_inline void tell_piece(const struct terminal *t, __u16 type,
    const struct bytes *bytes, __u32 n, const __u32 room)
{
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

static __always_inline void tell_next(
    struct terminal *t, __u16 type, struct bytes *bytes)
{
	__u32 n = bytes->left;

	if (n == 0)
		return;
	if (n > PTY_CHUNK)
		n = PTY_CHUNK;
	if (n <= 192)
		tell_piece(t, type, bytes, n, 192);
	else if (n <= 1024)
		tell_piece(t, type, bytes, n, 1024);
	else
		tell_piece(t, type, bytes, n, PTY_CHUNK);
	if (type == PTY_OUTPUT)
		t->offset += n;
	bytes->from += n;
	bytes->left -= n;
}

static __noinline int tell_output(struct terminal *t)
{
#pragma unroll
	for (int i = 0; i < PTY_CHUNKS; i++)
		tell_next(t, PTY_OUTPUT, &t->output);
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
		tell_next(t, PTY_INPUT, &t->input);
	if (t->input.left)
		count(PTY_INPUT, 1);
	return 0;
}

/* --- terminals --- */

/* The kernel keeps it at the other end. */
static __always_inline void read_size(
    struct terminal *t, struct tty_struct *master)
{
	t->rows = BPF_CORE_READ(master, link, winsize.ws_row);
	t->cols = BPF_CORE_READ(master, link, winsize.ws_col);
}

/* What is known of a terminal that this process of sshd holds. */
static __always_inline struct terminal *begin(
    struct tty_struct *master, struct task_struct *task, __u32 flags)
{
	__u64 key = (__u64)master;
	struct terminal t = {.flags = flags, .fd = ANY_FD};

	t.serial = __sync_fetch_and_add(&serials, 1) + 1;
	t.pid = BPF_CORE_READ(task, tgid);
	t.ppid = BPF_CORE_READ(task, real_parent, tgid);
	t.auid = BPF_CORE_READ(task, loginuid.val);
	t.ses = BPF_CORE_READ(task, sessionid);
	t.index = BPF_CORE_READ(master, index);
	read_size(&t, master);
	if (bpf_map_update_elem(&terminals, &key, &t, BPF_NOEXIST) == 0)
		tell(&t, PTY_OPEN);
	return bpf_map_lookup_elem(&terminals, &key);
}

static __always_inline struct terminal *find(struct tty_struct *master)
{
	__u64 key = (__u64)master;

	return bpf_map_lookup_elem(&terminals, &key);
}

/* sshd has set it: what programs in the session set, its client never sees. */
static __always_inline void follow_size(
    struct terminal *t, struct tty_struct *master)
{
	__u16 rows = t->rows, cols = t->cols;

	read_size(t, master);
	if (rows != t->rows || cols != t->cols)
		tell(t, PTY_SIZE);
}

/* What is typed is told only where the terminal shows it, too. */
static __always_inline void take_input(
    struct terminal *t, struct tty_struct *master, const struct bytes *bytes)
{
	if (!with_input)
		return;
	if (BPF_CORE_READ(master, link, termios.c_lflag) & LFLAG_ECHO) {
		t->masked = false;
		t->input = *bytes;
		tell_input(t);
	} else if (!t->masked) {
		/* Once: neither how much nor how fast is anybody's business. */
		t->masked = true;
		tell(t, PTY_MASKED);
	}
}

/* --- in the driver --- */

SEC("fexit/pty_write")
int BPF_PROG(pty_wrote, struct tty_struct *tty, const unsigned char *from,
    unsigned int asked, int n)
{
	const struct bytes bytes = {(__u64)from, n, false};
	struct task_struct *task = (void *)bpf_get_current_task();
	struct terminal *t;

	if (n <= 0)
		return 0;
	if (!is_master(tty)) {
		struct tty_struct *master = BPF_CORE_READ(tty, link);

		t = find(master);
		if (t) {
			t->output = bytes;
			tell_output(t);
		}
		return 0;
	}
	t = find(tty);
	if (!t && is_sshd(task))
		t = begin(tty, task, PTY_LATE);
	if (t)
		take_input(t, tty, &bytes);
	return 0;
}

/*
 * sshd gives each terminal its size before anything else is done with it. The
 * kernel does so at the other end, whichever was asked.
 */
SEC("fexit/tty_do_resize")
int BPF_PROG(pty_resized, struct tty_struct *tty)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct tty_struct *master;
	struct terminal *t;

	if (BPF_CORE_READ(tty, driver, type) != PTY_DRIVER || is_master(tty) ||
	    !is_sshd(task))
		return 0;
	master = BPF_CORE_READ(tty, link);
	t = find(master);
	if (t)
		follow_size(t, master);
	else
		begin(master, task, 0);
	return 0;
}

SEC("fentry/pty_close")
int BPF_PROG(pty_closed, struct tty_struct *tty)
{
	__u64 key = (__u64)tty;
	struct terminal *t;

	if (!is_master(tty))
		return 0;
	t = find(tty);
	if (!t)
		return 0;
	tell(t, PTY_CLOSE);
	bpf_map_delete_elem(&terminals, &key);
	return 0;
}

/* --- which processes are sshd's --- */

static __always_inline void ring_bell(void)
{
	char c = 0;

	bpf_ringbuf_output(&bell, &c, sizeof c, BPF_RB_FORCE_WAKEUP);
}

static __always_inline void add_sshd(__u32 pid)
{
	__u8 one = 1;

	if (bpf_map_update_elem(&sshds, &pid, &one, BPF_NOEXIST) == 0 &&
	    count(PTY_COUNTER_SSHDS, 1) == 0)
		ring_bell();
}

static __always_inline void remove_sshd(__u32 pid)
{
	if (bpf_map_delete_elem(&sshds, &pid) == 0 &&
	    count(PTY_COUNTER_SSHDS, -1) == 1)
		ring_bell();
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sshd_forked, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = BPF_CORE_READ(child, tgid);

	if (pid != (__u32)BPF_CORE_READ(parent, tgid) && is_sshd(parent))
		add_sshd(pid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sshd_execed, struct task_struct *task)
{
	if (!is_sshd(task))
		remove_sshd(BPF_CORE_READ(task, tgid));
	return 0;
}

/* Of a process, or of one descriptor of it. */
struct ending {
	__u32 pid, fd;
};

struct bpf_map;

static long end_terminal(
    struct bpf_map *map, const void *key, void *value, void *ctx)
{
	const struct ending *e = ctx;
	struct terminal *t = value;

	if (t->pid != e->pid || (e->fd != ANY_FD && e->fd != t->fd))
		return 0;
	tell(t, PTY_CLOSE);
	bpf_map_delete_elem(map, key);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sshd_exited, struct task_struct *task)
{
	struct ending e = {BPF_CORE_READ(task, tgid), ANY_FD};

	if (BPF_CORE_READ(task, signal, live.counter) ||
	    !bpf_map_lookup_elem(&sshds, &e.pid))
		return 0;
	bpf_for_each_map_elem(&terminals, end_terminal, &e, 0);
	remove_sshd(e.pid);
	return 0;
}

/* --- at the end of system calls --- */

#if defined(__TARGET_ARCH_x86)
struct pt_regs___call {
	unsigned long orig_ax, di, si, dx;
} __attribute__((preserve_access_index));
#define CALL_NUMBER(r) ((r)->orig_ax)
#define CALL_FIRST(r)  ((r)->di)
#define CALL_SECOND(r) ((r)->si)
enum { CALL_READ = 0, CALL_WRITE = 1, CALL_CLOSE = 3, CALL_IOCTL = 16 };
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs___call {
	__u64 regs[31], orig_x0;
	int syscallno;
} __attribute__((preserve_access_index));
#define CALL_NUMBER(r) ((unsigned long)(r)->syscallno)
#define CALL_FIRST(r)  ((r)->orig_x0)
#define CALL_SECOND(r) ((r)->regs[1])
enum { CALL_READ = 63, CALL_WRITE = 64, CALL_CLOSE = 57, CALL_IOCTL = 29 };
#endif

static __always_inline struct file *file_of(
    struct task_struct *task, unsigned long fd)
{
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **at = BPF_CORE_READ(fdt, fd), *file = NULL;

	if (fd < BPF_CORE_READ(fdt, max_fds))
		bpf_probe_read_kernel(&file, sizeof file, at + fd);
	return file;
}

/* The master that the file is, or NULL. */
static __always_inline struct tty_struct *master_of(struct file *file)
{
	struct tty_file_private *p;

	if (!file || BPF_CORE_READ(file, f_inode, i_rdev) != PTMX)
		return NULL;
	p = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(p, tty);
}

#ifdef CALL_NUMBER
/* A terminal is told to end where sshd stops to read from it. */
static __always_inline void end_read(
    struct tty_struct *master, struct terminal *t)
{
	__u64 key = (__u64)master;

	tell(t, PTY_CLOSE);
	bpf_map_delete_elem(&terminals, &key);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_ended, struct pt_regs___call *regs, long ret)
{
	unsigned long call = CALL_NUMBER(regs);
	struct task_struct *task;
	struct tty_struct *master;
	struct terminal *t;
	struct bytes bytes;
	struct ending e;

	if (call != CALL_READ && call != CALL_CLOSE && call != CALL_IOCTL &&
	    (call != CALL_WRITE || !with_input))
		return 0;
	e.pid = bpf_get_current_pid_tgid() >> 32;
	if (!bpf_map_lookup_elem(&sshds, &e.pid))
		return 0;
	e.fd = CALL_FIRST(regs);
	if (call == CALL_CLOSE) {
		bpf_for_each_map_elem(&terminals, end_terminal, &e, 0);
		return 0;
	}
	if (call == CALL_IOCTL && CALL_SECOND(regs) != IOCTL_SET_WIN)
		return 0;
	task = (void *)bpf_get_current_task();
	master = master_of(file_of(task, e.fd));
	if (!master)
		return 0;
	t = find(master);
	if (!t && ret >= 0)
		t = begin(master, task, call == CALL_IOCTL ? 0 : PTY_LATE);
	if (!t)
		return 0;
	if (call == CALL_IOCTL)
		follow_size(t, master);
	if (call == CALL_READ) {
		t->pid = e.pid;
		t->fd = e.fd;
	}
	if (call == CALL_READ && ret == -ERROR_IO)
		end_read(master, t);
	if (ret <= 0 || call == CALL_IOCTL)
		return 0;
	bytes = (struct bytes){CALL_SECOND(regs), ret, true};
	if (call == CALL_READ) {
		t->output = bytes;
		tell_output(t);
	} else {
		take_input(t, master, &bytes);
	}
	return 0;
}
#endif

/* --- what runs already when we come --- */

struct bpf_iter_meta;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
} __attribute__((preserve_access_index));

SEC("iter/task_file")
int terminals_found(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct tty_struct *master;

	if (!task || !file || !is_sshd(task))
		return 0;
	if (is_sshd(BPF_CORE_READ(task, real_parent)))
		add_sshd(BPF_CORE_READ(task, tgid));
	master = master_of(file);
	if (master)
		begin(master, task, PTY_LATE);
	return 0;
}
