/* SPDX-License-Identifier: Apache-2.0 */
#include "base/touch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE (4 * TOUCH_STEP)

static unsigned char *area;
static size_t page;

static int map_area(void **state)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return area == MAP_FAILED ? -1 : 0;
}

static int unmap_area(void **state)
{
	return munmap(area, SIZE);
}

static size_t count_resident(void)
{
	static unsigned char there[SIZE / 4096];
	size_t n = 0;

	assert_int_equal(mincore(area, SIZE, there), 0);
	for (size_t i = 0; i < SIZE / page; i++)
		n += there[i] & 1;
	return n;
}

static void skip_where_unknown(void)
{
	if (madvise(area, page, MADV_POPULATE_WRITE) < 0) {
		print_message("this kernel has no MADV_POPULATE_WRITE\n");
		skip();
	}
	assert_int_equal(madvise(area, page, MADV_DONTNEED), 0);
}

static void test_whole_pages_alone(void **state)
{
	skip_where_unknown();
	memset(area + 2 * page, 'x', 1);
	/* Of five, the first and the last are touched in part. */
	touch_pages(area + 1, 5 * page - 2);
	assert_int_equal(count_resident(), 3);
	assert_int_equal(area[2 * page], 'x');
	touch_pages(area + page / 2, page);
	assert_int_equal(count_resident(), 3);
	touch_pages(area, 0);
}

static void test_ahead(void **state)
{
	size_t done = 0;

	skip_where_unknown();
	touch_ahead(area, SIZE, 0, &done);
	assert_int_equal(count_resident(), TOUCH_FIRST / page);
	touch_ahead(area, SIZE, TOUCH_FIRST / 2, &done);
	assert_int_equal(count_resident(), TOUCH_FIRST / page);
	/* As many again; */
	touch_ahead(area, SIZE, TOUCH_FIRST, &done);
	assert_int_equal(count_resident(), 2 * TOUCH_FIRST / page);
	/* in the end a step. */
	for (size_t used = 0; used <= TOUCH_STEP; used += page)
		touch_ahead(area, SIZE, used, &done);
	assert_int_equal(count_resident(), 2 * TOUCH_STEP / page);
	for (size_t used = 0; used <= SIZE; used += 1000)
		touch_ahead(area, SIZE, used, &done);
	assert_int_equal(done, SIZE);
	assert_int_equal(count_resident(), SIZE / page);
}

static void test_give_back(void **state)
{
	memset(area, 'x', SIZE);
	/* The first and the last are not whole. */
	touch_give_back(area + 1, 5 * page - 2);
	assert_int_equal(count_resident(), SIZE / page - 3);
	assert_int_equal(area[page - 1], 'x');
	assert_int_equal(area[page], 0);
	assert_int_equal(area[4 * page], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_whole_pages_alone, map_area, unmap_area),
	    cmocka_unit_test_setup_teardown(test_ahead, map_area, unmap_area),
	    cmocka_unit_test_setup_teardown(
		test_give_back, map_area, unmap_area),
	};

	return cmocka_run_group_tests_name("touch", tests, NULL, NULL);
}
