/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_password(void **state)
{
	char hash[PASSWORD_HASH_LEN], other[PASSWORD_HASH_LEN];

	(void)state;
	assert_int_equal(password_hash(STR("correct horse"), hash), 0);
	assert_int_equal(password_hash(STR("correct horse"), other), 0);
	assert_string_not_equal(hash, other);
	assert_non_null(strstr(hash, "$argon2id$"));
	assert_null(strstr(hash, "horse"));
	assert_true(password_check(hash, STR("correct horse")));
	assert_false(password_check(hash, STR("correct horse ")));
	assert_false(password_check(hash, STR("")));
	assert_false(password_check("", STR("")));
	assert_false(password_check("plain", STR("plain")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_password)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
