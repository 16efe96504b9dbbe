/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a segment (docs/trail-format.md): which chain, where in it,
 * and the signed state of the tree at that point.
 */
#ifndef TRAIL_HEADER_H
#define TRAIL_HEADER_H

#include "crypto/checkpoint.h"
#include "crypto/merkle.h"

#define SEGMENT_HEADER_MAX ((size_t)32 << 10)

struct segment_header {
	size_t len; /* of the whole header */
	uint8_t chain[16];
	uint8_t boot[16];
	uint64_t first_seq;
	int64_t realtime, boottime; /* when the segment was begun */
	struct merkle tree;	    /* before its first frame */
	struct str note;	    /* the checkpoint of that tree */
};

/* First 16 bytes of SHA-256("sshtrail chain 1\n" ORIGIN "\n" KEY). */
void chain_id(
    struct str origin, const struct sign_public *pub, uint8_t ret[static 16]);

/* Append h to b; h->len is not looked at. */
void segment_header_put(struct buf *b, const struct segment_header *h);

/*
 * Read the header at the start of `bytes`. -EBADMSG: not one, damaged, or its
 * numbers contradict each other. The note is not checked; it points into
 * `bytes`.
 */
int segment_header_get(
    struct str bytes, struct segment_header *ret, struct err *err);

/*
 * Check its note: 0; -EBADMSG: malformed, or it is not the checkpoint of this
 * header's tree and origin; -EKEYREJECTED and -ENOKEY as checkpoint_verify().
 */
int segment_header_check(const struct segment_header *h, struct str origin,
    const struct sign_public *pub, struct err *err);

#endif
