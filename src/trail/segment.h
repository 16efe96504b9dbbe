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

/* A compressed segment that is read part by part; all zero at first. */
struct segment_part {
	struct buf packed;
	struct str rest; /* of these: parts that are to come */
};

/*
 * Fill b with the part that frame `from` is in, or that it comes behind.
 * *ret_first: the number of its first frame; 0: it is the first part, in front
 * of which the header stands, or that of which no other can be told. -EBADMSG:
 * damage.
 */
int segment_part_seek(
    struct segment_part *p, uint64_t from, struct buf *b, uint64_t *ret_first);

/* Whether that would be a part which was not read since the one sought last. */
bool segment_part_is_ahead(const struct segment_part *p, uint64_t from);

/* 1: there is more in b than before; 0: it was all; -EBADMSG: damage. */
int segment_part_more(struct segment_part *p, struct buf *b);
void segment_part_free(struct segment_part *p);

/*
 * The plain file, or the compressed one; it may be compressed just now. `name`
 * tells which one was read.
 */
int segment_load(int dirfd, uint64_t first, struct buf *b,
    char name[static SEGMENT_NAME_LEN], struct err *err);

/*
 * The same, but a compressed one is not unpacked: b is empty then, and
 * segment_part_seek() is called next.
 */
int segment_load_part(struct segment_part *p, int dirfd, uint64_t first,
    struct buf *b, char name[static SEGMENT_NAME_LEN], struct err *err);

#endif
