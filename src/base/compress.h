/* SPDX-License-Identifier: Apache-2.0 */
/* zstd in one call. */
#ifndef BASE_COMPRESS_H
#define BASE_COMPRESS_H

#include <sys/types.h>

#include "base/buf.h"

/* Compress p and append to b. 0, -ENOMEM or -EMSGSIZE. Thread-safe. */
int compress_append(struct buf *b, const void *p, size_t n, int level);

/*
 * The same of the file `in`, from its beginning, written to `out`, with no more
 * memory than zstd needs at that level. 0 or a negative errno; -ESTALE: the
 * file was changed meanwhile.
 */
int compress_file(int out, int in, int level);

/*
 * Decompress one whole zstd frame into exactly `size` bytes at `ret`.
 * -EBADMSG when it is damaged or of another size.
 */
int decompress(const void *p, size_t n, void *ret, size_t size);

/*
 * One whole zstd frame, decompressed from its beginning as far as it is needed.
 * Slower than decompress() where all of it is: a tenth.
 */
struct unpacker;

/*
 * Of `n` bytes at `p` into `size` bytes at `ret`, which both must stay. *u is
 * NULL, or what served before and serves again. -EBADMSG as of decompress().
 */
int unpacker_begin(
    struct unpacker **u, const void *p, size_t n, void *ret, size_t size);

/*
 * On until `until` bytes are there, or all. How many there are, -EBADMSG:
 * damage, before which what is there is good. The frame's checksum is looked at
 * when all are there.
 */
ssize_t unpacker_reach(struct unpacker *u, size_t until);
void unpacker_free(struct unpacker *u);

/* Size that a frame says it decompresses to; -EBADMSG when it does not say. */
int decompressed_size(const void *p, size_t n, uint64_t *ret);

#endif
