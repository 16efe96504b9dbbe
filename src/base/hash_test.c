/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Stored filters rest on these values: XXH3 with 64 bits, without seed. */
static void test_stable(void **state)
{
	assert_true(hash_stable(STR("")) == 0x2d06800538d394c2);
	assert_true(hash_stable(STR_NONE) == 0x2d06800538d394c2);
	assert_true(hash_stable(STR("a")) == 0xe6c632b61e964e1f);
	assert_true(hash_stable(STR("sshd")) != hash_stable(STR("sshd\0")));
}

static void test_seeded(void **state)
{
	assert_true(hash_bytes(STR("root")) == hash_bytes(STR("root")));
	assert_true(hash_bytes(STR("root")) != hash_bytes(STR("toor")));
	assert_true(hash_bytes(STR("root")) != hash_stable(STR("root")));
	assert_true(hash_bytes(STR("")) == hash_bytes(STR_NONE));
}

/* Keys that differ in high bits only must not fall together. */
static void test_u64_spreads(void **state)
{
	unsigned used[256] = {0};

	for (uint64_t i = 0; i < 4096; i++)
		used[hash_u64(i << 40) & 255]++;
	for (unsigned i = 0; i < 256; i++)
		assert_in_range(used[i], 1, 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_stable),
	    cmocka_unit_test(test_seeded),
	    cmocka_unit_test(test_u64_spreads),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
