/* SPDX-License-Identifier: Apache-2.0 */
/* zstd in one call. */
#ifndef BASE_COMPRESS_H
#define BASE_COMPRESS_H

#include <sys/types.h>

#include "base/buf.h"

/* Compress p and append to b. 0, -ENOMEM or -EMSGSIZE. Thread-safe. */
int compress_append(struct buf *b, const void *p, size_t n, int level);

/*
 * Decompress one whole zstd frame into exactly `size` bytes at `ret`.
 * -EBADMSG when it is damaged or of another size.
 */
int decompress(const void *p, size_t n, void *ret, size_t size);

/*
 * What stands at the front of n bytes in which there are several zstd frames:
 * how many bytes it takes and how many it decompresses to, 0 of a skippable
 * frame. -EBADMSG: no whole frame, or one that does not say its size. Costs
 * little: its blocks are not looked into.
 */
int compressed_front(
    const void *p, size_t n, size_t *ret_packed, uint64_t *ret_size);

/* Size that a frame says it decompresses to; -EBADMSG when it does not say. */
int decompressed_size(const void *p, size_t n, uint64_t *ret);

#endif
