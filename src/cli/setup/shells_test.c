/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/shells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define TEXT                                                                   \
	"root:x:0:0:root:/root:/bin/bash\n"                                    \
	"# ann:x:1:1::/home/ann:/bin/sh\n"                                     \
	"ann:x:7001:7001:Ann,,,:/home/ann:/bin/zsh\n"                          \
	"short:x:1:1:/home\n"                                                  \
	"long:x:1:1::/home:/bin/sh:more\n"                                     \
	"+::::::\n"                                                            \
	"bob:x:7002:7002::/home/bob:"

static void test_find(void **state)
{
	static const struct {
		const char *name, *shell;
		size_t n;
	} cases[] = {
	    {"root", "/bin/bash", 1},
	    {"ann", "/bin/zsh", 1},
	    {"an", NULL, 0},
	    {"short", NULL, 0},
	    {"long", NULL, 0},
	    {"bob", "", 1},
	    {"", NULL, 0},
	};
	struct str shell;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(
		    shells_find(STR(TEXT), str_z(cases[i].name), &shell),
		    cases[i].n);
		if (cases[i].n)
			assert_true(str_eqz(shell, cases[i].shell));
	}
	assert_int_equal(
	    shells_find(STR(TEXT "\nann:x:1:1:::/bin/x\n"), STR("ann"), &shell),
	    2);
	assert_true(str_eqz(shell, "/bin/zsh"));
}

static struct str choose(void *ctx, struct str name, struct str now)
{
	return str_eqz(name, "ann") || str_eqz(name, "bob") ? STR("/x") : now;
}

static void test_write(void **state)
{
	struct buf b = BUF_INIT;

	shells_write(STR(TEXT), choose, NULL, &b);
	assert_string_equal(buf_z(&b), "root:x:0:0:root:/root:/bin/bash\n"
				       "# ann:x:1:1::/home/ann:/bin/sh\n"
				       "ann:x:7001:7001:Ann,,,:/home/ann:/x\n"
				       "short:x:1:1:/home\n"
				       "long:x:1:1::/home:/bin/sh:more\n"
				       "+::::::\n"
				       "bob:x:7002:7002::/home/bob:/x");
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
