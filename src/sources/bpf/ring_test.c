/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/ring.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define BYTES ((size_t)4096)
#define BUSY  ((uint32_t)1 << 31)
#define GONE  ((uint32_t)1 << 30)

/* A ring as the kernel lays it out, in memory that we write ourselves. */
struct fake {
	struct ring ring;
	char *p; /* all of it */
	size_t page;
	uint64_t at; /* where the producer stands */
};

static void fake_open(struct fake *f)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = memfd_create("ring", 0);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)(2 * page + 2 * BYTES)), 0);
	f->page = page;
	f->at = 0;
	f->p = mmap(NULL, 2 * page + 2 * BYTES, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	assert_true(f->p != MAP_FAILED);
	assert_int_equal(ring_open(&f->ring, fd, BYTES), 0);
	close(fd);
}

static void fake_close(struct fake *f)
{
	ring_close(&f->ring);
	munmap(f->p, 2 * f->page + 2 * BYTES);
}

/* The data lies there twice. */
static void fake_put(struct fake *f, uint64_t at, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t to = 2 * f->page + ((at + i) & (BYTES - 1));

		f->p[to] = f->p[to + BYTES] = ((const char *)from)[i];
	}
}

static uint64_t fake_add(struct fake *f, struct str s, uint32_t bits)
{
	uint32_t word = (uint32_t)s.n | bits;
	uint64_t begin = f->at;

	fake_put(f, begin, &word, sizeof word);
	fake_put(f, begin + 8, s.p, s.n);
	f->at += (s.n + 8 + 7) & ~(uint64_t)7;
	memcpy(f->p + f->page, &f->at, sizeof f->at);
	return begin;
}

static void assert_reads(
    struct fake *f, size_t max, int result, const char *want)
{
	struct buf got = BUF_INIT;

	assert_int_equal(ring_read(&f->ring, &got, max), result);
	assert_int_equal(got.n, strlen(want));
	assert_true(str_eqz(buf_str(&got), want));
	buf_free(&got);
}

static void test_reads_what_is_there(void **state)
{
	struct fake f;

	fake_open(&f);
	assert_reads(&f, 100, 0, "");
	fake_add(&f, STR("one"), 0);
	fake_add(&f, STR("given up"), GONE);
	fake_add(&f, STR("twelve bytes"), 0);
	assert_reads(&f, 100, 0, "onetwelve bytes");
	assert_reads(&f, 100, 0, "");
	fake_close(&f);
}

static void test_waits_for_the_writer(void **state)
{
	uint32_t done = 4;
	struct fake f;
	uint64_t at;

	fake_open(&f);
	fake_add(&f, STR("one"), 0);
	at = fake_add(&f, STR("half"), BUSY);
	fake_add(&f, STR("behind"), 0);
	assert_reads(&f, 100, 0, "one");
	assert_reads(&f, 100, 0, "");
	fake_put(&f, at, &done, sizeof done);
	assert_reads(&f, 100, 0, "halfbehind");
	fake_close(&f);
}

static void test_goes_round(void **state)
{
	struct fake f;
	char text[200];

	fake_open(&f);
	for (int i = 0; i < 1000; i++) {
		memset(text, 'a' + i % 26, sizeof text - 1);
		text[(size_t)(i % 199)] = '\0';
		fake_add(&f, str_z(text), 0);
		assert_reads(&f, 1000, 0, text);
	}
	fake_close(&f);
}

static void test_stops_at_max(void **state)
{
	struct fake f;

	fake_open(&f);
	fake_add(&f, STR("one"), 0);
	fake_add(&f, STR("two"), 0);
	assert_reads(&f, 1, 1, "one");
	assert_reads(&f, 1, 0, "two");
	fake_close(&f);
}

static void test_no_ring(void **state)
{
	struct ring r;
	struct fake f;
	uint64_t far = 10 * BYTES;
	int fd = memfd_create("empty", MFD_CLOEXEC);

	close(fd);
	assert_true(ring_open(&r, fd, BYTES) < 0);
	fake_open(&f);
	fake_add(&f, STR("x"), 1000);
	assert_reads(&f, 100, -EIO, "");
	memcpy(f.p + f.page, &far, sizeof far);
	assert_reads(&f, 100, -EIO, "");
	fake_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reads_what_is_there),
	    cmocka_unit_test(test_waits_for_the_writer),
	    cmocka_unit_test(test_goes_round),
	    cmocka_unit_test(test_stops_at_max),
	    cmocka_unit_test(test_no_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
