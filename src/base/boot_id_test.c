/* SPDX-License-Identifier: Apache-2.0 */
#include "base/boot_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/str.h"

/* As the kernel writes it, with dashes. */
static void is_the_kernels(void **state)
{
	char id[BOOT_ID_LEN + 1], again[BOOT_ID_LEN + 1];
	char line[64] = "", want[64] = "";
	FILE *f = fopen(BOOT_ID_PATH, "re");

	assert_non_null(f);
	assert_non_null(fgets(line, sizeof line, f));
	fclose(f);
	for (size_t i = 0, n = 0; line[i]; i++)
		if (str_hexdigit(line[i]) >= 0)
			want[n++] = line[i];
	assert_int_equal(boot_id_read(id), 0);
	assert_string_equal(id, want);
	assert_int_equal(boot_id_read(again), 0);
	assert_string_equal(again, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(is_the_kernels)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
