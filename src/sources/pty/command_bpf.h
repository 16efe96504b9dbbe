/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Commands that sshd runs without a terminal: it gives them pipes (socketpairs,
 * where it was built so) and reads what they write. Such a command is the first
 * program of a process that sshd forked, that leads a session of setsid(2), and
 * whose three standard descriptors all are such an end, output and errors
 * apart; what sshd asks for keys or runs at a login leads none, and what
 * pam_exec(8) runs has but one. What a command runs is told too, as that
 * decides whether its output may be kept.
 */
#ifndef SOURCES_PTY_COMMAND_BPF_H
#define SOURCES_PTY_COMMAND_BPF_H

#include "sources/bpf/exit_bpf.h"
#include "sources/pty/call_bpf.h"
#include "sources/pty/tell_bpf.h"

/* Descriptors of sshd that are looked through for its ends of the pipes. */
#define FDS_MAX	    256
#define STREAMS	    2
#define FMODE_READ  1
#define S_IFCHR	    0020000
#define S_IFIFO	    0010000
#define S_IFREG	    0100000
#define DEVICE_NULL (1 << 20 | 3)
#define AF_UNIX	    1

/*
 * The pipe or socket that sshd reads. The address of its inode may be given to
 * another one later, the number as well, but hardly both.
 */
struct stream_key {
	__u64 inode, number;
};

struct stream {
	__u64 serial; /* of its command */
	__u64 file;   /* by which sshd reads: others can open a pipe, too */
	struct ending reader;
	__u16 type;  /* PTY_OUTPUT or PTY_ERRORS */
	bool needed; /* it is one of terminal.parts */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct stream_key);
	__type(value, struct stream);
} streams SEC(".maps");

/* The same by descriptor, as far as it is known. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ending);
	__type(value, struct stream_key);
} readers SEC(".maps");

/* By serial. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct terminal);
} commands SEC(".maps");

/* The serial of the one from which a process descends, whatever became of its
 * parents. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
} members SEC(".maps");

static __always_inline struct terminal *command_of(__u32 pid)
{
	__u64 *serial = bpf_map_lookup_elem(&members, &pid);

	return serial ? bpf_map_lookup_elem(&commands, serial) : NULL;
}

/* --- its end --- */

/* It ends with the last of its parts, or with its sshd. */
static __always_inline void end_command(struct terminal *c)
{
	__u64 serial = c->serial;

	tell_end(c);
	bpf_map_delete_elem(&commands, &serial);
}

static __always_inline void end_part(struct terminal *c)
{
	if (__sync_fetch_and_add(&c->parts, -1) == 1)
		end_command(c);
}

static __noinline int end_stream(struct stream_key *at)
{
	struct stream_key key = *at;
	struct stream *s = bpf_map_lookup_elem(&streams, &key);
	struct terminal *c;

	if (!s)
		return 0;
	c = bpf_map_lookup_elem(&commands, &s->serial);
	bpf_map_delete_elem(&readers, &s->reader);
	if (c && s->needed)
		end_part(c);
	bpf_map_delete_elem(&streams, &key);
	return 0;
}

static __always_inline void end_descriptor(const struct ending *e)
{
	struct stream_key *key = bpf_map_lookup_elem(&readers, e), copy;

	if (!key)
		return;
	copy = *key;
	end_stream(&copy);
}

static long end_stream_of(
    struct bpf_map *map, const void *key, void *value, void *ctx)
{
	const struct ending *e = ctx;
	struct stream *s = value;

	if (s->reader.pid != e->pid)
		return 0;
	bpf_map_delete_elem(&readers, &s->reader);
	bpf_map_delete_elem(map, key);
	return 0;
}

static long end_command_of(
    struct bpf_map *map, const void *key, void *value, void *ctx)
{
	const struct ending *e = ctx;
	struct terminal *c = value;

	if (c->pid == e->pid)
		end_command(c);
	return 0;
}

/* sshd has ended, and its ends of all pipes with it. */
static __always_inline void end_commands(struct ending *e)
{
	bpf_for_each_map_elem(&streams, end_stream_of, e, 0);
	bpf_for_each_map_elem(&commands, end_command_of, e, 0);
}

/* --- its begin --- */

/* A pipe is the same at both ends; of a socket it is the other one. */
static __always_inline bool find_stream(
    struct file *file, struct stream_key *ret)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	unsigned short type = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	struct unix_sock *end;
	struct socket *socket;
	struct sock *peer;

	if (type == S_IFSOCK) {
		socket = BPF_CORE_READ(file, private_data);
		end = (void *)BPF_CORE_READ(socket, sk);
		if (BPF_CORE_READ(&end->sk, __sk_common.skc_family) !=
			AF_UNIX ||
		    !bpf_core_field_exists(end->peer))
			return false;
		peer = BPF_CORE_READ(end, peer);
		inode = BPF_CORE_READ(peer, sk_socket, file, f_inode);
	} else if (type != S_IFIFO) {
		return false;
	}
	ret->inode = (__u64)inode;
	ret->number = BPF_CORE_READ(inode, i_ino);
	return inode;
}

/* Which descriptors of sshd they are; ANY_FD: it has none of them. */
struct search {
	struct stream_key key[STREAMS];
	__u64 file[STREAMS];
	__u32 fd[STREAMS];
};

static __noinline int find_readers(struct search *s, struct task_struct *sshd)
{
	__u32 i;

	for (i = 0; i < FDS_MAX; i++) {
		struct file *file = file_of(sshd, i);
		__u64 inode = (__u64)BPF_CORE_READ(file, f_inode);

		if (!file || !(BPF_CORE_READ(file, f_mode) & FMODE_READ))
			continue;
		if (inode == s->key[0].inode) {
			s->file[0] = (__u64)file;
			s->fd[0] = i;
		} else if (inode == s->key[1].inode) {
			s->file[1] = (__u64)file;
			s->fd[1] = i;
		}
	}
	return 0;
}

static __always_inline void add_stream(
    struct terminal *c, __u16 type, const struct search *found, const int i)
{
	struct stream s = {.serial = c->serial,
	    .file = found->file[i],
	    .reader = {c->pid, found->fd[i]},
	    .type = type};

	/* Of a subsystem sshd does not read what it says of errors. */
	s.needed = type == PTY_OUTPUT || found->fd[i] != ANY_FD;
	if (bpf_map_update_elem(&streams, &found->key[i], &s, BPF_ANY)) {
		count(type, 1);
		return;
	}
	c->parts += s.needed;
	if (found->fd[i] != ANY_FD)
		bpf_map_update_elem(
		    &readers, &s.reader, &found->key[i], BPF_ANY);
}

/*
 * Arguments from the copy that the kernel made for the new program, see
 * process_bpf.h. Counted behind the reservation: no record that counts it comes
 * before it, and where this one is lost it is seen to be.
 */
static __always_inline void tell_program(
    struct terminal *c, __u16 type, struct task_struct *task)
{
	__u64 from = BPF_CORE_READ(task, mm, arg_start);
	__u64 n = BPF_CORE_READ(task, mm, arg_end) - from;
	struct pty_rec *rec =
	    bpf_ringbuf_reserve(&ring, sizeof *rec + PTY_ARGS, 0);

	__sync_fetch_and_add(&c->execs, 1);
	if (!rec) {
		count(type, 1);
		return;
	}
	fill(rec, c, type, sizeof *rec + PTY_ARGS);
	if (n > PTY_ARGS)
		rec->flags |= PTY_CUT;
	barrier_var(n);
	if (n > PTY_ARGS)
		n = PTY_ARGS;
	if (bpf_probe_read_user(rec + 1, n, (void *)from)) {
		count(type, 1);
		bpf_ringbuf_discard(rec, 0);
		return;
	}
	rec->n = n;
	bpf_ringbuf_submit(rec, wakeup(rec->head.time));
}

/* Where there is no room, what it runs will not be told: seen by the count. */
static __always_inline void add_member(struct terminal *c, __u32 pid)
{
	if (bpf_map_update_elem(&members, &pid, &c->serial, BPF_ANY) < 0)
		__sync_fetch_and_add(&c->execs, 1);
}

/* False: it is none. */
static __noinline int begin_command(struct task_struct *task, __u32 flags)
{
	struct task_struct *sshd = BPF_CORE_READ(task, real_parent);
	struct search found = {.fd = {ANY_FD, ANY_FD}};
	struct terminal c = {0}, *kept;
	struct stream_key input;

	if (!find_stream(file_of(task, 0), &input) ||
	    !find_stream(file_of(task, 1), &found.key[0]) ||
	    !find_stream(file_of(task, 2), &found.key[1]) ||
	    found.key[0].inode == found.key[1].inode)
		return false;
	find_readers(&found, sshd);
	know(&c, sshd, flags | PTY_COMMAND);
	c.auid = BPF_CORE_READ(task, loginuid.val);
	c.ses = BPF_CORE_READ(task, sessionid);
	c.index = BPF_CORE_READ(task, tgid);
	c.parts = 1;
	add_stream(&c, PTY_OUTPUT, &found, 0);
	add_stream(&c, PTY_ERRORS, &found, 1);
	bpf_map_update_elem(&commands, &c.serial, &c, BPF_ANY);
	kept = bpf_map_lookup_elem(&commands, &c.serial);
	if (!kept) {
		count(PTY_OPEN, 1);
		return true;
	}
	add_member(kept, c.index);
	/* Another process's memory cannot be read. */
	if (flags & PTY_LATE)
		tell(kept, PTY_OPEN);
	else
		tell_program(kept, PTY_OPEN, task);
	return true;
}

/* --- what it runs --- */

static __always_inline void follow_fork(__u32 parent, __u32 child)
{
	struct terminal *c = command_of(parent);

	if (c)
		add_member(c, child);
}

static __always_inline void follow_exit(struct task_struct *task, __u32 pid)
{
	struct terminal *c = command_of(pid);

	bpf_map_delete_elem(&members, &pid);
	/* Its number may be another one's by now. */
	if (!c || c->index != pid || c->flags & PTY_EXITED)
		return;
	c->status = exit_status(task);
	c->flags |= PTY_EXITED;
	end_part(c);
}

/* Output that goes into a file or nowhere does not get to the client. */
static __always_inline bool is_heard(struct task_struct *task)
{
	struct file *file = file_of(task, 1);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	unsigned short type = BPF_CORE_READ(inode, i_mode) & S_IFMT;

	return file && type != S_IFREG &&
	       (type != S_IFCHR || BPF_CORE_READ(inode, i_rdev) != DEVICE_NULL);
}

/* What sshd asks and runs for itself leads no session of setsid(2). */
static __always_inline bool leads(struct task_struct *task)
{
	return BPF_CORE_READ(task, tgid) ==
	       BPF_CORE_READ(task, signal, pids[PIDTYPE_SID], numbers[0].nr);
}

/* Before its command: ~/.ssh/rc, for one. */
static __always_inline void note_early(struct task_struct *task)
{
	__u32 parent = BPF_CORE_READ(task, real_parent, tgid);

	mark_sshd(parent, SSHD_RAN);
}

/* A program begins; sshd: what is known of the process, if sshd ran there. */
static __always_inline void follow_exec(
    struct task_struct *task, const __u32 *sshd)
{
	__u32 pid = BPF_CORE_READ(task, tgid);
	struct terminal *c = command_of(pid);

	/* sshd itself may have been started by a command. */
	if (sshd && !(c && c->index == pid)) {
		if (!leads(task))
			note_early(task);
		else if (begin_command(
			     task, *sshd & SSHD_RAN ? PTY_EARLIER : 0))
			return;
	}
	if (c && is_heard(task))
		tell_program(c, PTY_EXEC, task);
}

/* It may have run for long: what descends from it is not known. */
static __always_inline void find_command(struct task_struct *task)
{
	if (!is_sshd(task) && is_sshd(BPF_CORE_READ(task, real_parent)) &&
	    leads(task) && !command_of(BPF_CORE_READ(task, tgid)))
		begin_command(task, PTY_LATE);
}

/* --- what sshd reads --- */

static __noinline int take_output(struct terminal *c, struct bytes *bytes)
{
	__u64 room = 0;
	__u32 n = bytes->left;

	if (c->offset < commands_limit)
		room = commands_limit - c->offset;
	c->output = *bytes;
	if (n > room) {
		c->output.left = room;
		c->counted += n - room;
	}
	tell_output(c);
	return 0;
}

/* `pid` of sshd read what `bytes` says; nothing: it has come to the end. */
static __noinline int take_stream(
    struct inode *inode, struct bytes *bytes, __u32 pid)
{
	struct stream_key key = {(__u64)inode, BPF_CORE_READ(inode, i_ino)};
	struct stream *s = bpf_map_lookup_elem(&streams, &key);
	struct terminal *c =
	    s ? bpf_map_lookup_elem(&commands, &s->serial) : NULL;
	bool first;

	if (!c || s->reader.pid != pid)
		return 0;
	if (bytes->left == 0)
		return end_stream(&key);
	bytes->type = s->type;
	first = c->counted == 0;
	take_output(c, bytes);
	if (first && c->counted)
		tell(c, PTY_LIMITED);
	return 0;
}

/* --- in the kernel's functions --- */

#ifdef CALL_NUMBER
/*
 * Where the process that reads wants it. Nowhere, if it does not do so by
 * read(2): what it reads is then lost, and told to be.
 */
static __always_inline __u64 read_to(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs___call *regs = (void *)bpf_task_pt_regs(task);
	unsigned long call = CALL_NUMBER(regs);

	if (call == CALL_READ)
		return CALL_SECOND(regs);
	return call == CALL_READ_32_BIT ? CALL_SECOND_32_BIT(regs) : 0;
}

static __always_inline int was_read(struct file *file, long n)
{
	struct bytes bytes = {0, n, PTY_OUTPUT, true};
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (n < 0 || !may_be_sshd(pid) || !bpf_map_lookup_elem(&sshds, &pid))
		return 0;
	bytes.from = read_to();
	return take_stream(file->f_inode, &bytes, pid);
}

SEC("fexit/pipe_read")
int BPF_PROG(pipe_was_read, struct kiocb *call, void *to, long n)
{
	return was_read(call->ki_filp, n);
}

/* The same, since Linux 6.15. */
SEC("fexit/anon_pipe_read")
int BPF_PROG(anon_pipe_was_read, struct kiocb *call, void *to, long n)
{
	return was_read(call->ki_filp, n);
}

SEC("fexit/unix_stream_recvmsg")
int BPF_PROG(socket_was_read, struct socket *socket, void *to,
    unsigned long size, int flags, int n)
{
	return was_read(socket->file, n);
}
#endif

/* An end of a pipe that nobody has any more: is it that of sshd? */
SEC("fentry/pipe_release")
int BPF_PROG(pipe_closed, struct inode *inode, struct file *file)
{
	struct stream_key key = {(__u64)inode, inode->i_ino};
	struct stream *s = bpf_map_lookup_elem(&streams, &key);

	if (s && s->file == (__u64)file)
		end_stream(&key);
	return 0;
}

#endif
