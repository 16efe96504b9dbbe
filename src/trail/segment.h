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

/* A compressed segment that is read as far as is needed; all zero at first. */
struct segment_part {
	struct buf packed;
	struct unpacker *unpacker;
	size_t size; /* of all of it; 0: none, or it is whole */
};

/*
 * As segment_read() of a compressed one, but for the beginning only: b gets
 * some, and with each segment_part_more() more, at the same place. Nothing else
 * may be added to b meanwhile.
 */
int segment_part_read(struct segment_part *p, int dirfd, const char *name,
    struct buf *b, struct err *err);

/* 1: there is more in b than before; 0: it was all; -EBADMSG: damage. */
int segment_part_more(struct segment_part *p, struct buf *b);
void segment_part_free(struct segment_part *p);

/*
 * The plain file, or the compressed one; it may be compressed just now. `name`
 * tells which one was read.
 */
int segment_load(int dirfd, uint64_t first, struct buf *b,
    char name[static SEGMENT_NAME_LEN], struct err *err);

/* The same, of the compressed one the beginning. */
int segment_load_part(struct segment_part *p, int dirfd, uint64_t first,
    struct buf *b, char name[static SEGMENT_NAME_LEN], struct err *err);

#endif
