/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification of one chain from its files and the public key alone.
 */
#ifndef TRAIL_VERIFY_H
#define TRAIL_VERIFY_H

#include "trail/trail.h"

enum verdict {
	VERDICT_EDITED,	   /* bytes differ from what was signed */
	VERDICT_TRUNCATED, /* the end is missing: fewer frames than signed */
	VERDICT_MISSING,   /* a segment within the chain is missing */
	VERDICT_REORDERED, /* frames or segments stand in another order */
	VERDICT_FORKED,	   /* two different histories were signed */
	VERDICT_BADSIG,	   /* a signature does not verify */
	VERDICT_UNTRUSTED_KEY, /* signed by another key than the one given */
	VERDICT_CLOCK, /* time ran backwards: noted, evidence is sound */
	VERDICT_UNSEALED_TAIL, /* frames behind the last checkpoint: noted */
	VERDICT_AWAITED,       /* its host has not sent it all yet: noted */
	VERDICT_N
};

struct finding {
	enum verdict verdict;
	const char *segment; /* file name, or "checkpoint"; "recording" or a
				chain where events vouch for it otherwise */
	uint64_t seq;	     /* first sequence number concerned, 0: none */
	const char *detail;  /* a sentence */
};

struct verify_result {
	uint64_t frames, segments, bytes; /* bytes: of frames, uncompressed */
	uint64_t first_seq, last_seq;
	uint64_t signed_size; /* of the newest good checkpoint */
	struct sha256 root;
	unsigned verdicts; /* bit set of enum verdict */
	bool sound;	   /* no verdict that is not noted only */
};

/* Those in the bit set of enum verdict that leave evidence sound. */
#define VERDICTS_NOTED                                                         \
	(1U << VERDICT_CLOCK | 1U << VERDICT_UNSEALED_TAIL |                   \
	    1U << VERDICT_AWAITED)

/* Each may be NULL. */
struct verify_sink {
	/* In order of the chain. */
	void (*finding)(void *ctx, const struct finding *f);
	/*
	 * Each frame, valid during the call, whether or not it is what was
	 * signed; those behind damage are passed over up to the end of their
	 * segment, as trail_reader_next() does.
	 */
	void (*frame)(void *ctx, const struct frame *f);
	void *ctx;
};

/*
 * `sink` may be NULL. Returns 0 when verification ran (see ret->sound), or a
 * negative errno when the files could not be read.
 */
int trail_verify(int dirfd, const struct sign_public *pub, const char *origin,
    const struct verify_sink *sink, struct verify_result *ret, struct err *err);

const char *verdict_name(enum verdict v);

#endif
