/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files are watched: the list of an administrator, and what it means on
 * this host at this moment.
 *
 * The list is text, one entry a line: "watch ENTRY" for changes, "read ENTRY"
 * for reading. ENTRY is an absolute path, of a file or a directory, that may be
 * missing; or a name without a slash: files and directories of that name
 * anywhere. Changes below a watched directory are told to any depth; reading,
 * only of the files in it.
 */
#ifndef SOURCES_BPF_WATCH_H
#define SOURCES_BPF_WATCH_H

#include "base/buf.h"
#include "sources/bpf/watch_map.h"

struct watch_set {
	struct buf dirs;  /* of struct { watch_inode; watch_dir } */
	struct buf names; /* of struct { watch_name; uint32_t } */
	struct buf asked; /* of struct { watch_asked; uint32_t } */
	struct watch_sieve sieve;
	struct buf mounts; /* mountinfo, see proc(5) */
	size_t n_left_out; /* entries that are too long or too many */
};

struct watch_dir_entry {
	struct watch_inode key;
	struct watch_dir value;
};

struct watch_name_entry {
	struct watch_name key;
	uint32_t value;
};

struct watch_asked_entry {
	struct watch_asked key;
	uint32_t value;
};

/*
 * Look up every entry, and every mount of this process's mount namespace that
 * is no network file system (asking one could wait for ever). An entry that is
 * not there, or not allowed, is looked for by its name in its directory. 0, or
 * -ENOMEM. Free with watch_free().
 */
int watch_resolve(struct watch_set *ret, struct str list);
void watch_free(struct watch_set *set);

#endif
