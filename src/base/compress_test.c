/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compress.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SIZE ((size_t)300000)

/* Text that compresses, but not to nothing. */
static char *make_content(size_t n)
{
	char *p = malloc(n + 1);
	uint32_t x = 1;

	assert_non_null(p);
	for (size_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = (char)('a' + (x >> 28));
	}
	return p;
}

static void test_round_trip(void **state)
{
	static const size_t sizes[] = {0, 1, 2, 1000, 131072, SIZE};
	char *content = make_content(SIZE);
	char *back = malloc(SIZE + 1);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (int level = 1; level <= 9; level += 4) {
			struct buf b = BUF_INIT;
			uint64_t size = 1;

			buf_add_z(&b, "head");
			assert_int_equal(
			    compress_append(&b, content, sizes[i], level), 0);
			assert_memory_equal(b.p, "head", 4);
			assert_int_equal(
			    decompressed_size(b.p + 4, b.n - 4, &size), 0);
			assert_int_equal(size, sizes[i]);
			assert_int_equal(
			    decompress(b.p + 4, b.n - 4, back, sizes[i]), 0);
			if (sizes[i])
				assert_memory_equal(back, content, sizes[i]);
			if (sizes[i] > 1000)
				assert_true(b.n < sizes[i] * 6 / 10);
			buf_free(&b);
		}
	free(back);
	free(content);
}

/* Several frames and skippable ones are told apart; what is none is not. */
static void test_fronts(void **state)
{
	static const char skip[] = "\x53\x2a\x4d\x18\2\0\0\0ab";
	char *content = make_content(SIZE), *back = malloc(SIZE);
	struct buf b = BUF_INIT;
	uint64_t size;
	size_t n, first, at;

	assert_int_equal(compress_append(&b, content, SIZE, 3), 0);
	first = b.n;
	buf_add(&b, skip, sizeof skip - 1);
	at = b.n;
	assert_int_equal(compress_append(&b, content, 1000, 3), 0);
	assert_int_equal(compressed_front(b.p, b.n, &n, &size), 0);
	assert_int_equal(n, first);
	assert_int_equal(size, SIZE);
	assert_int_equal(
	    compressed_front(b.p + first, b.n - first, &n, &size), 0);
	assert_int_equal(n, sizeof skip - 1);
	assert_int_equal(size, 0);
	assert_int_equal(compressed_front(b.p + at, b.n - at, &n, &size), 0);
	assert_int_equal(n, b.n - at);
	assert_int_equal(decompress(b.p + at, n, back, 1000), 0);
	assert_memory_equal(back, content, 1000);
	for (size_t cut = at; cut < b.n; cut++)
		assert_int_equal(
		    compressed_front(b.p + at, cut - at, &n, &size), -EBADMSG);
	for (size_t cut = first; cut < at; cut++)
		assert_int_equal(
		    compressed_front(b.p + first, cut - first, &n, &size),
		    -EBADMSG);
	buf_free(&b);
	free(back);
	free(content);
}

static void test_damage(void **state)
{
	char *content = make_content(2000);
	char back[2002];
	unsigned harmless = 0;
	struct buf b = BUF_INIT;

	assert_int_equal(compress_append(&b, content, 2000, 3), 0);
	assert_int_equal(decompress(b.p, b.n, back, 1999), -EBADMSG);
	assert_int_equal(decompress(b.p, b.n, back, 2001), -EBADMSG);
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(decompress(b.p, n, back, 2000), -EBADMSG);
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] ^= 0x10;
		/* Some bits are unused; never is other content taken. */
		if (decompress(b.p, b.n, back, 2000) == 0) {
			assert_memory_equal(back, content, 2000);
			harmless++;
		}
		b.p[i] ^= 0x10;
	}
	assert_true(harmless < 3);
	assert_int_equal(decompress(b.p, b.n, back, 2000), 0);
	buf_add_char(&b, '\0');
	assert_int_equal(decompress(b.p, b.n, back, 2000), -EBADMSG);
	buf_free(&b);
	free(content);
}

static void test_not_zstd(void **state)
{
	static const struct str cases[] = {
	    {NULL, 0},
	    {"", 0},
	    {"x", 1},
	    {"\x28\xb5\x2f", 3},
	    {"\x28\xb5\x2f\xfd", 4},
	    /* No content size. */
	    {"\x28\xb5\x2f\xfd\x00\x58\x01\x00\x00", 9},
	    {"\x1f\x8b\x08\0\0\0\0\0\0\3", 10},
	};
	char back[16];
	uint64_t size;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(
		    decompressed_size(cases[i].p, cases[i].n, &size), -EBADMSG);
		assert_int_equal(
		    decompress(cases[i].p, cases[i].n, back, 0), -EBADMSG);
	}
}

/* A frame that says 2^62 bytes must not be believed. */
static void test_bomb(void **state)
{
	static const char bomb[] = "\x28\xb5\x2f\xfd\xe0"
				   "\0\0\0\0\0\0\0\x40"
				   "\x01\0\0";
	char back[16];
	uint64_t size = 0;

	assert_int_equal(decompressed_size(bomb, sizeof bomb - 1, &size), 0);
	assert_true(size == (uint64_t)1 << 62);
	assert_int_equal(decompress(bomb, sizeof bomb - 1, back, 16), -EBADMSG);
}

static void test_max(void **state)
{
	struct buf b = BUF_INIT;
	char *content = make_content(1000);

	b.max = 50;
	assert_int_equal(compress_append(&b, content, 1000, 3), -EMSGSIZE);
	assert_int_equal(b.n, 0);
	buf_free(&b);
	free(content);
}

static void *thread_main(void *arg)
{
	for (int i = 0; i < 50; i++) {
		struct buf b = BUF_INIT;
		char back[5000];

		if (compress_append(&b, arg, 5000, 1 + i % 3) ||
		    decompress(b.p, b.n, back, 5000) ||
		    memcmp(back, arg, 5000) != 0)
			return arg;
		buf_free(&b);
	}
	return NULL;
}

static void test_threads(void **state)
{
	char *content = make_content(5000);
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, thread_main, content), 0);
	for (int i = 0; i < 4; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	free(content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_fronts),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_not_zstd),
	    cmocka_unit_test(test_bomb),
	    cmocka_unit_test(test_max),
	    cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("compress", tests, NULL, NULL);
}
