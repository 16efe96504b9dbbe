/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which runs of three and of four bytes (ASCII case folded) occur in a block's
 * texts: a bitmap with one stable hash, halved while it is sparse. A needle
 * one of whose runs is missing occurs nowhere in the block. Three bytes serve
 * short needles; four are what keeps random file names from filling it.
 */
#ifndef STORE_GRAM_H
#define STORE_GRAM_H

#include "base/buf.h"

#define GRAM_BITS_MAX 20 /* 1 << this many bits while building */
#define GRAM_BITS_MIN 9

struct gram {
	uint64_t bits[((size_t)1 << GRAM_BITS_MAX) / 64];
};

/* `g` zeroed at the start. */
void gram_add(struct gram *g, struct str text);

/*
 * Append the bitmap, halved until it has 1 << `max` bits at most and one in
 * `sparse` of them is set; its length, a power of two, tells the number of
 * bits. `g` is used up.
 */
void gram_write(struct gram *g, unsigned max, unsigned sparse, struct buf *b);

/*
 * Numbers of the bits of a folded needle, at most `max` of them, for a bitmap
 * of 1 << GRAM_BITS_MAX bits; a smaller bitmap takes the low bits of each.
 * Needles under three bytes have none.
 */
size_t gram_bits(struct str needle, uint32_t *ret, size_t max);

/* Whether a bitmap of n bytes (a power of two) has all these bits. */
bool gram_test(
    const void *bitmap, size_t n, const uint32_t *bits, size_t n_bits);

#endif
