/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression step by step: one descriptor per format, for base/input.c. A
 * file is one member after the other (gzip members, xz streams, zstd frames);
 * a codec knows one member at a time.
 */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include "base/err.h"
#include "base/str.h"

/* Formats ask for more memory than this only to do harm. */
#define CODEC_MEMORY_MAX ((uint64_t)128 << 20)
#define CODEC_MAGIC_MAX	 6

/* What a step may use; moved on by what it used. */
struct codec_io {
	const uint8_t *in;
	size_t in_n;
	uint8_t *out;
	size_t out_n;
};

enum codec_step {
	CODEC_MORE, /* go on, with more input or more room */
	CODEC_END,  /* the member is complete */
};

struct codec {
	const char *name;
	struct str magic;
	uint8_t first_mask; /* of the magic's first byte; 0: all of it */
	int (*open)(void **ret);
	/* Begin the next member. */
	int (*restart)(void *state);
	/*
	 * An enum codec_step, or -EBADMSG or -ENOMEM with the reason in err.
	 * What was put out before damage was found counts as put out.
	 */
	int (*step)(void *state, struct codec_io *io, struct err *err);
	void (*close)(void *state);
};

/*
 * The codec whose magic stands at the start of s, or NULL. *ret_more (may be
 * NULL): s is too short to tell.
 */
const struct codec *codec_find(struct str s, bool *ret_more);

#endif
