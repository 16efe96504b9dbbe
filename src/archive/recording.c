/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/recording.h"

#include <errno.h>

void recording_chain(struct str chain, struct buf *ret)
{
	buf_add_z(ret, ARCHIVE_RECORDINGS);
	buf_add_str(ret, chain);
	buf_add_char(ret, '\0');
}

int recording_next(struct trail_reader *reader, struct recording_frames *of,
    struct frame *ret, struct err *err)
{
	int r;

	for (;;) {
		r = trail_reader_next(reader, ret, err);
		if (r == -EBADMSG) {
			of->damaged = true;
			continue;
		}
		if (r <= 0)
			return r;
		of->ended = of->last && ret->seq >= of->last;
		if (of->last && ret->seq > of->last)
			return 0;
		if (ret->type == FRAME_RECORDING &&
		    ret->stream == (uint32_t)of->number)
			return 1;
	}
}

static int read_frames(struct trail_reader *reader, struct recording_read *rr,
    struct sha256_ctx *digest, struct err *err)
{
	struct recording_frames of = {.number = rr->number, .last = rr->last};
	struct frame f;
	int r;

	while ((r = recording_next(reader, &of, &f, err)) > 0) {
		sha256_add(digest, f.payload.p, f.payload.n);
		rr->found = f.seq;
		r = rr->chunk ? rr->chunk(rr->ctx, f.payload) : 0;
		if (r != 0)
			break;
	}
	rr->damaged |= of.damaged;
	return r;
}

int recording_read(
    struct archive *a, struct recording_read *rr, struct err *err)
{
	struct trail_reader *reader = NULL;
	struct buf chain = BUF_INIT;
	struct sha256_ctx digest;
	int r;

	sha256_init(&digest);
	recording_chain(rr->chain, &chain);
	r = buf_error(&chain);
	if (r == 0)
		r = archive_read_chain(a, chain.p, rr->number, &reader, err);
	if (r == 0)
		r = read_frames(reader, rr, &digest, err);
	sha256_final(&digest, &rr->digest);
	trail_reader_close(reader);
	buf_free(&chain);
	return r;
}
