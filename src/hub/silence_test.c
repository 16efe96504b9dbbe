/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/silence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static int note(void *ctx, const struct heard *h)
{
	buf_printf(ctx, "%s@%lld ", h->name, (long long)h->at);
	return 0;
}

static struct host_entry host(const char *id, const char *name)
{
	struct host_entry h = {.until = 0};

	memcpy(h.id, id, strlen(id) + 1);
	memcpy(h.name, name, strlen(name) + 1);
	return h;
}

static void test_silence(void **state)
{
	const struct host_entry a = host("0a", "a"), b = host("0b", "b");
	struct silence s = {.n = 0};
	struct buf told = BUF_INIT;
	int64_t since;

	assert_int_equal(silence_heard(&s, &a, 100, &since), 0);
	assert_int_equal(since, 0);
	assert_int_equal(silence_heard(&s, &b, 150, &since), 0);
	assert_int_equal(silence_check(&s, 199, 100, note, &told), 0);
	assert_int_equal(told.n, 0);
	assert_int_equal(silence_check(&s, 200, 100, note, &told), 0);
	assert_true(str_eqz(buf_str(&told), "a@100 "));
	/* Once each time. */
	assert_int_equal(silence_check(&s, 260, 100, note, &told), 0);
	assert_true(str_eqz(buf_str(&told), "a@100 b@150 "));
	assert_int_equal(silence_check(&s, 990, 100, note, &told), 0);
	assert_int_equal(silence_heard(&s, &a, 1000, &since), 0);
	assert_int_equal(since, 100);
	assert_int_equal(silence_heard(&s, &a, 1001, &since), 0);
	assert_int_equal(since, 0);
	silence_free(&s);
	buf_free(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
