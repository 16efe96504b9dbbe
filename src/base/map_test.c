/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_put_get(void **state)
{
	struct map m = MAP_INIT;
	uint64_t *v;

	assert_null(map_get(&m, 0));
	map_del(&m, 0);
	for (uint64_t key = 0; key < 10000; key++) {
		v = map_put(&m, key << 48 | key);
		assert_non_null(v);
		assert_int_equal(*v, 0);
		*v = key + 1;
	}
	assert_int_equal(m.n, 10000);
	for (uint64_t key = 0; key < 10000; key++) {
		v = map_get(&m, key << 48 | key);
		assert_non_null(v);
		assert_int_equal(*v, key + 1);
	}
	assert_null(map_get(&m, 10000));
	assert_int_equal(*map_put(&m, 0), 1);
	assert_int_equal(m.n, 10000);
	map_clear(&m);
	assert_int_equal(m.n, 0);
	assert_null(map_get(&m, 0));
	assert_int_equal(*map_put(&m, UINT64_MAX), 0);
	map_free(&m);
	assert_null(map_get(&m, 0));
}

/* Random puts and removals against a plain array. */
static void test_against_model(void **state)
{
	enum { KEYS = 200 };
	uint64_t model[KEYS] = {0};
	struct map m = MAP_INIT;
	uint32_t x = 7;
	size_t n = 0;

	for (uint64_t step = 1; step < 200000; step++) {
		uint64_t key;

		x = x * 1664525u + 1013904223u;
		key = (x >> 8) % KEYS;
		if (x >> 31) {
			n += model[key] == 0;
			model[key] = step;
			*map_put(&m, key) = step;
		} else {
			n -= model[key] != 0;
			model[key] = 0;
			map_del(&m, key);
		}
		assert_int_equal(m.n, n);
		for (uint64_t k = step % 7; k < KEYS; k += 31) {
			uint64_t *v = map_get(&m, k);

			assert_int_equal(v ? *v : 0, model[k]);
		}
	}
	assert_true(m.cap <= 512);
	map_free(&m);
}

static void test_intern(void **state)
{
	struct intern in = INTERN_INIT;
	char text[32];

	assert_int_equal(intern_find(&in, STR("a")), INTERN_NONE);
	for (uint32_t i = 0; i < 5000; i++) {
		int n = snprintf(text, sizeof text, "string %u", i);

		assert_int_equal(intern_add(&in, str_make(text, (size_t)n)), i);
	}
	for (uint32_t i = 0; i < 5000; i++) {
		struct str s = str_make(
		    text, (size_t)snprintf(text, sizeof text, "string %u", i));

		assert_int_equal(intern_add(&in, s), i);
		assert_int_equal(intern_find(&in, s), i);
		assert_true(str_eq(intern_str(&in, i), s));
	}
	assert_int_equal(in.n, 5000);
	assert_int_equal(intern_find(&in, STR("string 5000")), INTERN_NONE);
	intern_clear(&in);
	assert_int_equal(intern_find(&in, STR("string 1")), INTERN_NONE);
	assert_int_equal(intern_add(&in, STR("string 1")), 0);
	intern_free(&in);
}

static void test_intern_bytes(void **state)
{
	static const struct str strings[] = {STR_INIT(""), STR_INIT("\0"),
	    STR_INIT("\0\0"), STR_INIT("a\0b"), STR_INIT("a\0c"),
	    STR_INIT("\xff")};
	struct intern in = INTERN_INIT;

	for (uint32_t i = 0; i < sizeof strings / sizeof *strings; i++)
		assert_int_equal(intern_add(&in, strings[i]), i);
	assert_int_equal(intern_add(&in, STR_NONE), 0);
	intern_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_put_get),
	    cmocka_unit_test(test_against_model),
	    cmocka_unit_test(test_intern),
	    cmocka_unit_test(test_intern_bytes),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
