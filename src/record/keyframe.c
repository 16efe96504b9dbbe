/* SPDX-License-Identifier: Apache-2.0 */
#include "record/keyframe.h"

#include <errno.h>

#include "base/compress.h"

#define RAW_MAX ((uint64_t)64 << 20)
#define LEVEL	3

void keyframe_add(struct keyframe_block *b, const struct keyframe *k)
{
	struct buf *raw = &b->raw;

	if (b->n++ == 0)
		b->first = b->last = k->boot;
	buf_add_varint(raw, k->boot - b->last);
	/* By how much the clock was ahead of the time since boot. */
	buf_add_varint(raw, zigzag(k->time - (int64_t)k->boot));
	buf_add_varint(raw, k->next.frame);
	buf_add_varint(raw, k->next.piece);
	buf_add_varint(raw, k->next.byte);
	buf_add_varint(raw, k->rows);
	buf_add_varint(raw, k->cols);
	buf_add_varint(raw, k->text.n);
	buf_add_str(raw, k->text);
	buf_add_varint(raw, k->mark.n);
	buf_add_str(raw, k->mark);
	b->last = k->boot;
}

int keyframe_seal(struct keyframe_block *b, struct buf *out)
{
	int result = buf_error(&b->raw);

	buf_add_char(out, KEYFRAME_VERSION);
	buf_add_u64le(out, b->first);
	if (result == 0)
		result = compress_append(out, b->raw.p, b->raw.n, LEVEL);
	buf_clear(&b->raw);
	b->n = 0;
	return result;
}

void keyframe_block_free(struct keyframe_block *b)
{
	buf_free(&b->raw);
}

int keyframe_open(struct keyframe_reader *r, struct str block)
{
	struct str packed = str_from(block, 9);
	uint64_t size;

	*r = (struct keyframe_reader){.raw = BUF_INIT};
	if (block.n < 9 || block.p[0] != KEYFRAME_VERSION ||
	    decompressed_size(packed.p, packed.n, &size) < 0 || size > RAW_MAX)
		return -EBADMSG;
	for (int i = 8; i > 0; i--)
		r->boot = r->boot << 8 | (uint8_t)block.p[i];
	if (!buf_reserve(&r->raw, (size_t)size))
		return -ENOMEM;
	if (decompress(packed.p, packed.n, r->raw.p, (size_t)size) < 0)
		return -EBADMSG;
	r->raw.n = (size_t)size;
	r->rest = buf_str(&r->raw);
	return 0;
}

static bool get_str(struct str *s, struct str *ret)
{
	uint64_t n;

	if (!varint_get(s, &n) || n > s->n)
		return false;
	*ret = str_upto(*s, (size_t)n);
	*s = str_from(*s, (size_t)n);
	return true;
}

static bool get_number(struct str *s, uint64_t max, uint64_t *ret)
{
	return varint_get(s, ret) && *ret <= max;
}

int keyframe_next(struct keyframe_reader *r, struct keyframe *ret)
{
	uint64_t delta, ahead, frame, piece, byte, rows, cols;

	if (r->rest.n == 0)
		return 0;
	*ret = (struct keyframe){0};
	if (!varint_get(&r->rest, &delta) || !varint_get(&r->rest, &ahead) ||
	    !varint_get(&r->rest, &frame) ||
	    !get_number(&r->rest, UINT32_MAX, &piece) ||
	    !get_number(&r->rest, UINT32_MAX, &byte) ||
	    !get_number(&r->rest, SCREEN_MAX, &rows) ||
	    !get_number(&r->rest, SCREEN_MAX, &cols) ||
	    !get_str(&r->rest, &ret->text) || !get_str(&r->rest, &ret->mark) ||
	    __builtin_add_overflow(r->boot, delta, &r->boot))
		return -EBADMSG;
	ret->boot = r->boot;
	/* Wraps for times that no clock has. */
	ret->time = (int64_t)(r->boot + (uint64_t)unzigzag(ahead));
	ret->next = (struct place){frame, (uint32_t)piece, (uint32_t)byte};
	ret->rows = (uint16_t)rows;
	ret->cols = (uint16_t)cols;
	return 1;
}

void keyframe_close(struct keyframe_reader *r)
{
	buf_free(&r->raw);
}

struct screen *keyframe_screen(const struct keyframe *k, unsigned history)
{
	struct screen *s = screen_new(k->rows, k->cols, history);

	if (s)
		screen_feed(s, k->boot ? k->boot : 1, k->text);
	return s;
}
