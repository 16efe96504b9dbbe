/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/recording.h"

#include <errno.h>

void recording_chain(struct str host, struct buf *ret)
{
	buf_add_z(ret, ARCHIVE_RECORDINGS);
	buf_add_str(ret, host);
	buf_add_char(ret, '\0');
}

static int read_frames(struct trail_reader *reader, struct recording_read *rr,
    struct sha256_ctx *digest, struct err *err)
{
	struct frame f;
	int r;

	for (;;) {
		r = trail_reader_next(reader, &f, err);
		if (r == -EBADMSG) {
			rr->damaged = true;
			continue;
		}
		if (r <= 0 || (rr->last && f.seq > rr->last))
			return r < 0 ? r : 0;
		if (f.type != FRAME_RECORDING ||
		    f.stream != (uint32_t)rr->number)
			continue;
		sha256_add(digest, f.payload.p, f.payload.n);
		rr->found = f.seq;
		r = rr->chunk ? rr->chunk(rr->ctx, f.payload) : 0;
		if (r != 0)
			return r;
	}
}

int recording_read(
    struct archive *a, struct recording_read *rr, struct err *err)
{
	struct trail_reader *reader = NULL;
	struct buf chain = BUF_INIT;
	struct sha256_ctx digest;
	int r;

	sha256_init(&digest);
	recording_chain(rr->host, &chain);
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
