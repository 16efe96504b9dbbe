/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Paths as a process sees them, into the text of a draft. */
#ifndef SOURCES_BPF_PATH_BPF_H
#define SOURCES_BPF_PATH_BPF_H

#include "sources/bpf/draft_bpf.h"

#define NAME_BYTES 256 /* of a directory entry, with NUL */
#define PATH_DEPTH 128

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

static __always_inline bool begin_at(struct draft *d, struct dentry *dentry,
    struct vfsmount *mnt, struct task_struct *task, __u32 max)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);

	d->flags = 0;
	if (!dentry)
		return false;
	d->flags = REC_PATH_KNOWN;
	d->end = d->at + max;
	d->dentry = dentry;
	d->mount = mount_of(mnt);
	d->root = BPF_CORE_READ(fs, root.dentry);
	d->root_mount = mount_of(BPF_CORE_READ(fs, root.mnt));
	if (!BPF_CORE_READ(dentry, d_hash.pprev) &&
	    BPF_CORE_READ(dentry, d_parent) != dentry)
		d->flags |= REC_PATH_DELETED;
	return true;
}

static __always_inline bool begin_path(
    struct draft *d, struct path *path, struct task_struct *task, __u32 max)
{
	return begin_at(d, BPF_CORE_READ(path, dentry),
	    BPF_CORE_READ(path, mnt), task, max);
}

/*
 * Appends `path` to the text as the process sees it (below its own root), at
 * most `max` bytes. Its flags are then in d->flags.
 */
static __noinline int add_path(
    struct draft *d, struct path *path, struct task_struct *task, __u32 max)
{
	int i;

	if (!begin_path(d, path, task, max))
		return 0;
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

/*
 * The same by a helper of Linux 5.17, which the kernel's verifier walks through
 * once and not PATH_DEPTH times. For programs that need that kernel anyway.
 */
struct walk {
	struct draft *d;
};

static long walk_up(__u32 i, struct walk *w)
{
	return !step_up(w->d);
}

static __always_inline void add_path_loop(struct draft *d,
    struct dentry *dentry, struct vfsmount *mnt, struct task_struct *task,
    __u32 max)
{
	struct walk w = {d};

	if (begin_at(d, dentry, mnt, task, max) &&
	    bpf_loop(PATH_DEPTH, walk_up, &w, 0) == PATH_DEPTH)
		d->flags |= REC_PATH_CUT;
}

static __always_inline void add_exe_loop(
    struct draft *d, struct task_struct *task, __u32 max)
{
	struct file *file = BPF_CORE_READ(task, mm, exe_file);

	d->flags = 0;
	if (file)
		add_path_loop(d, BPF_CORE_READ(file, f_path.dentry),
		    BPF_CORE_READ(file, f_path.mnt), task, max);
}

#endif
