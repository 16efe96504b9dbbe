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

/*
 * Appends `path` to the text as the process sees it (below its own root), at
 * most `max` bytes. Its flags are then in d->flags.
 */
static __noinline int add_path(
    struct draft *d, struct path *path, struct task_struct *task, __u32 max)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	int i;

	d->flags = 0;
	if (!path || !dentry)
		return 0;
	d->flags = REC_PATH_KNOWN;
	d->end = d->at + max;
	d->dentry = dentry;
	d->mount = mount_of(BPF_CORE_READ(path, mnt));
	d->root = BPF_CORE_READ(fs, root.dentry);
	d->root_mount = mount_of(BPF_CORE_READ(fs, root.mnt));
	if (!BPF_CORE_READ(dentry, d_hash.pprev) &&
	    BPF_CORE_READ(dentry, d_parent) != dentry)
		d->flags |= REC_PATH_DELETED;
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

#endif
