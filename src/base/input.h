/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of bytes from a descriptor, decompressed on the way when its first
 * bytes are those of gzip, xz or zstd. Damaged compressed data gives what
 * could be decompressed before the damage, then the error.
 */
#ifndef BASE_INPUT_H
#define BASE_INPUT_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct input;

/*
 * Reads from fd, which stays the caller's. `tap` (may be NULL) sees every raw
 * byte as it is read, before decompression: for hashing the file itself.
 */
int input_open(struct input **ret, int fd,
    void (*tap)(void *ctx, const void *p, size_t n), void *ctx,
    struct err *err);

/*
 * Up to n bytes of content; 0 at the end. -EBADMSG: damaged or truncated
 * compressed data (message in err), given once, after all good bytes.
 */
ssize_t input_read(struct input *in, void *p, size_t n, struct err *err);

const char *input_compression(const struct input *in); /* "", "gzip", ... */
uint64_t input_raw_bytes(const struct input *in);      /* read from fd so far */
void input_close(struct input *in);

#endif
