/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/utmp/known.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Events 1 to n, told or not, at times that are their ids. */
static size_t take_all(struct known *k, uint64_t n)
{
	size_t told = 0;

	for (uint64_t id = 1; id <= n; id++)
		told += known_take(k, id, (int64_t)id);
	known_read(k);
	return told;
}

/* As after a restart. */
static void again(struct known *k)
{
	struct known next = KNOWN_INIT;
	struct buf place = BUF_INIT;

	known_place(k, &place);
	assert_true(place.n > 0 && place.n < 450);
	assert_true(known_resume(&next, buf_z(&place)));
	buf_free(&place);
	known_free(k);
	*k = next;
}

static void test_what_is_new(void **state)
{
	struct known k = KNOWN_INIT;
	struct buf place = BUF_INIT;

	known_place(&k, &place);
	assert_int_equal(place.n, 0);
	/* What was there before is not told. */
	assert_int_equal(take_all(&k, 100), 0);
	assert_int_equal(take_all(&k, 103), 3);
	assert_int_equal(take_all(&k, 103), 0);
	/* However old it says that it is, and once. */
	assert_true(known_take(&k, 1000, -5));
	assert_false(known_take(&k, 1000, -5));
	/* Rows that were away, or could not be read, for a time. */
	assert_int_equal(take_all(&k, 10), 0);
	assert_int_equal(take_all(&k, 103), 0);
	known_free(&k);
}

static void test_empty_at_first(void **state)
{
	struct known k = KNOWN_INIT;

	assert_int_equal(take_all(&k, 0), 0);
	again(&k);
	assert_int_equal(take_all(&k, 2), 2);
	again(&k);
	/* All are listed, so that time decides nothing. */
	assert_true(known_take(&k, 77, -1000));
	assert_int_equal(take_all(&k, 2), 0);
	known_free(&k);
}

static void test_restart(void **state)
{
	struct known k = KNOWN_INIT;

	take_all(&k, 1000);
	again(&k);
	assert_int_equal(take_all(&k, 1000), 0);
	again(&k);
	/* Before anything was read, too. */
	again(&k);
	assert_int_equal(take_all(&k, 1007), 7);
	again(&k);
	/* Added late: it is later than the latest KNOWN_LATEST. */
	assert_true(known_take(&k, 5000, 1007 - KNOWN_LATEST + 2));
	/* And this is taken for known. */
	assert_false(known_take(&k, 5001, 1007 - KNOWN_LATEST - 1));
	assert_int_equal(take_all(&k, 1007), 0);
	known_free(&k);
}

static void test_bounded(void **state)
{
	struct known k = KNOWN_INIT;

	take_all(&k, 100);
	for (uint64_t id = 1000; id < 1000 + KNOWN_MAX; id++)
		assert_true(known_take(&k, id, (int64_t)id));
	known_read(&k);
	/* All of them are gone from the file. */
	assert_int_equal(take_all(&k, 100), 0);
	assert_int_equal(k.ids.n, KNOWN_LATEST);
	assert_int_equal(take_all(&k, 100), 0);
	assert_true(known_take(&k, 5, 1 << 30) == false);
	assert_true(known_take(&k, 1000 + 2 * KNOWN_MAX, 1 << 30));
	known_free(&k);
}

static void test_hostile_places(void **state)
{
	static const char *const places[] = {"x", "12", ":",
	    "-1:", "99999999999999999999:", "1:zz", "1:0000000000000001;2",
	    "1:,0000000000000001", "12:34:0123456789abcdef"};
	struct buf many = BUF_INIT;
	struct known k = KNOWN_INIT;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (known_resume(&k, places[i]))
			fail_msg("%s", places[i]);
	buf_add_z(&many, "1:0000000000000001");
	for (int i = 0; i < KNOWN_LATEST; i++)
		buf_add_z(&many, ",0000000000000001");
	assert_false(known_resume(&k, buf_z(&many)));
	assert_int_equal(k.n_latest, 0);
	assert_false(k.resumed);
	buf_free(&many);
	known_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_new),
	    cmocka_unit_test(test_empty_at_first),
	    cmocka_unit_test(test_restart),
	    cmocka_unit_test(test_bounded),
	    cmocka_unit_test(test_hostile_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
