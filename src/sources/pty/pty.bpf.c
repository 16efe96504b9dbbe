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
#include "sources/pty/command_bpf.h"

char licence[] SEC("license") = "Dual BSD/GPL";

/* What the kernel's headers say and its types do not. */
#define PTY_DRIVER    4
#define PTY_MASTER    1
#define LFLAG_ECHO    8
#define PTMX	      (5 << 20 | 2) /* device 5:2, as the kernel keeps it */
#define IOCTL_SET_WIN 0x5414
#define ERROR_IO      5

static __always_inline bool is_master(struct tty_struct *tty)
{
	return BPF_CORE_READ(tty, driver, type) == PTY_DRIVER &&
	       BPF_CORE_READ(tty, driver, subtype) == PTY_MASTER;
}

/* --- terminals --- */

/* By the address of the master's struct tty_struct, which we hand nobody. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct terminal);
} terminals SEC(".maps");

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
	struct terminal t = {0};

	know(&t, task, flags);
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
		t->input.type = PTY_INPUT;
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
	const struct bytes bytes = {(__u64)from, n, PTY_OUTPUT, false};
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
	tell_end(t);
	bpf_map_delete_elem(&terminals, &key);
	return 0;
}

/* What found no room. Whatever a host does, it makes processes now and then. */
SEC("tp_btf/sched_process_fork")
int ends_told(void *ctx)
{
	if (n_ended)
		bpf_for_each_map_elem(&ended, tell_ended, NULL, 0);
	return 0;
}

/* --- which processes are sshd's --- */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(sshd_forked, struct task_struct *parent, struct task_struct *child)
{
	__u32 pid = BPF_CORE_READ(child, tgid);
	__u32 ppid = BPF_CORE_READ(parent, tgid);

	if (pid == ppid)
		return 0;
	if (is_sshd(parent))
		add_sshd(pid);
	if (commands_limit)
		follow_fork(ppid, pid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(sshd_execed, struct task_struct *task)
{
	__u32 pid = BPF_CORE_READ(task, tgid);

	if (commands_limit)
		follow_exec(task, bpf_map_lookup_elem(&sshds, &pid));
	if (!is_sshd(task))
		remove_sshd(pid);
	return 0;
}

static long end_terminal(
    struct bpf_map *map, const void *key, void *value, void *ctx)
{
	const struct ending *e = ctx;
	struct terminal *t = value;

	if (t->pid != e->pid || (e->fd != ANY_FD && e->fd != t->fd))
		return 0;
	tell_end(t);
	bpf_map_delete_elem(map, key);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(sshd_exited, struct task_struct *task)
{
	struct ending e = {BPF_CORE_READ(task, tgid), ANY_FD};
	__u32 *known;

	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	if (commands_limit)
		follow_exit(task, e.pid);
	known = bpf_map_lookup_elem(&sshds, &e.pid);
	if (!known)
		return 0;
	/* Most hold nothing: to look through all is not for each of them. */
	if (*known & SSHD_HOLDS && by_calls)
		bpf_for_each_map_elem(&terminals, end_terminal, &e, 0);
	if (*known & SSHD_HOLDS && commands_limit)
		end_commands(&e);
	remove_sshd(e.pid);
	return 0;
}

/* --- at the end of system calls --- */

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

	tell_end(t);
	bpf_map_delete_elem(&terminals, &key);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(call_ended, struct pt_regs___call *regs, long ret)
{
	unsigned long call = CALL_NUMBER(regs);
	struct tty_struct *master;
	struct bytes bytes;
	struct terminal *t;
	struct task_struct *task;
	struct ending e;
	struct file *file;
	__u32 *known;

	if (call != CALL_READ && call != CALL_CLOSE && call != CALL_IOCTL &&
	    (call != CALL_WRITE || !with_input))
		return 0;
	e.pid = bpf_get_current_pid_tgid() >> 32;
	if (!may_be_sshd(e.pid))
		return 0;
	known = bpf_map_lookup_elem(&sshds, &e.pid);
	if (!known || (call == CALL_CLOSE && !(*known & SSHD_HOLDS)))
		return 0;
	e.fd = CALL_FIRST(regs);
	if (call == CALL_CLOSE) {
		bpf_for_each_map_elem(&terminals, end_terminal, &e, 0);
		if (commands_limit)
			end_descriptor(&e);
		return 0;
	}
	if (call == CALL_IOCTL && CALL_SECOND(regs) != IOCTL_SET_WIN)
		return 0;
	task = (void *)bpf_get_current_task();
	file = file_of(task, e.fd);
	master = master_of(file);
	bytes = (struct bytes){CALL_SECOND(regs), ret, PTY_OUTPUT, true};
	if (!master && commands_limit && call == CALL_READ && file && ret >= 0)
		take_stream(BPF_CORE_READ(file, f_inode), &bytes, e.pid);
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
		mark_sshd(e.pid, SSHD_HOLDS);
	}
	if (call == CALL_READ && ret == -ERROR_IO)
		end_read(master, t);
	if (ret <= 0 || call == CALL_IOCTL)
		return 0;
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

	if (!task || !file)
		return 0;
	if (commands_limit && ctx->fd == 1)
		find_command(task);
	if (!is_sshd(task))
		return 0;
	if (is_sshd(BPF_CORE_READ(task, real_parent)))
		add_sshd(BPF_CORE_READ(task, tgid));
	master = master_of(file);
	if (master)
		begin(master, task, PTY_LATE);
	return 0;
}
