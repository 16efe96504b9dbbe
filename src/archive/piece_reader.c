/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/piece_reader.h"

#include <errno.h>

/* The recording's chain, from a frame on. */
static int open_chain(struct piece_reader *p, struct archive *a,
    struct str name, uint64_t from, struct err *err)
{
	struct buf chain = BUF_INIT;
	int r = 0;

	recording_chain(name, &chain);
	if (p->reader && str_eq(buf_str(&chain), buf_str(&p->chain))) {
		trail_reader_seek(p->reader, from);
		buf_free(&chain);
		return 0;
	}
	piece_reader_close(p);
	p->chain = chain;
	r = buf_error(&p->chain);
	return r < 0 ? err_sys(err, r, "recording")
		     : archive_read_chain(a, p->chain.p, from, &p->reader, err);
}

int piece_reader_open(struct piece_reader *p, struct archive *a,
    const struct recording *r, struct place from, struct err *err)
{
	p->frames =
	    (struct recording_frames){.number = r->number, .last = r->last};
	p->from = from;
	p->in_chunk = false;
	return open_chain(
	    p, a, r->chain, from.frame ? from.frame : r->number, err);
}

/* 1: the next chunk of the recording is open; 0: there is none. */
static int next_chunk(struct piece_reader *p, struct err *err)
{
	struct frame f;
	int r;

	while ((r = recording_next(p->reader, &p->frames, &f, err)) > 0) {
		p->next = (struct place){f.seq, 0, 0};
		if (chunk_open(&p->chunk, f.payload))
			return 1;
		p->frames.damaged = true;
	}
	return r;
}

/* False: it lies before what was asked for. */
static bool cut_piece(const struct piece_reader *p, struct piece *piece)
{
	if (p->next.frame != p->from.frame)
		return true;
	if (p->next.piece != p->from.piece)
		return p->next.piece > p->from.piece;
	if (piece_is_shown(piece) && p->from.byte)
		piece->bytes = str_from(piece->bytes, p->from.byte);
	return true;
}

int piece_reader_next(struct piece_reader *p, struct piece *ret,
    struct place *place, struct err *err)
{
	bool wanted;
	int r;

	for (;;) {
		r = p->in_chunk ? 1 : next_chunk(p, err);
		if (r <= 0)
			return r;
		r = chunk_next(&p->chunk, ret);
		p->in_chunk = r > 0;
		p->frames.damaged |= r < 0;
		if (r <= 0)
			continue;
		wanted = cut_piece(p, ret);
		if (place)
			*place = p->next;
		p->next.piece++;
		if (wanted)
			return 1;
	}
}

void piece_reader_close(struct piece_reader *p)
{
	trail_reader_close(p->reader);
	buf_free(&p->chain);
	p->reader = NULL;
}
