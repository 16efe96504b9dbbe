/* SPDX-License-Identifier: Apache-2.0 */
#include "record/chunk.h"

#include <errno.h>

/* As pieces are marked, by enum piece_type. */
static const char marks[] = "boirmslxe";

_Static_assert(sizeof marks == PIECE_N_TYPES + 1, "a mark for each");

#define HEAD_BYTES (1 + 8 + 8)

void chunk_add(struct chunk_writer *w, const struct piece *p)
{
	struct buf *b = &w->bytes;

	if (b->n == 0) {
		buf_add_char(b, CHUNK_VERSION);
		buf_add_u64le(b, (uint64_t)p->time);
		buf_add_u64le(b, p->boot);
		w->boot = p->boot;
	}
	buf_add_char(b, marks[p->type]);
	/* Records of two processors may have been timed in another order. */
	buf_add_varint(b, p->boot > w->boot ? p->boot - w->boot : 0);
	if (p->boot > w->boot)
		w->boot = p->boot;
	if (p->type == PIECE_SIZE) {
		buf_add_varint(b, p->cols);
		buf_add_varint(b, p->rows);
	} else if (p->type == PIECE_HOLE || p->type == PIECE_LEFT_OUT) {
		buf_add_varint(b, p->lost);
	} else if (p->type <= PIECE_ERRORS) {
		buf_add_varint(b, p->bytes.n);
		buf_add_str(b, p->bytes);
	}
}

static uint64_t get_u64le(const char *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | (uint8_t)p[i];
	return v;
}

bool chunk_open(struct chunk_reader *r, struct str payload)
{
	if (payload.n < HEAD_BYTES || payload.p[0] != CHUNK_VERSION)
		return false;
	r->time = (int64_t)get_u64le(payload.p + 1);
	r->boot = get_u64le(payload.p + 9);
	r->rest = str_from(payload, HEAD_BYTES);
	return true;
}

static bool get_time(struct chunk_reader *r, struct piece *p)
{
	uint64_t delta;

	if (!varint_get(&r->rest, &delta) || delta > INT64_MAX ||
	    __builtin_add_overflow(r->boot, delta, &r->boot) ||
	    __builtin_add_overflow(r->time, (int64_t)delta, &r->time))
		return false;
	p->boot = r->boot;
	p->time = r->time;
	return true;
}

static bool get_content(struct chunk_reader *r, struct piece *p)
{
	uint64_t n, m;

	if (p->type == PIECE_MASKED || p->type == PIECE_END)
		return true;
	if (!varint_get(&r->rest, &n))
		return false;
	if (p->type == PIECE_HOLE || p->type == PIECE_LEFT_OUT) {
		p->lost = n;
		return true;
	}
	if (p->type == PIECE_SIZE) {
		if (!varint_get(&r->rest, &m) || n > UINT16_MAX ||
		    m > UINT16_MAX)
			return false;
		p->cols = (uint16_t)n;
		p->rows = (uint16_t)m;
		return true;
	}
	if (n > r->rest.n)
		return false;
	p->bytes = str_upto(r->rest, (size_t)n);
	r->rest = str_from(r->rest, (size_t)n);
	return true;
}

int chunk_next(struct chunk_reader *r, struct piece *ret)
{
	const char *mark;

	if (r->rest.n == 0)
		return 0;
	mark = memchr(marks, r->rest.p[0], PIECE_N_TYPES);
	if (!mark)
		return -EBADMSG;
	*ret = (struct piece){.type = (enum piece_type)(mark - marks)};
	r->rest = str_from(r->rest, 1);
	return get_time(r, ret) && get_content(r, ret) ? 1 : -EBADMSG;
}
