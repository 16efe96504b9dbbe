/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Is a file watched, and what is its path on the host? */
#ifndef SOURCES_BPF_WATCH_BPF_H
#define SOURCES_BPF_WATCH_BPF_H

#include "sources/bpf/path_bpf.h"
#include "sources/bpf/watch_map.h"

#define WATCH_DEPTH 48

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WATCH_DIRS_MAX);
	__type(key, struct watch_inode);
	__type(value, struct watch_dir);
} dirs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WATCH_NAMES_MAX);
	__type(key, struct watch_name);
	__type(value, __u32);
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WATCH_NAMES_MAX);
	__type(key, struct watch_asked);
	__type(value, __u32);
} asked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct watch_sieve);
} sieve SEC(".maps");

static __always_inline struct watch_sieve *get_sieve(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sieve, &zero);
}

static __always_inline __u32 flags_at(__u64 ino, __u32 dev)
{
	struct watch_inode key = {.ino = ino, .dev = dev};
	struct watch_dir *dir = bpf_map_lookup_elem(&dirs, &key);

	return dir ? dir->flags : 0;
}

/* Flags of this inode itself. */
static __always_inline __u32 dir_flags(
    const struct watch_sieve *s, struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	__u64 ino;
	__u32 hash;

	if (!inode)
		return 0;
	ino = inode->i_ino;
	hash = watch_hash(ino);
	return WATCH_BIT(s->inodes, hash) ? flags_at(ino, dentry->d_sb->s_dev)
					  : 0;
}

/*
 * The first eight bytes of a name; what is behind its end may be anything. A
 * short one lies in the dentry itself, where it is read without a helper; there
 * is always room for eight bytes.
 */
static __always_inline __u64 first_bytes(struct dentry *dentry)
{
	__u64 bytes = 0, near;

	if (bpf_core_field_exists(dentry->d_iname) &&
	    dentry->d_name.len < bpf_core_field_size(dentry->d_iname)) {
		near = *(__u64 *)dentry->d_iname;
		/* The verifier wants a load of its own for either. */
		barrier_var(near);
		return near;
	}
	bpf_probe_read_kernel(&bytes, sizeof bytes, dentry->d_name.name);
	return bytes;
}

/* Flags of this name, in its directory or anywhere. */
static __always_inline __u32 name_flags(
    const struct watch_sieve *s, struct dentry *dentry)
{
	struct watch_name key = {0};
	struct inode *above;
	__u32 *found, flags = 0, hash, n = dentry->d_name.len;

	hash = watch_hash(watch_begin(first_bytes(dentry), n));
	if (!WATCH_BIT(s->names, hash) || n >= WATCH_NAME_BYTES)
		return 0;
	bpf_probe_read_kernel_str(
	    key.name, sizeof key.name, dentry->d_name.name);
	found = bpf_map_lookup_elem(&names, &key);
	if (found)
		flags = *found;
	above = dentry->d_parent->d_inode;
	if (above) {
		key.ino = above->i_ino;
		key.dev = dentry->d_sb->s_dev;
		found = bpf_map_lookup_elem(&names, &key);
		if (found)
			flags |= *found;
	}
	return flags;
}

static __always_inline bool read_is_watched(struct dentry *dentry)
{
	const struct watch_sieve *s = get_sieve();

	return s && (name_flags(s, dentry) | dir_flags(s, dentry->d_parent)) &
			WATCH_READ;
}

static __always_inline bool change_is_watched(struct dentry *dentry)
{
	const struct watch_sieve *s = get_sieve();
	struct dentry *above;
	int i;

	if (!s)
		return false;
	for (i = 0; i < WATCH_DEPTH; i++) {
		if ((name_flags(s, dentry) | dir_flags(s, dentry)) &
		    WATCH_CHANGE)
			return true;
		above = dentry->d_parent;
		if (above == dentry)
			return false;
		dentry = above;
	}
	/* So deep that nobody can say. */
	return true;
}

/*
 * A file that could not be opened, by its name below d->dentry.
 * Read by helpers: the kernel does not vouch for the pointer.
 */
static __noinline int asked_is_watched(
    struct draft *d, const char *name, __u32 want)
{
	struct dentry *dentry = d->dentry, *above;
	struct watch_name key = {0};
	__u32 *found, flags = 0;
	int i;

	bpf_probe_read_kernel_str(key.name, sizeof key.name, name);
	found = bpf_map_lookup_elem(&names, &key);
	if (found)
		flags = *found;
	key.ino = BPF_CORE_READ(dentry, d_inode, i_ino);
	key.dev = BPF_CORE_READ(dentry, d_sb, s_dev);
	found = bpf_map_lookup_elem(&names, &key);
	if (found)
		flags |= *found;
	flags |= flags_at(key.ino, key.dev);
	for (i = 0; i < WATCH_DEPTH && want == WATCH_CHANGE; i++) {
		above = BPF_CORE_READ(dentry, d_parent);
		if (above == dentry || flags & want)
			break;
		dentry = above;
		flags |=
		    flags_at(BPF_CORE_READ(dentry, d_inode, i_ino), key.dev);
	}
	return flags & want;
}

/* Appends where this directory is on the host, if that is known. */
static __always_inline bool add_dir(struct draft *d, struct dentry *dentry)
{
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	struct watch_inode key = {0};
	struct watch_dir *dir;
	__u32 n, at = d->at;

	if (!inode)
		return false;
	key.ino = BPF_CORE_READ(inode, i_ino);
	key.dev = BPF_CORE_READ(dentry, d_sb, s_dev);
	dir = bpf_map_lookup_elem(&dirs, &key);
	if (!dir)
		return false;
	n = dir->n;
	barrier_var(n);
	if (n > WATCH_PATH_MAX || at > PATHS_BYTES - NAME_BYTES ||
	    at + NAME_BYTES > d->end ||
	    bpf_probe_read_kernel(d->text + at, n, dir->path))
		d->flags |= REC_PATH_CUT;
	else
		d->at = at + n;
	return true;
}

static __always_inline bool step_out(struct draft *d)
{
	struct dentry *dentry = d->dentry;
	struct dentry *above = BPF_CORE_READ(dentry, d_parent);

	if (add_dir(d, dentry))
		return false;
	if (above == dentry) {
		d->flags |= REC_PATH_INNER;
		return false;
	}
	if (!add_name(d, dentry))
		return false;
	d->dentry = above;
	return true;
}

static long walk_out(__u32 i, struct walk *w)
{
	return !step_out(w->d);
}

/* Appends the path on the host, at most `max` bytes; flags as add_path(). */
static __always_inline void add_host_path(
    struct draft *d, struct dentry *dentry, __u32 max)
{
	struct walk w = {d};

	d->flags = REC_PATH_KNOWN;
	d->end = d->at + max;
	d->dentry = dentry;
	if (bpf_loop(PATH_DEPTH, walk_out, &w, 0) == PATH_DEPTH)
		d->flags |= REC_PATH_CUT;
}

#endif
