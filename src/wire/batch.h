/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch: frames of one chain on their way from the host that wrote them to a
 * hub, as they lie in the trail, with the checkpoint that covers them. One zstd
 * frame, which says its size; in it, little-endian:
 *
 *   8  "SSHTBAT1"
 *   4  length of the checkpoint, 0 for none
 *   n  the checkpoint, a signed note
 *   .. frames (docs/trail-format.md), one behind the other, to the end
 *
 * Of a chain whose first frames are gone at the host, the batch that begins
 * with the first that is there may begin with "SSHTBAT2"; then between
 * checkpoint and frames lie
 *
 *   4  length of a header, and that of the segment that begins there
 *
 * Who reads one believes nothing of it: size, lengths, checksums and the order
 * of the numbers are checked here, signatures and trees by the caller.
 */
#ifndef WIRE_BATCH_H
#define WIRE_BATCH_H

#include "trail/trail.h"

/* What a sender puts into one, unless a single frame is larger. */
#define BATCH_FULL     ((size_t)1 << 20)
/* Of all of it, not compressed; and of the zstd frame. */
#define BATCH_MAX      ((size_t)4 << 20)
#define BATCH_BODY_MAX (BATCH_MAX + 4096)

struct batch_writer {
	struct buf plain;
	uint64_t n; /* frames */
};

/* Begin one with a checkpoint, or STR_NONE. */
void batch_begin(struct batch_writer *w, struct str note);
/* Where no frame was added: the header of the first segment that is there. */
void batch_set_header(struct batch_writer *w, struct str header);
/* Whether a frame with that payload still belongs into it. */
bool batch_takes(const struct batch_writer *w, size_t payload);
void batch_add(struct batch_writer *w, const struct frame *f);
/* The checkpoint, where it was not known at the begin. */
void batch_set_note(struct batch_writer *w, struct str note);
/* Append the batch to *ret. 0 or a negative errno. */
int batch_end(struct batch_writer *w, struct buf *ret);
void batch_free(struct batch_writer *w);

struct batch {
	struct buf plain;
	struct str note;   /* empty: none */
	struct str header; /* likewise; not checked but for its length */
	struct str frames; /* all in `plain` */
	uint64_t first, n; /* number of its first frame; 0: there is none */
};

/*
 * Read one. -EBADMSG with err set: it is none, or a frame in it is damaged,
 * has something set that is not known, or does not follow the one before.
 */
int batch_read(struct str body, struct batch *ret, struct err *err);
/* The frame at the start of *rest, which was read; *rest is moved on. */
bool batch_next(struct str *rest, struct frame *ret, struct str *ret_bytes);
void batch_done(struct batch *b);

#endif
