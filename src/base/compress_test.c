/* SPDX-License-Identifier: Apache-2.0 */
#include "base/compress.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

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

/* In steps of any size the same comes as at once; damage never passes. */
static void test_parts(void **state)
{
	static const size_t steps[] = {1000, 131072, 200001, SIZE, SIZE + 9};
	char *content = make_content(SIZE), *back = malloc(SIZE);
	struct unpacker *u = NULL;
	struct buf b = BUF_INIT;
	size_t bad;

	assert_int_equal(compress_append(&b, content, SIZE, 3), 0);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		size_t n = 0;

		assert_int_equal(unpacker_begin(&u, b.p, b.n, back, SIZE), 0);
		while (n < SIZE) {
			size_t want = n + steps[i] < SIZE ? n + steps[i] : SIZE;

			assert_int_equal(unpacker_reach(u, n + steps[i]), want);
			assert_memory_equal(back + n, content + n, want - n);
			n = want;
		}
		assert_int_equal(unpacker_reach(u, SIZE), SIZE);
	}
	assert_int_equal(
	    unpacker_begin(&u, b.p, b.n, back, SIZE - 1), -EBADMSG);
	assert_int_equal(
	    unpacker_begin(&u, b.p, b.n - 1, back, SIZE), -EBADMSG);
	bad = b.n - 1; /* of the checksum: all but the end is there */
	b.p[bad] ^= 1;
	assert_int_equal(unpacker_begin(&u, b.p, b.n, back, SIZE), 0);
	assert_int_equal(unpacker_reach(u, SIZE - 1), SIZE - 1);
	assert_int_equal(unpacker_reach(u, SIZE), -EBADMSG);
	unpacker_free(u);
	buf_free(&b);
	free(back);
	free(content);
}

/* Of any size, also at the seams of pieces: what is read back is the same. */
static void test_file(void **state)
{
	static const size_t sizes[] = {0, 1, 131071, 131072, 131073, SIZE};
	char *content = make_content(SIZE), *back = malloc(SIZE + 1);
	const int dir = open("/tmp", O_RDONLY | O_DIRECTORY);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int in = openat(dir, ".", O_TMPFILE | O_RDWR, 0600);
		int out = openat(dir, ".", O_TMPFILE | O_RDWR, 0600);
		uint64_t size;
		ssize_t n;

		assert_int_equal(fd_write_all(in, content, sizes[i]), 0);
		assert_int_equal(compress_file(out, in, 3), 0);
		n = fd_pread_full(out, back, SIZE + 1, 0);
		assert_true(n > 0);
		assert_int_equal(decompressed_size(back, (size_t)n, &size), 0);
		assert_int_equal(size, sizes[i]);
		if (size) {
			char *plain = malloc(size);

			assert_int_equal(
			    decompress(back, (size_t)n, plain, size), 0);
			assert_memory_equal(plain, content, size);
			free(plain);
		}
		assert_int_equal(compress_file(-1, in, 3), -EBADF);
		assert_int_equal(compress_file(out, -1, 3), -EBADF);
		close(in);
		close(out);
	}
	close(dir);
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
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_not_zstd),
	    cmocka_unit_test(test_bomb),
	    cmocka_unit_test(test_max),
	    cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("compress", tests, NULL, NULL);
}
