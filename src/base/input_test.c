/* SPDX-License-Identifier: Apache-2.0 */
#include "base/input.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/crc32c.h"
#include "base/fd.h"

#define SIZE ((size_t)700000)

static char *content;

static int make_content(void **state)
{
	uint32_t x = 1;

	content = malloc(SIZE);
	if (!content)
		return -1;
	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525u + 1013904223u;
		content[i] = (char)('a' + (x >> 28));
	}
	return 0;
}

static int free_content(void **state)
{
	free(content);
	return 0;
}

static void add_gzip(struct buf *b, size_t from, size_t n)
{
	z_stream z = {0};
	size_t room = n + 1000;

	assert_int_equal(
	    deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
	z.next_in = (Bytef *)content + from;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)buf_reserve(b, room);
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	b->n += room - z.avail_out;
	deflateEnd(&z);
}

static void add_xz(struct buf *b, size_t from, size_t n)
{
	size_t room = n + 1000, used = 0;
	uint8_t *at = (uint8_t *)buf_reserve(b, room);

	assert_int_equal(
	    lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL,
		(const uint8_t *)content + from, n, at, &used, room),
	    LZMA_OK);
	b->n += used;
}

static void add_zstd(struct buf *b, size_t from, size_t n)
{
	size_t room = ZSTD_compressBound(n);
	char *at = buf_reserve(b, room);
	ZSTD_CCtx *c = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, n & 1);
	b->n += ZSTD_compress2(c, at, room, content + from, n);
	ZSTD_freeCCtx(c);
}

static void add_plain(struct buf *b, size_t from, size_t n)
{
	buf_add(b, content + from, n);
}

static const struct format {
	const char *name;
	void (*add)(struct buf *b, size_t from, size_t n);
} formats[] = {
    {"", add_plain},
    {"gzip", add_gzip},
    {"xz", add_xz},
    {"zstd", add_zstd},
};
#define N_FORMATS (sizeof formats / sizeof *formats)

static int open_memory(const void *p, size_t n)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_pwrite_all(fd, p, n, 0), 0);
	return fd;
}

struct outcome {
	size_t good; /* bytes equal to content before the end or error */
	int error;   /* of the read behind them */
	struct err err;
};

/* Reads all in pieces of `piece`, and checks what comes behind the end. */
static struct outcome read_all(int fd, size_t piece, const char *name)
{
	struct outcome o = {0};
	struct input *in;
	char *p = malloc(piece);
	ssize_t n;

	assert_int_equal(input_open(&in, fd, NULL, NULL, &o.err), 0);
	if (name)
		assert_string_equal(input_compression(in), name);
	while ((n = input_read(in, p, piece, &o.err)) > 0) {
		assert_true(o.good + (size_t)n <= SIZE);
		assert_memory_equal(p, content + o.good, (size_t)n);
		o.good += (size_t)n;
	}
	o.error = (int)n;
	for (int i = 0; i < 3; i++)
		assert_int_equal(input_read(in, p, piece, NULL), 0);
	input_close(in);
	free(p);
	return o;
}

static struct outcome read_bytes(
    const struct buf *b, size_t n, size_t piece, const char *name)
{
	CLEANUP_FD int fd = open_memory(b->p, n);

	return read_all(fd, piece, name);
}

static void test_whole(void **state)
{
	static const size_t sizes[] = {0, 1, 5, 1001, 131073, SIZE};
	static const size_t pieces[] = {100, 65536, 1 << 20};

	for (size_t f = 0; f < N_FORMATS; f++)
		for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
			for (size_t p = 0; p < 3; p++) {
				struct buf b = BUF_INIT;
				struct outcome o;

				formats[f].add(&b, 0, sizes[s]);
				o = read_bytes(
				    &b, b.n, pieces[p], formats[f].name);
				assert_int_equal(o.error, 0);
				assert_int_equal(o.good, sizes[s]);
				buf_free(&b);
			}
}

/* cat a.gz b.gz, with an empty member between and zeros behind. */
static void test_members(void **state)
{
	for (size_t f = 1; f < N_FORMATS; f++) {
		struct buf b = BUF_INIT;
		struct outcome o;

		formats[f].add(&b, 0, 1000);
		formats[f].add(&b, 1000, 0);
		formats[f].add(&b, 1000, 300000);
		for (int i = 0; i < 512; i++)
			buf_add_char(&b, '\0');
		formats[f].add(&b, 301000, 1);
		buf_add(&b, "\0\0\0", 3);
		o = read_bytes(&b, b.n, 4096, formats[f].name);
		assert_int_equal(o.error, 0);
		assert_int_equal(o.good, 301001);
		buf_free(&b);
	}
}

static void test_skippable(void **state)
{
	static const char head[] = "\x5a\x2a\x4d\x18\x03\0\0\0abc";
	struct buf b = BUF_INIT;
	struct outcome o;

	buf_add(&b, head, sizeof head - 1);
	add_zstd(&b, 0, 500);
	buf_add(&b, head, sizeof head - 1);
	add_zstd(&b, 500, 500);
	o = read_bytes(&b, b.n, 4096, "zstd");
	assert_int_equal(o.error, 0);
	assert_int_equal(o.good, 1000);
	buf_free(&b);
}

static void test_garbage_behind(void **state)
{
	for (size_t f = 1; f < N_FORMATS; f++)
		for (size_t other = 0; other < N_FORMATS; other++) {
			struct buf b = BUF_INIT;
			struct outcome o;
			char expected[100];

			if (other == f)
				continue;
			formats[f].add(&b, 0, 1000);
			snprintf(expected, sizeof expected,
			    "something else follows the %s data at byte %zu",
			    formats[f].name, b.n);
			formats[other].add(&b, 0, 1000);
			o = read_bytes(&b, b.n, 4096, NULL);
			assert_int_equal(o.error, -EBADMSG);
			assert_int_equal(o.good, 1000);
			assert_string_equal(o.err.text, expected);
			buf_free(&b);
		}
}

static void test_cut(void **state)
{
	for (size_t f = 1; f < N_FORMATS; f++) {
		struct buf b = BUF_INIT;

		formats[f].add(&b, 0, 500);
		for (size_t n = 6; n < b.n; n++) {
			struct outcome o = read_bytes(&b, n, 64, NULL);

			assert_int_equal(o.error, -EBADMSG);
			assert_non_null(strstr(o.err.text, "end is missing"));
			assert_non_null(strstr(o.err.text, formats[f].name));
		}
		buf_free(&b);
	}
}

/* What a file that was cut late still holds must come out. */
static void test_cut_large(void **state)
{
	for (size_t f = 1; f < N_FORMATS; f++) {
		struct buf b = BUF_INIT;

		formats[f].add(&b, 0, SIZE);
		for (size_t piece = 1000; piece <= 1000000; piece *= 1000) {
			struct outcome o =
			    read_bytes(&b, b.n - 10, piece, NULL);

			assert_int_equal(o.error, -EBADMSG);
			assert_true(o.good >= SIZE - 131072 - 10);
			o = read_bytes(&b, b.n / 2, piece, NULL);
			assert_int_equal(o.error, -EBADMSG);
			assert_in_range(
			    o.good, SIZE / 2 - 132000, SIZE / 2 + 132000);
		}
		buf_free(&b);
	}
}

/* A damaged byte: all before it, nothing wrong, and an error. */
static void test_damage(void **state)
{
	for (size_t f = 1; f < N_FORMATS; f++) {
		struct buf b = BUF_INIT;

		formats[f].add(&b, 0, SIZE - 1);
		for (size_t piece = 1000; piece <= 1000000; piece *= 1000) {
			CLEANUP_FD int fd = -1;
			struct input *in;
			struct err err;
			size_t good = 0;
			char *p = malloc(piece);
			ssize_t n;

			b.p[b.n * 3 / 4] ^= 0x55;
			fd = open_memory(b.p, b.n);
			b.p[b.n * 3 / 4] ^= 0x55;
			assert_int_equal(
			    input_open(&in, fd, NULL, NULL, &err), 0);
			while ((n = input_read(in, p, piece, &err)) > 0)
				good += (size_t)n;
			assert_int_equal(n, -EBADMSG);
			assert_non_null(strstr(err.text, "data is damaged: "));
			assert_true(good > SIZE / 2 - 131072);
			assert_int_equal(input_read(in, p, piece, &err), 0);
			input_close(in);
			free(p);
		}
		buf_free(&b);
	}
}

static void test_too_much_memory(void **state)
{
	/* A window of 2^30 bytes; a dictionary of 2 GiB. */
	static const char zstd[] = "\x28\xb5\x2f\xfd\x00\xa0\x01\0\0";
	static const uint8_t filters[] = {
	    0x02, 0x00, 0x21, 0x01, 0x26, 0x00, 0x00, 0x00};
	struct buf b = BUF_INIT;
	struct outcome o;

	buf_add(&b, zstd, sizeof zstd - 1);
	o = read_bytes(&b, b.n, 100, "zstd");
	assert_int_equal(o.error, -EBADMSG);
	assert_non_null(strstr(o.err.text, "requires too much memory"));
	buf_clear(&b);

	buf_add(&b, "\xfd\x37zXZ\0\0\1\x69\x22\xde\x36", 12);
	buf_add(&b, filters, sizeof filters);
	buf_add_u32le(&b, lzma_crc32(filters, sizeof filters, 0));
	buf_add(&b, "\0\0\0\0", 4);
	o = read_bytes(&b, b.n, 100, "xz");
	assert_int_equal(o.error, -EBADMSG);
	assert_non_null(strstr(o.err.text, "more than 128 MiB"));
	buf_free(&b);
}

/* Begins like compressed data, but is none. */
static void test_almost(void **state)
{
	static const struct str cases[] = {
	    STR_INIT("\x1f"),
	    STR_INIT("\x1f\x8b"),
	    STR_INIT("\x1f\x8bxx"),
	    STR_INIT("\xfd\x37zX"),
	    STR_INIT("\x28\xb5\x2f\xfe abc"),
	    STR_INIT("P*M"),
	    STR_INIT("\n"),
	    STR_INIT("\0\0\0\0"),
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CLEANUP_FD int fd = open_memory(cases[i].p, cases[i].n);
		struct input *in;
		char p[16];

		assert_int_equal(input_open(&in, fd, NULL, NULL, NULL), 0);
		assert_string_equal(input_compression(in), "");
		assert_int_equal(input_read(in, p, 16, NULL), cases[i].n);
		assert_memory_equal(p, cases[i].p, cases[i].n);
		assert_int_equal(input_read(in, p, 16, NULL), 0);
		input_close(in);
	}
}

struct drip {
	int fd;
	const struct buf *b;
};

static void *drip_main(void *arg)
{
	struct drip *d = arg;

	for (size_t i = 0; i < d->b->n; i++)
		if (fd_write_all(d->fd, d->b->p + i, 1))
			break;
	fd_close(&d->fd);
	return NULL;
}

static void test_pipe_byte_by_byte(void **state)
{
	for (size_t f = 0; f < N_FORMATS; f++) {
		struct buf b = BUF_INIT;
		struct drip drip;
		struct outcome o;
		pthread_t thread;
		int fds[2];

		formats[f].add(&b, 0, 3000);
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		drip = (struct drip){fds[1], &b};
		pthread_create(&thread, NULL, drip_main, &drip);
		o = read_all(fds[0], 100, formats[f].name);
		pthread_join(thread, NULL);
		assert_int_equal(o.error, 0);
		assert_int_equal(o.good, 3000);
		close(fds[0]);
		buf_free(&b);
	}
}

/* One line in a pipe that stays open must be given at once. */
static void test_pipe_does_not_wait(void **state)
{
	struct input *in;
	char p[10];
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fd_write_all(fds[1], "a\n", 2), 0);
	assert_int_equal(input_open(&in, fds[0], NULL, NULL, NULL), 0);
	assert_int_equal(input_read(in, p, 1, NULL), 1);
	assert_int_equal(input_read(in, p, 10, NULL), 1);
	assert_int_equal(p[0], '\n');
	input_close(in);
	close(fds[0]);
	close(fds[1]);
}

static void tap_crc(void *ctx, const void *p, size_t n)
{
	uint32_t *crc = ctx;

	*crc = crc32c(*crc, p, n);
}

/* The tap sees each byte of the file once, trailing ones too. */
static void test_tap(void **state)
{
	for (size_t f = 0; f < N_FORMATS; f++) {
		struct buf b = BUF_INIT;
		uint32_t crc = 0;
		struct input *in;
		char p[5000];
		int fd;

		formats[f].add(&b, 0, 400000);
		fd = open_memory(b.p, b.n);
		assert_int_equal(input_open(&in, fd, tap_crc, &crc, NULL), 0);
		while (input_read(in, p, sizeof p, NULL) > 0)
			;
		assert_int_equal(input_raw_bytes(in), b.n);
		assert_int_equal(crc, crc32c(0, b.p, b.n));
		input_close(in);
		close(fd);
		buf_free(&b);
	}
}

static void test_read_error(void **state)
{
	CLEANUP_FD int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct input *in;
	struct err err;

	assert_int_equal(input_open(&in, dir, NULL, NULL, &err), -EISDIR);
	assert_string_equal(err.text, "cannot read: Is a directory");
	assert_int_equal(input_open(&in, -1, NULL, NULL, NULL), -EBADF);
	input_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_whole),
	    cmocka_unit_test(test_members),
	    cmocka_unit_test(test_skippable),
	    cmocka_unit_test(test_garbage_behind),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_cut_large),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_too_much_memory),
	    cmocka_unit_test(test_almost),
	    cmocka_unit_test(test_pipe_byte_by_byte),
	    cmocka_unit_test(test_pipe_does_not_wait),
	    cmocka_unit_test(test_tap),
	    cmocka_unit_test(test_read_error),
	};

	return cmocka_run_group_tests_name(
	    "input", tests, make_content, free_content);
}
