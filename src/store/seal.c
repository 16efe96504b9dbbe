/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/compress.h"
#include "base/crc32c.h"
#include "base/touch.h"
#include "store/builder.h"
#include "store/column.h"

/* Level 3 takes three times as long and saves less than 2 % once sorted. */
#define ZSTD_LEVEL 1

struct entry {
	uint16_t id;
	uint32_t values, raw, size, crc;
	uint64_t at;
};

struct seal {
	struct builder *b;
	uint32_t *order;   /* rows as they will lie in the block */
	int64_t *ints;	   /* one column */
	uint64_t *columns; /* all fields, column by column */
	uint32_t count[EVENT_N_FIELDS];
	uint32_t *codes;
	struct gram *gram[2]; /* of commands, of all other texts */
	struct entry entries[COL_N];
	uint32_t n_entries;
	struct buf raw, data;
};

static int cmp_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int cmp_rows(const void *x, const void *y, void *ctx)
{
	const struct builder_row *rows = ctx;
	const struct builder_row *a = &rows[*(const uint32_t *)x];
	const struct builder_row *b = &rows[*(const uint32_t *)y];
	int r;

	if (a->host != b->host)
		return a->host < b->host ? -1 : 1;
	if ((r = cmp_u64(a->track, b->track)))
		return r;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if ((r = cmp_u64(a->chain, b->chain)))
		return r;
	if ((r = cmp_u64(a->seq, b->seq)))
		return r;
	return cmp_u64(a->at, b->at);
}

static const struct builder_row *row_at(const struct seal *s, uint32_t i)
{
	return &s->b->rows[s->order[i]];
}

/* What was gathered in s->raw becomes a column. */
static int end_column(struct seal *s, unsigned id, uint32_t values, bool pack)
{
	struct entry *e = &s->entries[s->n_entries++];
	size_t at = s->data.n;
	int r;

	if (s->raw.error)
		return s->raw.error;
	if (pack) {
		r = compress_append(&s->data, s->raw.p, s->raw.n, ZSTD_LEVEL);
		if (r < 0)
			return r;
	} else {
		buf_add(&s->data, s->raw.p, s->raw.n);
	}
	if (s->data.error)
		return s->data.error;
	e->id = (uint16_t)id;
	e->values = values;
	e->raw = pack ? (uint32_t)s->raw.n : 0;
	e->size = (uint32_t)(s->data.n - at);
	e->crc = crc32c(0, s->data.p + at, e->size);
	e->at = at;
	buf_clear(&s->raw);
	return 0;
}

static int put_shapes(struct seal *s)
{
	struct builder *b = s->b;
	unsigned width = b->shapes.n <= 0x100	  ? 1
			 : b->shapes.n <= 0x10000 ? 2
						  : 4;
	int r;

	b->kinds = 0;
	for (uint32_t i = 0; i < b->shapes.n; i++) {
		struct str key = intern_str(&b->shapes, i);

		b->kinds |= (uint64_t)1 << (unsigned char)key.p[0];
		buf_add_str(&s->raw, key);
	}
	r = end_column(s, COL_SHAPES, b->shapes.n, true);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < b->n; i++)
		for (unsigned k = 0; k < width; k++)
			buf_add_char(
			    &s->raw, (char)(row_at(s, i)->shape >> (8 * k)));
	return end_column(s, COL_SHAPE, b->n, true);
}

static int put_runs(struct seal *s)
{
	struct builder *b = s->b;
	struct run *run = NULL;

	b->n_runs = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		const struct builder_row *row = row_at(s, i);

		if (!run || run->host != row->host ||
		    run->track != row->track) {
			run = &b->runs[b->n_runs++];
			*run = (struct run){row->host, i, 0, row->track};
		}
		run->n++;
	}
	buf_add_varint(&s->raw, b->hosts.n);
	for (uint32_t i = 0; i < b->hosts.n; i++) {
		buf_add_varint(&s->raw, intern_str(&b->hosts, i).n);
		buf_add_str(&s->raw, intern_str(&b->hosts, i));
	}
	for (uint32_t i = 0; i < b->n_runs; i++)
		buf_add_varint(&s->raw, b->runs[i].host);
	for (uint32_t i = 0; i < b->n_runs; i++)
		buf_add_varint(&s->raw, b->runs[i].n);
	for (uint32_t i = 0; i < b->n_runs; i++)
		buf_add_u64le(&s->raw, b->runs[i].track);
	return end_column(s, COL_RUNS, b->n_runs, true);
}

static int put_numbers(struct seal *s)
{
	static const unsigned ids[] = {COL_TIME, COL_SEQ, COL_CHAIN};
	const uint32_t n = s->b->n;

	for (size_t c = 0; c < sizeof ids / sizeof ids[0]; c++) {
		int r;

		for (uint32_t i = 0; i < n; i++) {
			const struct builder_row *row = row_at(s, i);

			s->ints[i] = ids[c] == COL_TIME	 ? row->time
				     : ids[c] == COL_SEQ ? (int64_t)row->seq
							 : (int64_t)row->chain;
		}
		column_put_ints(&s->raw, s->ints, n);
		r = end_column(s, ids[c], n, true);
		if (r < 0)
			return r;
	}
	return 0;
}

static int put_origin(struct seal *s)
{
	const struct builder *b = s->b;
	int r;

	for (uint32_t i = 0; i < b->n; i++)
		s->codes[i] = row_at(s, i)->boot;
	column_put_strings(
	    &s->raw, s->codes, b->n, b->boots.strings, b->boots.n);
	r = end_column(s, COL_BOOT, b->n, true);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < b->n; i++)
		s->codes[i] = row_at(s, i)->source;
	column_put_strings(
	    &s->raw, s->codes, b->n, b->sources.strings, b->sources.n);
	return end_column(s, COL_SOURCE, b->n, true);
}

/*
 * Turn rows into columns in one pass over the rows: column by column, each
 * value would be a cache miss.
 */
static void transpose(struct seal *s)
{
	const struct builder *b = s->b;
	uint64_t *at[EVENT_N_FIELDS];
	size_t sum = 0;

	for (uint32_t i = 0; i < b->n; i++)
		for (size_t w = 0; w < EVENT_HAS_WORDS; w++)
			for (uint64_t m = b->shape[b->rows[i].shape].has[w]; m;
			     m &= m - 1)
				s->count[w * 64 + (size_t)__builtin_ctzll(m)]++;
	for (int f = 0; f < EVENT_N_FIELDS; f++) {
		at[f] = s->columns + sum;
		sum += s->count[f];
	}
	for (uint32_t i = 0; i < b->n; i++) {
		const struct builder_row *row = row_at(s, i);
		const uint64_t *v = b->values + row->at;

		for (size_t w = 0; w < EVENT_HAS_WORDS; w++)
			for (uint64_t m = b->shape[row->shape].has[w]; m;
			     m &= m - 1)
				*at[w * 64 + (size_t)__builtin_ctzll(m)]++ =
				    *v++;
	}
}

static int put_field(struct seal *s, int f, const uint64_t *v)
{
	const struct intern *in = &s->b->strings[f];
	const uint32_t n = s->count[f];

	if (field_is_text((enum field)f)) {
		struct gram *g = s->gram[f != F_ARGV && f != F_CMD];

		for (uint32_t i = 0; i < in->n; i++)
			gram_add(g, in->strings[i]);
		for (uint32_t i = 0; i < n; i++)
			s->codes[i] = (uint32_t)v[i];
		column_put_strings(&s->raw, s->codes, n, in->strings, in->n);
	} else {
		for (uint32_t i = 0; i < n; i++)
			s->ints[i] = (int64_t)v[i];
		column_put_ints(&s->raw, s->ints, n);
	}
	return end_column(s, COL_FIELD + (unsigned)f, n, true);
}

static int put_fields(struct seal *s)
{
	size_t at = 0;

	transpose(s);
	for (int f = 0; f < EVENT_N_FIELDS; f++) {
		int r;

		if (s->count[f] == 0)
			continue;
		r = put_field(s, f, s->columns + at);
		if (r < 0)
			return r;
		at += s->count[f];
	}
	return 0;
}

static int put_grams(struct seal *s)
{
	gram_write(s->gram[0], GRAM_BITS_MAX, 8, &s->raw);
	int r = end_column(s, COL_GRAM_CMD, 0, false);

	if (r < 0)
		return r;
	gram_write(s->gram[1], GRAM_BITS_MAX, 8, &s->raw);
	return end_column(s, COL_GRAM_ALL, 0, false);
}

static int put_file(struct seal *s, struct buf *ret)
{
	const size_t start = ret->n;
	const size_t head = BLOCK_HEAD + s->n_entries * BLOCK_ENTRY + 4;

	buf_add(ret, BLOCK_MAGIC, 8);
	buf_add_u32le(ret, s->b->n);
	buf_add_u32le(ret, s->n_entries);
	buf_add_u64le(ret, (uint64_t)s->b->min_time);
	buf_add_u64le(ret, (uint64_t)s->b->max_time);
	for (uint32_t i = 0; i < s->n_entries; i++) {
		const struct entry *e = &s->entries[i];

		buf_add_u32le(ret, e->id);
		buf_add_u32le(ret, e->values);
		buf_add_u32le(ret, e->raw);
		buf_add_u32le(ret, e->size);
		buf_add_u64le(ret, head + e->at);
		buf_add_u32le(ret, e->crc);
	}
	if (ret->error)
		return ret->error;
	buf_add_u32le(ret, crc32c(0, ret->p + start, ret->n - start));
	buf_add(ret, s->data.p, s->data.n);
	return ret->error;
}

static int seal_all(struct seal *s, struct buf *ret)
{
	static int (*const steps[])(struct seal * s) = {put_shapes, put_runs,
	    put_numbers, put_origin, put_fields, put_grams};

	for (uint32_t i = 0; i < s->b->n; i++)
		s->order[i] = i;
	qsort_r(s->order, s->b->n, sizeof *s->order, cmp_rows, s->b->rows);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		int r = steps[i](s);

		if (r < 0)
			return r;
	}
	return put_file(s, ret);
}

/* For n values, all of which will be written. */
static void *room_for(size_t n, size_t size)
{
	void *p = malloc(n * size);

	if (p)
		touch_pages(p, n * size);
	return p;
}

int builder_seal(struct builder *b, struct buf *ret)
{
	struct seal *s = calloc(1, sizeof *s);
	int r = -ENOMEM;

	if (!s)
		return -ENOMEM;
	s->b = b;
	s->order = room_for(b->n, sizeof *s->order);
	s->ints = room_for(b->n, sizeof *s->ints);
	s->codes = room_for(b->n, sizeof *s->codes);
	s->columns = room_for(b->n_values + 1, sizeof *s->columns);
	s->gram[0] = calloc(1, sizeof *s->gram[0]);
	s->gram[1] = calloc(1, sizeof *s->gram[1]);
	if (s->order && s->ints && s->codes && s->columns && s->gram[0] &&
	    s->gram[1])
		r = seal_all(s, ret);
	free(s->order);
	free(s->ints);
	free(s->codes);
	free(s->columns);
	free(s->gram[0]);
	free(s->gram[1]);
	buf_free(&s->raw);
	buf_free(&s->data);
	free(s);
	return r;
}
