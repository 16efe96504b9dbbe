/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What is done to watched files. The programs sit where every way leads to
 * (system calls of both ABIs, io_uring, file handles) and what the kernel acts
 * on is what they see: dentries, and its own copies of names.
 */
#ifndef SOURCES_BPF_FILE_BPF_H
#define SOURCES_BPF_FILE_BPF_H

#include "sources/bpf/task_bpf.h"
#include "sources/bpf/watch_bpf.h"

static __always_inline struct draft *begin_file(
    struct task_struct *task, __u16 op, __u32 error)
{
	struct draft *d = begin_draft(task, REC_FILE);

	if (!d)
		return NULL;
	d->file.op = op;
	d->file.error = error;
	d->file.uid = d->file.gid = UID_UNSET;
	return d;
}

static __always_inline void set_path(
    struct draft *d, struct dentry *dentry, __u32 max)
{
	add_host_path(d, dentry, max);
	d->file.n_path = d->at;
	d->file.path_flags = d->flags;
}

static __always_inline void set_path2(
    struct draft *d, struct dentry *dentry, __u32 max)
{
	__u32 before = d->at;

	add_host_path(d, dentry, max);
	d->file.n_path2 = d->at - before;
	d->file.path2_flags = d->flags;
}

static __always_inline void set_name(struct draft *d, const char *name)
{
	d->file.n_name = add_text(d, name, REC_PATH_MAX - NAME_BYTES);
}

static __always_inline void set_exe(struct draft *d, struct task_struct *task)
{
	__u32 before = d->at;

	add_exe_loop(d, task, REC_NET_EXE_MAX);
	d->file.n_exe = d->at - before;
	d->file.exe_flags = d->flags;
}

static __always_inline int end_file(struct draft *d, struct task_struct *task)
{
	set_exe(d, task);
	send_draft(d, REC_FILE, sizeof d->file);
	give_back(d);
	return 0;
}

/* O_TMPFILE without the O_DIRECTORY that is part of it. */
#define NO_NAME_YET __O_TMPFILE

static __always_inline __u16 op_of_open(unsigned int flags, unsigned int mode)
{
	if (mode & FMODE_CREATED || flags & NO_NAME_YET)
		return REC_FILE_CREATE;
	return flags & (O_ACCMODE | O_CREAT | O_TRUNC) ? REC_FILE_WRITE
						       : REC_FILE_READ;
}

static __always_inline void tell_open(
    struct task_struct *task, struct file *file, unsigned int flags)
{
	struct dentry *dentry = file->f_path.dentry;
	__u16 op = op_of_open(flags, file->f_mode);
	struct draft *d;

	if (file->f_mode & FMODE_PATH)
		return;
	if (op == REC_FILE_READ ? !read_is_watched(dentry)
				: !change_is_watched(dentry))
		return;
	d = begin_file(task, op, 0);
	if (!d)
		return;
	if (op == REC_FILE_CREATE)
		d->file.mode = dentry->d_inode->i_mode;
	set_path(d, dentry, REC_PATH_MAX);
	end_file(d, task);
}

/* Where a relative name begins. */
static __always_inline struct dentry *dir_of(struct task_struct *task, int dfd)
{
	struct fdtable *table;
	struct file *file = NULL;

	if (dfd == AT_FDCWD)
		return task->fs->pwd.dentry;
	table = task->files->fdt;
	if (dfd < 0 || (unsigned int)dfd >= table->max_fds)
		return NULL;
	bpf_probe_read_kernel(&file, sizeof file, table->fd + dfd);
	return file ? BPF_CORE_READ(file, f_path.dentry) : NULL;
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct watch_asked);
} asked_key SEC(".maps");

/* By the text that was asked for: there is nothing else to compare. */
static __always_inline __u32 asked_flags(const char *name)
{
	struct watch_asked *key;
	__u32 zero = 0, *found;
	long n;

	key = bpf_map_lookup_elem(&asked_key, &zero);
	if (!key)
		return 0;
	n = bpf_probe_read_kernel_str(key->text, sizeof key->text, name);
	if (n <= 1)
		return 0;
	/* With its NUL, so that a whole name can be meant. */
	key->bits = n * 8;
	found = bpf_map_lookup_elem(&asked, key);
	return found ? *found : 0;
}

static __always_inline void tell_refused(struct task_struct *task, int dfd,
    const char *name, unsigned int flags, __u32 error)
{
	__u16 op = op_of_open(flags, 0);
	__u32 want = op == REC_FILE_READ ? WATCH_READ : WATCH_CHANGE;
	struct dentry *dir;
	char first = 0;
	struct draft *d;

	bpf_probe_read_kernel(&first, 1, name);
	if (first == '/' && !(asked_flags(name) & want))
		return;
	d = begin_file(task, op, error);
	if (!d)
		return;
	if (first != '/') {
		dir = d->dentry = dir_of(task, dfd);
		if (!dir || !asked_is_watched(d, name, want)) {
			give_back(d);
			return;
		}
		set_path(d, dir, REC_PATH_MAX);
	}
	set_name(d, name);
	end_file(d, task);
}

SEC("fexit/do_filp_open")
int BPF_PROG(trace_open, int dfd, struct filename *name,
    const struct open_flags *op, struct file *file)
{
	struct task_struct *task = session_task();
	unsigned int flags;
	__u32 error;

	if (!task)
		return 0;
	flags = op->open_flag;
	error = result(ctx);
	if (!error)
		tell_open(task, file, flags);
	else if (is_told(error) && !(flags & O_DIRECTORY))
		tell_refused(task, dfd, name->name, flags, error);
	return 0;
}

/* What is opened by a file handle. */
SEC("fexit/do_file_open_root")
int BPF_PROG(trace_open_root, const struct path *root, const char *name,
    const struct open_flags *op, struct file *file)
{
	struct task_struct *task = session_task();

	if (task && !result(ctx))
		tell_open(task, file, op->open_flag);
	return 0;
}

/*
 * At the end of a function that changes `dentry` (or, of links, `other`): NULL
 * where there is nothing to tell.
 */
static __always_inline struct draft *begin_change(void *ctx,
    struct task_struct *task, struct dentry *dentry, struct dentry *other,
    __u16 op)
{
	__u32 error = task ? result(ctx) : 0;

	if (!task || !op || !is_told(error) ||
	    !(change_is_watched(dentry) || (other && change_is_watched(other))))
		return NULL;
	return begin_file(task, op, error);
}

static __always_inline int tell_change(
    void *ctx, struct dentry *dentry, __u16 op)
{
	struct task_struct *task = session_task();
	struct draft *d = begin_change(ctx, task, dentry, NULL, op);
	struct inode *inode = dentry->d_inode;

	if (!d)
		return 0;
	if (inode && (op == REC_FILE_MKDIR || op == REC_FILE_MKNOD))
		d->file.mode = inode->i_mode;
	set_path(d, dentry, REC_PATH_MAX);
	return end_file(d, task);
}

SEC("fexit/vfs_unlink")
int BPF_PROG(
    trace_unlink, void *idmap, struct inode *dir, struct dentry *dentry)
{
	return tell_change(ctx, dentry, REC_FILE_DELETE);
}

SEC("fexit/vfs_rmdir")
int BPF_PROG(trace_rmdir, void *idmap, struct inode *dir, struct dentry *dentry)
{
	return tell_change(ctx, dentry, REC_FILE_RMDIR);
}

SEC("fexit/vfs_mkdir")
int BPF_PROG(trace_mkdir, void *idmap, struct inode *dir, struct dentry *dentry)
{
	return tell_change(ctx, dentry, REC_FILE_MKDIR);
}

SEC("fexit/vfs_mknod")
int BPF_PROG(trace_mknod, void *idmap, struct inode *dir, struct dentry *dentry)
{
	return tell_change(ctx, dentry, REC_FILE_MKNOD);
}

SEC("fexit/vfs_setxattr")
int BPF_PROG(trace_setxattr, void *idmap, struct dentry *dentry)
{
	return tell_change(ctx, dentry, REC_FILE_SETXATTR);
}

SEC("fexit/vfs_removexattr")
int BPF_PROG(trace_removexattr, void *idmap, struct dentry *dentry)
{
	return tell_change(ctx, dentry, REC_FILE_REMOVEXATTR);
}

SEC("fexit/vfs_symlink")
int BPF_PROG(trace_symlink, void *idmap, struct inode *dir,
    struct dentry *dentry, const char *target)
{
	struct task_struct *task = session_task();
	struct draft *d =
	    begin_change(ctx, task, dentry, NULL, REC_FILE_SYMLINK);

	if (!d)
		return 0;
	set_path(d, dentry, REC_PATH_MAX);
	set_name(d, target);
	return end_file(d, task);
}

SEC("fexit/vfs_link")
int BPF_PROG(trace_link, struct dentry *from, void *idmap, struct inode *dir,
    struct dentry *dentry)
{
	struct task_struct *task = session_task();
	struct draft *d = begin_change(ctx, task, dentry, from, REC_FILE_LINK);

	if (!d)
		return 0;
	set_path(d, dentry, REC_PATH_MAX);
	set_path2(d, from, REC_PATH_MAX);
	return end_file(d, task);
}

#define RENAME_PATH_MAX (REC_PATH_MAX / 2)

/*
 * The names are those before: afterwards the file has its new one alone. So it
 * is written before, and sent when the answer is known.
 */
struct renaming {
	struct rec_file file;
	char text[2 * RENAME_PATH_MAX + REC_NET_EXE_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, struct renaming);
} renaming SEC(".maps");

SEC("fentry/vfs_rename")
int BPF_PROG(trace_rename, struct renamedata *rd)
{
	struct task_struct *task = session_task();
	__u64 key = bpf_get_current_pid_tgid();
	struct draft *d;

	if (!task || !(change_is_watched(rd->old_dentry) ||
			 change_is_watched(rd->new_dentry)))
		return 0;
	d = begin_file(task, REC_FILE_RENAME, 0);
	if (!d)
		return 0;
	set_path(d, rd->old_dentry, RENAME_PATH_MAX);
	set_path2(d, rd->new_dentry, RENAME_PATH_MAX);
	set_exe(d, task);
	d->file.head.size = sizeof d->file + d->at;
	if (bpf_map_update_elem(&renaming, &key, d, BPF_ANY))
		count_lost(REC_FILE);
	give_back(d);
	return 0;
}

SEC("fexit/vfs_rename")
int BPF_PROG(trace_renamed, struct renamedata *rd)
{
	struct task_struct *task = session_task();
	__u64 key = bpf_get_current_pid_tgid();
	struct renaming *r;
	__u32 error, size;

	if (!task)
		return 0;
	r = bpf_map_lookup_elem(&renaming, &key);
	if (!r)
		return 0;
	r->file.error = error = result(ctx);
	size = r->file.head.size;
	if (is_told(error) &&
	    (size > sizeof *r || bpf_ringbuf_output(&ring, r, size,
				     wakeup(bpf_ktime_get_boot_ns()))))
		count_lost(REC_FILE);
	bpf_map_delete_elem(&renaming, &key);
	return 0;
}

static __always_inline __u16 op_of_change(unsigned int valid)
{
	/* Opening tells its own; what falls with a write is no one's wish. */
	if (valid & (ATTR_OPEN | ATTR_FORCE))
		return 0;
	if (valid & ATTR_SIZE)
		return REC_FILE_TRUNCATE;
	if (valid & (ATTR_UID | ATTR_GID))
		return REC_FILE_CHOWN;
	if (valid & ATTR_MODE)
		return REC_FILE_CHMOD;
	return valid & ATTR_MTIME ? REC_FILE_UTIME : 0;
}

SEC("fexit/notify_change")
int BPF_PROG(
    trace_attributes, void *idmap, struct dentry *dentry, struct iattr *attr)
{
	struct task_struct *task = session_task();
	unsigned int valid = attr->ia_valid;
	__u16 op = op_of_change(valid);
	struct draft *d = begin_change(ctx, task, dentry, NULL, op);

	if (!d)
		return 0;
	if (op == REC_FILE_CHMOD)
		d->file.mode = attr->ia_mode;
	if (valid & ATTR_UID)
		d->file.uid = attr->ia_uid.val;
	if (valid & ATTR_GID)
		d->file.gid = attr->ia_gid.val;
	set_path(d, dentry, REC_PATH_MAX);
	return end_file(d, task);
}

#endif
