/* SPDX-License-Identifier: Apache-2.0 */
#include "store/block.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/event_json.h"
#include "store/builder.h"
#include "store/fold.h"
#include "store/model.h"

static void test_ints(void **state)
{
	static const int64_t cases[][6] = {{0, 0, 0, 0, 0, 0},
	    {INT64_MIN, INT64_MAX, INT64_MIN, 0, -1, 1}, {1, 2, 3, 4, 5, 6},
	    {5, 5, 5, 5, 5, INT64_MAX},
	    {1790000000000000, 1790000000000001, 1790000000500000,
		1790000000500000, 1790000000500000, 0}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf b = BUF_INIT;
		int64_t v[6];

		column_put_ints(&b, cases[i], 6);
		assert_int_equal(column_get_ints(buf_str(&b), v, 6), 0);
		assert_memory_equal(v, cases[i], sizeof v);
		assert_int_equal(column_get_ints(buf_str(&b), v, 5), -EBADMSG);
		assert_int_equal(
		    column_get_ints(str_upto(buf_str(&b), b.n - 1), v, 6),
		    -EBADMSG);
		buf_free(&b);
	}
}

/* Long stretches of one value, as sorted columns have them. */
static void test_int_runs(void **state)
{
	struct buf b = BUF_INIT;
	int64_t v[1000], got[1000];

	for (int i = 0; i < 1000; i++)
		v[i] = i / 300 ? -7 * (i / 300) : INT64_MIN;
	column_put_ints(&b, v, 1000);
	assert_true(b.n < 40);
	assert_int_equal(column_get_ints(buf_str(&b), got, 1000), 0);
	assert_memory_equal(v, got, sizeof v);
	assert_int_equal(column_get_ints(buf_str(&b), got, 999), -EBADMSG);
	buf_free(&b);
}

static void test_fold(void **state)
{
	static const struct {
		const char *text, *needle;
		size_t at;
	} cases[] = {{"", "a", STR_NPOS}, {"a", "", 0}, {"ABC", "bc", 1},
	    {"0123456789012345678901234567890Systemctl", "systemctl", 31},
	    {"systemctSYSTEMCTL", "systemctl", 8}, {"aaaaaaaab", "aab", 6},
	    {"@[`{", "`", 2}, {"@[`{", "@", 0},
	    {"\xc3\x84rger", "\xc3\xa4rger", STR_NPOS},
	    {"x123456789abcdefX", "xx", STR_NPOS}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fold f;

		fold_init(&f, str_z(cases[i].needle));
		assert_int_equal(
		    fold_find(&f, str_z(cases[i].text), 0), cases[i].at);
	}
}

static void test_gram(void **state)
{
	struct gram *g = calloc(1, sizeof *g);
	struct buf b = BUF_INIT;
	uint32_t bits[32];
	size_t n, absent = 0;

	assert_non_null(g);
	for (unsigned i = 0; i < 500; i++) {
		buf_clear(&b);
		buf_printf(&b, "/srv/Data/%u/file-%x.txt", i, i * 7919);
		gram_add(g, buf_str(&b));
	}
	buf_clear(&b);
	gram_write(g, GRAM_BITS_MAX, 8, &b);
	assert_true(b.n >= 64 && (b.n & (b.n - 1)) == 0);
	n = gram_bits(STR("data/499/file-"), bits, 32);
	assert_int_equal(n, 11);
	assert_true(gram_test(b.p, b.n, bits, n));
	n = gram_bits(STR("srv"), bits, 32);
	assert_int_equal(n, 1);
	assert_true(gram_test(b.p, b.n, bits, n));
	assert_int_equal(gram_bits(STR("ab"), bits, 32), 0);
	for (unsigned i = 0; i < 100; i++) {
		char needle[16];

		n = gram_bits(
		    str_make(needle, (size_t)snprintf(needle, sizeof needle,
					 "qz%ux%u", i, i * 31)),
		    bits, 32);
		absent += !gram_test(b.p, b.n, bits, n);
	}
	assert_true(absent > 80);
	buf_free(&b);
	free(g);
}

static void seal(struct model *m, size_t n, struct buf *image)
{
	struct builder *b;

	assert_int_equal(builder_new(&b), 0);
	/* A builder is used many times. */
	for (int round = 0; round < 3; round++) {
		buf_clear(image);
		if (round == 2)
			builder_shrink(b);
		else
			builder_reset(b);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(builder_add(b, &m->v[i]), 0);
		assert_int_equal(builder_seal(b, image), 0);
	}
	builder_free(b);
}

static const struct event *find(const struct model *m, const struct event *ev)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].chain == ev->chain && m->v[i].seq == ev->seq)
			return &m->v[i];
	return NULL;
}

static void test_round_trip(void **state)
{
	static const size_t sizes[] = {1, 2, 300, 3000};

	for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
		struct buf image = BUF_INIT, x = BUF_INIT, y = BUF_INIT;
		struct err err = {""};
		struct block *b;
		struct model m;

		model_init(&m, k + 20, sizes[k]);
		while (m.n < sizes[k])
			model_make(&m);
		seal(&m, m.n, &image);
		assert_int_equal(
		    block_open_bytes(&b, buf_str(&image), &err), 0);
		assert_int_equal(block_rows(b), m.n);
		for (uint32_t row = 0; row < block_rows(b); row++) {
			const struct event *want;
			struct event ev;

			assert_int_equal(
			    block_event(b, row, NULL, &ev, &err), 0);
			want = find(&m, &ev);
			assert_non_null(want);
			buf_clear(&x);
			buf_clear(&y);
			event_to_json(want, EVENT_JSON_DERIVED, &x);
			event_to_json(&ev, EVENT_JSON_DERIVED, &y);
			assert_string_equal(buf_z(&x), buf_z(&y));
		}
		block_close(b);
		buf_free(&image);
		buf_free(&x);
		buf_free(&y);
		model_free(&m);
	}
}

/* 0 when all of it could be read. */
static int read_all(struct str image)
{
	struct err err = {""};
	struct block *b;
	struct event ev;
	int r = block_open_bytes(&b, image, &err);

	if (r < 0)
		return r;
	for (uint32_t row = 0; row < block_rows(b) && r == 0; row++)
		r = block_event(b, row, NULL, &ev, &err);
	block_close(b);
	return r;
}

static void test_damage(void **state)
{
	struct buf image = BUF_INIT;
	struct model m;
	size_t grams, found = 0, tried = 0;

	model_init(&m, 5, 60);
	while (m.n < 60)
		model_make(&m);
	seal(&m, m.n, &image);
	assert_int_equal(read_all(buf_str(&image)), 0);
	for (size_t n = 0; n < image.n; n += 13)
		if (n < image.n - 4096)
			assert_int_equal(
			    read_all(str_upto(buf_str(&image), n)), -EBADMSG);
	/* The filters lie at the end, without a checksum in use. */
	grams = 2 * 1024;
	for (size_t at = 0; at < image.n - grams; at += 3, tried++) {
		image.p[at] ^= 0x41;
		found += read_all(buf_str(&image)) == -EBADMSG;
		image.p[at] ^= 0x41;
	}
	assert_true(tried > 1000 && found == tried);
	buf_free(&image);
	model_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ints),
	    cmocka_unit_test(test_int_runs),
	    cmocka_unit_test(test_fold),
	    cmocka_unit_test(test_gram),
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
