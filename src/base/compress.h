/* SPDX-License-Identifier: Apache-2.0 */
/* zstd in one call. */
#ifndef BASE_COMPRESS_H
#define BASE_COMPRESS_H

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

/* Size that a frame says it decompresses to; -EBADMSG when it does not say. */
int decompressed_size(const void *p, size_t n, uint64_t *ret);

#endif
