/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a chain: NNNNNNNNNNNNNNNNNNNN.seg, named by the first sequence
 * number; .seg.zst, the same bytes compressed; .seg.new, begun but not synced
 * yet; .seg.torn and .seg.torn.N, what recovery moved aside.
 */
#ifndef TRAIL_SEGMENT_H
#define TRAIL_SEGMENT_H

#include "trail/header.h"
#include "trail/trail.h"

#define SEGMENT_NAME_LEN 40
#define SEGMENT_FILE_MAX (TRAIL_SEGMENT_MAX + SEGMENT_HEADER_MAX)

struct segment_files {
	uint64_t first; /* as the name says */
	bool plain, packed, fresh;
};

struct segment_list {
	struct segment_files *v; /* ascending, each `first` once */
	size_t n, cap;
};

int segment_list_read(int dirfd, struct segment_list *ret);
void segment_list_free(struct segment_list *l);

/* `suffix`: "", ".zst", ".new", ... */
void segment_name(
    uint64_t first, const char *suffix, char ret[static SEGMENT_NAME_LEN]);

/*
 * Fill b with the plain bytes of a segment file; decompressed when the name
 * ends in .zst. -ENOENT; -EBADMSG: no regular file of a possible size, or not
 * to be decompressed.
 */
int segment_read(int dirfd, const char *name, struct buf *b, struct err *err);

/*
 * The plain file, or the compressed one; it may be compressed just now. `name`
 * tells which one was read.
 */
int segment_load(int dirfd, uint64_t first, struct buf *b,
    char name[static SEGMENT_NAME_LEN], struct err *err);

#endif
