/* SPDX-License-Identifier: Apache-2.0 */
#include "store/column.h"

#include <errno.h>
#include <stdlib.h>

#include "base/touch.h"

enum { INTS_PLAIN, INTS_DELTA, INTS_RUNS };

static size_t varint_size(uint64_t v)
{
	return 1 + (size_t)(63 - __builtin_clzll(v | 1)) / 7;
}

static inline char *varint_put(char *p, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*p++ = (char)(v | 0x80);
	*p++ = (char)v;
	return p;
}

static inline int64_t minus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

/* Pairs of (difference to the value before, how often it stands there). */
static void put_runs(struct buf *b, const int64_t *v, size_t n)
{
	int64_t prev = 0;
	size_t end;

	buf_add_char(b, INTS_RUNS);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && v[end] == v[i];)
			end++;
		buf_add_varint(b, zigzag(minus(v[i], prev)));
		buf_add_varint(b, end - i);
		prev = v[i];
	}
}

void column_put_ints(struct buf *b, const int64_t *v, size_t n)
{
	size_t plain = 0, delta = 0, runs = 0;
	int64_t prev = 0;
	bool diff;
	char *p;

	for (size_t i = 0; i < n; i++) {
		plain += varint_size(zigzag(v[i]));
		delta += varint_size(zigzag(minus(v[i], prev)));
		runs += v[i] != prev;
		prev = v[i];
	}
	if (runs < n / 4) {
		put_runs(b, v, n);
		return;
	}
	/* Repeated small numbers compress better as they are. */
	diff = delta < plain;
	p = buf_reserve(b, 1 + (diff ? delta : plain));
	if (!p)
		return;
	*p++ = (char)(diff ? INTS_DELTA : INTS_PLAIN);
	prev = 0;
	for (size_t i = 0; i < n; i++) {
		p = varint_put(p, zigzag(diff ? minus(v[i], prev) : v[i]));
		prev = v[i];
	}
	b->n += 1 + (diff ? delta : plain);
}

static int get_runs(struct str raw, int64_t *ret, size_t n)
{
	uint64_t value = 0, diff, count;
	size_t at = 0;

	while (at < n) {
		if (!varint_get(&raw, &diff) || !varint_get(&raw, &count) ||
		    count == 0 || count > n - at)
			return -EBADMSG;
		value += (uint64_t)unzigzag(diff);
		for (size_t end = at + count; at < end; at++)
			ret[at] = (int64_t)value;
	}
	return raw.n ? -EBADMSG : 0;
}

/* As varint_get(), for the middle of a column: no look at the end. */
static inline const unsigned char *varint_fast(
    const unsigned char *p, uint64_t *ret)
{
	uint64_t v = *p & 0x7f;

	for (unsigned shift = 7; *p++ & 0x80; shift += 7) {
		if (shift > 63)
			return NULL;
		v |= (uint64_t)(*p & 0x7f) << shift;
	}
	*ret = v;
	return p;
}

int column_get_ints(struct str raw, int64_t *ret, size_t n)
{
	uint64_t prev = 0, v;
	size_t i = 0;
	bool diff;

	if (raw.n < 1 || (unsigned char)raw.p[0] > INTS_RUNS)
		return -EBADMSG;
	if (raw.p[0] == INTS_RUNS)
		return get_runs(str_from(raw, 1), ret, n);
	diff = raw.p[0] == INTS_DELTA;
	raw = str_from(raw, 1);
	for (; i < n && raw.n > 16; i++) {
		const unsigned char *p = (const unsigned char *)raw.p;
		const unsigned char *end = varint_fast(p, &v);

		if (!end)
			return -EBADMSG;
		raw.p = (const char *)end;
		raw.n -= (size_t)(end - p);
		v = (uint64_t)unzigzag(v);
		ret[i] = (int64_t)(diff ? (prev += v) : v);
	}
	for (; i < n; i++) {
		if (!varint_get(&raw, &v))
			return -EBADMSG;
		v = (uint64_t)unzigzag(v);
		ret[i] = (int64_t)(diff ? (prev += v) : v);
	}
	return raw.n ? -EBADMSG : 0;
}

static unsigned code_width(uint32_t n)
{
	return n <= 0x100 ? 1 : n <= 0x10000 ? 2 : 4;
}

static void put_codes(struct buf *b, const uint32_t *v, size_t n,
    const uint32_t *renumber, unsigned width)
{
	char *p = buf_reserve(b, n * width);

	if (!p)
		return;
	for (size_t i = 0; i < n; i++) {
		uint32_t c = renumber[v[i]];

		for (unsigned k = 0; k < width; k++)
			*p++ = (char)(c >> (8 * k));
	}
	b->n += n * width;
}

static void put_entries(
    struct buf *b, const uint32_t *order, size_t n, const struct str *entries)
{
	for (size_t i = 0; i < n; i++)
		buf_add_varint(b, entries[order[i]].n);
}

static void put_text(
    struct buf *b, const uint32_t *order, size_t n, const struct str *entries)
{
	size_t sum = 0;
	char *p;

	for (size_t i = 0; i < n; i++)
		sum += entries[order[i]].n;
	p = buf_reserve(b, sum);
	if (p)
		touch_pages(p, sum);
	for (size_t i = 0; i < n; i++)
		buf_add_str(b, entries[order[i]]);
}

void column_put_strings(struct buf *b, const uint32_t *v, size_t n,
    const struct str *entries, uint32_t n_entries)
{
	uint32_t *renumber = malloc((n_entries + 1) * sizeof *renumber);
	uint32_t *order = malloc((n_entries + 1) * sizeof *order);
	uint32_t used = 0;

	if (!renumber || !order) {
		b->error = b->error ? b->error : -ENOMEM;
		goto out;
	}
	memset(renumber, 0xff, n_entries * sizeof *renumber);
	for (size_t i = 0; i < n; i++) {
		if (renumber[v[i]] != UINT32_MAX)
			continue;
		renumber[v[i]] = used;
		order[used++] = v[i];
	}
	/* Codes cost more than they save where most values occur once. */
	if (used > n / 4 * 3) {
		buf_add_varint(b, n);
		buf_add_char(b, 0);
		put_entries(b, v, n, entries);
		put_text(b, v, n, entries);
	} else {
		buf_add_varint(b, used);
		buf_add_char(b, (char)code_width(used));
		put_entries(b, order, used, entries);
		put_codes(b, v, n, renumber, code_width(used));
		put_text(b, order, used, entries);
	}
out:
	free(renumber);
	free(order);
}

/* Inlined for each width, so that the loop becomes a few instructions. */
static inline __attribute__((always_inline)) uint32_t greatest_code(
    const uint8_t *codes, unsigned width, size_t n)
{
	uint32_t most = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t c = code_get(codes, width, i);

		most = c > most ? c : most;
	}
	return most;
}

/* Codes of n values off the front of *raw, all below n_entries. */
static int get_codes(
    struct str *raw, size_t n, unsigned width, uint32_t n_entries)
{
	const uint8_t *codes = (const uint8_t *)raw->p;
	uint32_t most = 0;

	if (width == 0)
		return n_entries == n ? 0 : -EBADMSG;
	if ((width != 1 && width != 2 && width != 4) || raw->n < n * width)
		return -EBADMSG;
	if (width == 1)
		most = greatest_code(codes, 1, n);
	else if (width == 2)
		most = greatest_code(codes, 2, n);
	else
		most = greatest_code(codes, 4, n);
	*raw = str_from(*raw, n * width);
	return n == 0 || most < n_entries ? 0 : -EBADMSG;
}

int column_get_strings(
    struct str raw, size_t n, struct strings *ret, struct arena *a)
{
	uint64_t n_entries, len, sum = 0;
	const uint8_t *codes;
	uint32_t *at;
	unsigned width;
	int r;

	if (!varint_get(&raw, &n_entries) || n_entries > n || raw.n < 1)
		return -EBADMSG;
	width = (unsigned char)raw.p[0];
	raw = str_from(raw, 1);
	at = arena_alloc(a, (n_entries + 1) * sizeof *at);
	if (!at)
		return -ENOMEM;
	for (size_t i = 0; i < n_entries; i++) {
		at[i] = (uint32_t)sum;
		/* Most are short. */
		if (raw.n && !((len = (uint8_t)*raw.p) & 0x80))
			raw = str_from(raw, 1);
		else if (!varint_get(&raw, &len) || len > COLUMN_RAW_MAX)
			return -EBADMSG;
		sum += len;
		if (sum > COLUMN_RAW_MAX)
			return -EBADMSG;
	}
	at[n_entries] = (uint32_t)sum;
	codes = (const uint8_t *)raw.p;
	r = get_codes(&raw, n, width, (uint32_t)n_entries);
	if (r < 0)
		return r;
	if (raw.n != sum)
		return -EBADMSG;
	*ret = (struct strings){
	    (uint32_t)n_entries, at, raw.p, codes, width, NULL};
	return 0;
}
