/* SPDX-License-Identifier: Apache-2.0 */
#include "store/block_inside.h"

#include <errno.h>

static int load_shapes(struct block *b, struct err *err)
{
	struct shape *shapes;
	struct str raw;
	int r = block_load(b, COL_SHAPES, &raw, err);

	if (r < 0)
		return r;
	b->n_shapes = b->places[COL_SHAPES].values;
	if (b->n_shapes == 0 || raw.n != b->n_shapes * SHAPE_BYTES)
		return block_damaged(b, err);
	shapes = arena_alloc(&b->mem, b->n_shapes * sizeof *shapes);
	if (!shapes)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->n_shapes; i++) {
		const unsigned char *p =
		    (const unsigned char *)raw.p + i * SHAPE_BYTES;

		shapes[i].kind = p[0];
		shapes[i].trust = p[1];
		for (size_t w = 0; w < EVENT_HAS_WORDS; w++)
			shapes[i].has[w] = get_u64(p + 2 + 8 * w);
		if (p[0] >= EVENT_N_KINDS || p[1] >= TRUST_N ||
		    (EVENT_N_FIELDS % 64 &&
			shapes[i].has[EVENT_HAS_WORDS - 1] >>
			    (EVENT_N_FIELDS % 64)))
			return block_damaged(b, err);
	}
	b->shapes = shapes;
	return 0;
}

static int load_row_shapes(struct block *b, struct err *err)
{
	unsigned width = b->n_shapes <= 0x100	  ? 1
			 : b->n_shapes <= 0x10000 ? 2
						  : 4;
	uint32_t *rows = arena_alloc(&b->mem, b->rows * sizeof *rows);
	uint32_t *count = arena_alloc(&b->mem, b->n_shapes * sizeof *count);
	struct str raw;
	int r = rows && count ? block_load(b, COL_SHAPE, &raw, err) : -ENOMEM;

	if (r < 0)
		return r;
	memset(count, 0, b->n_shapes * sizeof *count);
	if (raw.n != (size_t)b->rows * width)
		return block_damaged(b, err);
	for (uint32_t i = 0; i < b->rows; i++) {
		uint32_t v = code_get((const uint8_t *)raw.p, width, i);

		if (v >= b->n_shapes)
			return block_damaged(b, err);
		rows[i] = v;
		count[v]++;
	}
	b->row_shape = rows;
	b->shape_rows = count;
	return 0;
}

int block_shapes(struct block *b, const struct shape **ret, uint32_t *n,
    const uint32_t **ret_rows, struct err *err)
{
	if (!b->row_shape) {
		int r = load_shapes(b, err);

		if (r >= 0)
			r = load_row_shapes(b, err);
		if (r < 0)
			return r;
	}
	*ret = b->shapes;
	*n = b->n_shapes;
	*ret_rows = b->row_shape;
	return 0;
}

static int load_hosts(struct block *b, struct str *raw, struct err *err)
{
	struct str *hosts;
	uint64_t n, len;

	if (!varint_get(raw, &n) || n == 0 || n > b->rows)
		return block_damaged(b, err);
	hosts = arena_alloc(&b->mem, n * sizeof *hosts);
	if (!hosts)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (!varint_get(raw, &len) || len > raw->n)
			return block_damaged(b, err);
		hosts[i] = str_upto(*raw, len);
		*raw = str_from(*raw, len);
	}
	b->hosts = hosts;
	b->n_hosts = (uint32_t)n;
	return 0;
}

static int fill_runs(
    struct block *b, struct str raw, struct run *runs, struct err *err)
{
	const uint32_t n = b->places[COL_RUNS].values;
	uint32_t *row_run = arena_alloc(&b->mem, b->rows * sizeof *row_run);
	uint32_t at = 0;
	uint64_t v;

	if (!row_run)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		if (!varint_get(&raw, &v) || v >= b->n_hosts)
			return block_damaged(b, err);
		runs[i].host = (uint32_t)v;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (!varint_get(&raw, &v) || v == 0 || v > b->rows - at)
			return block_damaged(b, err);
		runs[i].first = at;
		runs[i].n = (uint32_t)v;
		for (uint32_t k = 0; k < runs[i].n; k++)
			row_run[at++] = i;
	}
	if (at != b->rows || raw.n != (size_t)n * 8)
		return block_damaged(b, err);
	for (uint32_t i = 0; i < n; i++)
		runs[i].track = get_u64((const unsigned char *)raw.p + 8 * i);
	b->row_run = row_run;
	b->n_runs = n;
	b->runs = runs;
	return 0;
}

int block_runs(
    struct block *b, const struct run **ret, uint32_t *n, struct err *err)
{
	if (!b->runs) {
		struct run *runs;
		struct str raw;
		int r = block_load(b, COL_RUNS, &raw, err);

		if (r >= 0)
			r = load_hosts(b, &raw, err);
		if (r < 0)
			return r;
		runs = arena_alloc(
		    &b->mem, (b->places[COL_RUNS].values + 1) * sizeof *runs);
		r = runs ? fill_runs(b, raw, runs, err) : -ENOMEM;
		if (r < 0)
			return r;
	}
	*ret = b->runs;
	*n = b->n_runs;
	return 0;
}

struct str block_host(const struct block *b, uint32_t host)
{
	return b->hosts[host];
}

/* How many rows have the column; the table of shapes must be loaded. */
static int count_rows(
    struct block *b, unsigned column, uint32_t *ret, struct err *err)
{
	const struct shape *shapes;
	const uint32_t *rows;
	uint32_t n, sum = 0;
	int r;

	*ret = b->rows;
	if (column < COL_FIELD)
		return 0;
	r = block_shapes(b, &shapes, &n, &rows, err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < n; i++)
		if (shape_has(&shapes[i], (enum field)(column - COL_FIELD)))
			sum += b->shape_rows[i];
	*ret = sum;
	return sum == b->places[column].values ? 0 : block_damaged(b, err);
}

static bool same_shapes(const struct block *b, enum field x, enum field y)
{
	for (uint32_t i = 0; i < b->n_shapes; i++)
		if (shape_has(&b->shapes[i], x) != shape_has(&b->shapes[i], y))
			return false;
	return true;
}

static const uint16_t *make_places(struct block *b, enum field f)
{
	uint16_t *place = arena_alloc(&b->mem, b->rows * sizeof *place);
	uint16_t at = 0;

	for (uint32_t i = 0; place && i < b->rows; i++) {
		bool has = shape_has(&b->shapes[b->row_shape[i]], f);

		place[i] = has ? at : PLACE_NONE;
		at = (uint16_t)(at + has);
	}
	return place;
}

/*
 * Where the rows' values lie among the n of a column. Columns of the same
 * shapes share a table: there are many more columns than kinds of rows.
 */
static int find_places(
    struct block *b, unsigned column, uint32_t n, const uint16_t **ret)
{
	const enum field f = (enum field)(column - COL_FIELD);
	size_t i = 0;

	*ret = NULL;
	if (n == b->rows)
		return 0;
	while (i < b->n_places_of && !same_shapes(b, b->places_of[i].field, f))
		i++;
	if (i == b->n_places_of) {
		b->places_of[i].field = f;
		b->places_of[i].place = make_places(b, f);
		if (!b->places_of[i].place)
			return -ENOMEM;
		b->n_places_of++;
	}
	*ret = b->places_of[i].place;
	return 0;
}

int block_ints(
    struct block *b, unsigned column, struct ints *ret, struct err *err)
{
	struct str raw;
	int64_t *v;
	uint32_t n;
	int r;

	*ret = b->ints[column];
	if (ret->v)
		return 0;
	r = block_load(b, column, &raw, err);
	if (r >= 0)
		r = count_rows(b, column, &n, err);
	if (r >= 0)
		r = find_places(b, column, n, &ret->place);
	if (r < 0)
		return r;
	v = arena_alloc(&b->mem, n * sizeof *v);
	if (!v)
		return -ENOMEM;
	if (column_get_ints(raw, v, n) < 0)
		return block_damaged(b, err);
	ret->v = v;
	b->ints[column] = *ret;
	return 0;
}

int block_strings(struct block *b, unsigned column, const struct strings **ret,
    struct err *err)
{
	struct strings *s;
	struct str raw;
	uint32_t n;
	int r;

	*ret = b->strings[column];
	if (*ret)
		return 0;
	s = arena_alloc(&b->mem, sizeof *s);
	r = s ? block_load(b, column, &raw, err) : -ENOMEM;
	if (r >= 0)
		r = count_rows(b, column, &n, err);
	if (r < 0)
		return r;
	r = column_get_strings(raw, n, s, &b->mem);
	if (r == -EBADMSG)
		return block_damaged(b, err);
	if (r >= 0)
		r = find_places(b, column, n, &s->place);
	if (r < 0)
		return r;
	*ret = b->strings[column] = s;
	return 0;
}

int block_gram(struct block *b, unsigned column, const uint32_t *bits, size_t n,
    struct err *err)
{
	const struct place *p = &b->places[column];

	if (!b->has[column] || p->raw || p->size < 8 ||
	    (p->size & (p->size - 1)))
		return block_damaged(b, err);
	for (size_t i = 0; i < n; i++) {
		uint32_t bit = bits[i] & (uint32_t)((uint64_t)p->size * 8 - 1);
		unsigned char c;
		/* One byte each: a few reads from the page cache cost less
		 * than all of the bitmap, and most blocks fail at the first. */
		int r = block_read_at(b, p->at + bit / 8, &c, 1, err);

		if (r < 0)
			return r;
		if (!(c >> (bit % 8) & 1))
			return 0;
	}
	return 1;
}

static int event_text(struct block *b, unsigned column, uint32_t row,
    struct str *ret, struct err *err)
{
	const struct strings *s;
	int r = block_strings(b, column, &s, err);

	if (r >= 0)
		*ret = strings_get(s, strings_entry(s, row));
	return r;
}

static int event_head(
    struct block *b, uint32_t row, struct event *ev, struct err *err)
{
	struct ints time, seq, chain;
	const struct shape *shapes;
	const struct run *runs;
	const uint32_t *rows;
	uint32_t n;
	int r;

	if ((r = block_shapes(b, &shapes, &n, &rows, err)) < 0 ||
	    (r = block_runs(b, &runs, &n, err)) < 0 ||
	    (r = block_ints(b, COL_TIME, &time, err)) < 0 ||
	    (r = block_ints(b, COL_SEQ, &seq, err)) < 0 ||
	    (r = block_ints(b, COL_CHAIN, &chain, err)) < 0 ||
	    (r = event_text(b, COL_BOOT, row, &ev->boot, err)) < 0 ||
	    (r = event_text(b, COL_SOURCE, row, &ev->source, err)) < 0)
		return r;
	ev->kind = (enum event_kind)shapes[rows[row]].kind;
	ev->trust = (enum trust)shapes[rows[row]].trust;
	ev->time = time.v[row];
	ev->seq = (uint64_t)seq.v[row];
	ev->chain = (uint64_t)chain.v[row];
	ev->track = runs[b->row_run[row]].track;
	ev->session = 0;
	ev->host = b->hosts[runs[b->row_run[row]].host];
	return 0;
}

int block_event(struct block *b, uint32_t row, const uint64_t *want,
    struct event *ev, struct err *err)
{
	int r = event_head(b, row, ev, err);

	if (r < 0)
		return r;
	for (size_t w = 0; w < EVENT_HAS_WORDS; w++) {
		uint64_t has = b->shapes[b->row_shape[row]].has[w];

		ev->has[w] = want ? has & want[w] : has;
		for (uint64_t m = ev->has[w]; m; m &= m - 1) {
			unsigned f =
			    (unsigned)w * 64 + (unsigned)__builtin_ctzll(m);
			struct ints v;

			if (field_is_text((enum field)f)) {
				r = event_text(
				    b, COL_FIELD + f, row, &ev->v[f].s, err);
			} else {
				r = block_ints(b, COL_FIELD + f, &v, err);
				if (r >= 0)
					ev->v[f].i = ints_get(&v, row);
			}
			if (r < 0)
				return r;
		}
	}
	return 0;
}
