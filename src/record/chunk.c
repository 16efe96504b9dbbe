/* SPDX-License-Identifier: Apache-2.0 */
#include "record/chunk.h"

#include <errno.h>

/* What stands behind the time of a piece. */
enum content { NOTHING, BYTES, SIZE, LOST, STATUS };

static const struct {
	char mark;
	enum content content;
} forms[] = {
    [PIECE_BEGIN] = {'b', BYTES},
    [PIECE_OUTPUT] = {'o', BYTES},
    [PIECE_INPUT] = {'i', BYTES},
    [PIECE_ERRORS] = {'r', BYTES},
    [PIECE_MASKED] = {'m', NOTHING},
    [PIECE_SIZE] = {'s', SIZE},
    [PIECE_HOLE] = {'l', LOST},
    [PIECE_LEFT_OUT] = {'x', LOST},
    [PIECE_MARK] = {'k', BYTES},
    [PIECE_EXIT] = {'c', STATUS},
    [PIECE_END] = {'e', NOTHING},
};

_Static_assert(sizeof forms / sizeof *forms == PIECE_N_TYPES, "each has one");

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
	buf_add_char(b, forms[p->type].mark);
	/* Records of two processors may have been timed in another order. */
	buf_add_varint(b, p->boot > w->boot ? p->boot - w->boot : 0);
	if (p->boot > w->boot)
		w->boot = p->boot;
	switch (forms[p->type].content) {
	case NOTHING:
		break;
	case BYTES:
		buf_add_varint(b, p->bytes.n);
		buf_add_str(b, p->bytes);
		break;
	case SIZE:
		buf_add_varint(b, p->cols);
		buf_add_varint(b, p->rows);
		break;
	case LOST:
		buf_add_varint(b, p->lost);
		break;
	case STATUS:
		buf_add_varint(b, p->status);
		break;
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

static bool get_bytes(struct chunk_reader *r, struct piece *p, uint64_t n)
{
	if (n > r->rest.n)
		return false;
	p->bytes = str_upto(r->rest, (size_t)n);
	r->rest = str_from(r->rest, (size_t)n);
	return true;
}

static bool get_content(struct chunk_reader *r, struct piece *p)
{
	const enum content content = forms[p->type].content;
	uint64_t n, m;

	if (content == NOTHING)
		return true;
	if (!varint_get(&r->rest, &n))
		return false;
	switch (content) {
	case NOTHING:
	case BYTES:
		return get_bytes(r, p, n);
	case SIZE:
		if (!varint_get(&r->rest, &m) || n > UINT16_MAX ||
		    m > UINT16_MAX)
			return false;
		p->cols = (uint16_t)n;
		p->rows = (uint16_t)m;
		return true;
	case LOST:
		p->lost = n;
		return true;
	case STATUS:
		p->status = (uint32_t)n;
		return n <= UINT32_MAX;
	}
	return false;
}

static bool get_type(char mark, enum piece_type *ret)
{
	for (unsigned i = 0; i < PIECE_N_TYPES; i++)
		if (forms[i].mark == mark) {
			*ret = (enum piece_type)i;
			return true;
		}
	return false;
}

int chunk_next(struct chunk_reader *r, struct piece *ret)
{
	*ret = (struct piece){.type = PIECE_END};
	if (r->rest.n == 0)
		return 0;
	if (!get_type(r->rest.p[0], &ret->type))
		return -EBADMSG;
	r->rest = str_from(r->rest, 1);
	return get_time(r, ret) && get_content(r, ret) ? 1 : -EBADMSG;
}
