/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the frames of a segment, for verification. */
#ifndef TRAIL_WALK_H
#define TRAIL_WALK_H

#include "crypto/merkle.h"
#include "trail/trail.h"

/* A whole frame, as it stands among others. */
struct step {
	struct frame frame;
	size_t at, len;
	struct sha256 leaf;
};

struct steps {
	struct step *v;
	size_t n, cap;
};

/*
 * Those from the start of `frames` on, up to the first that is none: what costs
 * most of a walk, for another thread to do before. Where memory is short it
 * ends earlier. The payloads point into `frames`.
 */
void steps_read(struct steps *s, struct str frames);
void steps_free(struct steps *s);

struct walk {
	/* In. */
	struct str frames;  /* the segment behind its header */
	struct steps ahead; /* of `frames`, as steps_read() left them, or none;
			       lent */
	struct merkle tree; /* before them; after them where walk_is_whole() */
	uint64_t sealed;    /* frames above it, at the very end, may be torn */
	bool is_last;	    /* of the chain */
	/* For each frame as long as nothing is amiss, with the tree up to it.
	 */
	void (*each)(void *ctx, const struct walk *w, const struct frame *f);
	void *ctx;

	/* Out. */
	uint64_t n_frames;
	uint64_t last;	    /* highest number seen; that before if none */
	bool end_unknown;   /* what follows `last` cannot be read */
	uint64_t edited;    /* first frame that was changed, 0: none */
	uint64_t missing;   /* first number passed over, 0: none */
	uint64_t reordered; /* first number that comes too late, 0: none */
	uint64_t cut;  /* the file ends within this frame, 0: it does not */
	uint64_t torn; /* as cut or edited, but not sealed yet */
};

void walk_run(struct walk *w);

/*
 * Nothing is amiss so far: `tree` holds all of it. It follows from what is told
 * and from nothing else, so that no tree goes uncompared without a finding.
 */
bool walk_is_whole(const struct walk *w);

#endif
