/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame as it is stored (docs/trail-format.md): 40 bytes of header, all
 * little-endian, then the payload. These bytes are the leaf of the hash tree.
 */
#ifndef TRAIL_FRAME_H
#define TRAIL_FRAME_H

#include "trail/trail.h"

#define FRAME_HEADER_LEN ((size_t)40)
#define FRAME_LEN_MAX	 (FRAME_HEADER_LEN + TRAIL_PAYLOAD_MAX)

enum frame_state {
	FRAME_WHOLE,
	FRAME_CUT,     /* the bytes end before the frame does */
	FRAME_DAMAGED, /* impossible length or number, or wrong CRC */
};

/* Append f to b; look at buf_error() afterwards. */
void frame_put(struct buf *b, const struct frame *f);

/*
 * The frame at the start of `bytes`, which must not be empty. The payload of
 * *ret points into `bytes`. *ret_len (set with FRAME_WHOLE): bytes it takes.
 */
enum frame_state frame_get(
    struct str bytes, struct frame *ret, size_t *ret_len);

/* In all that is stored of them. */
bool frame_is_same(const struct frame *a, const struct frame *b);

/*
 * Whether a frame known to be whole is what frame_put() makes of it: nothing is
 * set in it that this version does not know.
 */
bool frame_is_plain(const void *p);

/* Length that a frame known to be whole says of itself. */
size_t frame_len(const void *p);
/* Number and type that FRAME_HEADER_LEN bytes of a frame say. */
uint64_t frame_seq(const void *p);
enum frame_type frame_type(const void *p);

/*
 * Behind damage at the start of `bytes`: offset of the next whole frame whose
 * sequence number is above `after` and not further on than there is room for,
 * or STR_NPOS. Gives up after FRAME_RESYNC_TRIES places that look like one, so
 * that bytes made for it cannot cost a checksum at every offset.
 */
#define FRAME_RESYNC_TRIES 256
size_t frame_resync(struct str bytes, uint64_t after);

#endif
