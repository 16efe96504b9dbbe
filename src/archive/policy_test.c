/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/policy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

#define DAY ((int64_t)86400 * 1000000)
#define GIB ((int64_t)1 << 30)

static int load(struct policy *p, const char *text, struct buf *complaints)
{
	char file[] = "/tmp/policy_test.XXXXXX";
	CLEANUP_FD int fd = mkstemp(file);
	int r;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	r = policy_load(p, file, complaints);
	unlink(file);
	return r;
}

static void test_limits(void **state)
{
	static const struct {
		const char *chain;
		bool any;
		int64_t age, bytes;
	} cases[] = {
	    {"events:web-1", true, 365 * DAY, 0},
	    {"import:web-1", true, 365 * DAY, 0},
	    {"sender:web-1", true, 365 * DAY, 0},
	    {"sender:192.0.2.1", true, 365 * DAY, 0},
	    {"sender:court-1", true, 0, 0},
	    {"events:db-1", true, 0, 0},
	    {"events:web-3.lab", true, DAY, 2 * GIB},
	    {"recordings:web-1", true, 90 * DAY, 10 * GIB},
	    {"recordings:import:web-1", true, 90 * DAY, 10 * GIB},
	    {"recordings:db-2", true, 7 * DAY, 0},
	    {"recordings:import:web-3.lab", true, DAY, 2 * GIB},
	    /* On hold. */
	    {"events:court-1", true, 0, 0},
	    {"import:court-1", true, 0, 0},
	    {"recordings:court-1", true, 0, 0},
	    {"recordings:court-1:2", true, 0, 0},
	    {"events:web-3.lab:2", true, DAY, 2 * GIB},
	    {"events:x.lab", true, DAY, 2 * GIB},
	    {"recordings:x.lab", true, 0, 0},
	    /* What was done to the store itself is kept. */
	    {"retention:web-1", false, 0, 0},
	    {"reveal:web-1", false, 0, 0},
	};
	struct buf complaints = BUF_INIT;
	struct policy p;

	assert_int_equal(load(&p,
			     "events:\n  max_age: 365d\n"
			     "recordings:\n  max_age: 90d\n  max_bytes: 10GiB\n"
			     "rules: ['*.lab all max_age=1d max_bytes=2GiB', "
			     "'db-*,pg recordings max_age=7d', 'db-* events']\n"
			     "hold: ['x.*,y recordings', 'court-* all']\n",
			     &complaints),
	    0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct policy_limits l = {0, 0};

		assert_int_equal(
		    policy_limits(&p, cases[i].chain, &l), cases[i].any);
		assert_int_equal(l.max_age, cases[i].age);
		assert_int_equal(l.max_bytes, cases[i].bytes);
	}
	policy_free(&p);
	buf_free(&complaints);
}

/* Of the list under `key`, whose second entry it is. */
static void assert_refused(
    const char *key, const char *entry, struct str complaint)
{
	struct buf complaints = BUF_INIT, text = BUF_INIT;
	struct policy p;

	buf_printf(&text, "%s: [\"db all\", \"%s\"]\n", key, entry);
	assert_int_equal(load(&p, buf_z(&text), &complaints), -EINVAL);
	assert_true(str_find(buf_str(&complaints), complaint) != STR_NPOS);
	policy_free(&p);
	buf_free(&complaints);
	buf_free(&text);
}

static void test_wrong_rules(void **state)
{
	static const char *const rules[] = {"web", "web logs max_age=1d",
	    "web all max_age=soon", "web all max_age", "web all 1d",
	    "web all max_size=1GiB"};

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		assert_refused("rules", rules[i], STR("rule 2"));
}

static void test_wrong_holds(void **state)
{
	static const char *const holds[] = {
	    "web", "web logs", "web all max_age=1d", "web all for ever"};

	for (size_t i = 0; i < sizeof holds / sizeof *holds; i++)
		assert_refused("hold", holds[i], STR("hold 2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_wrong_rules),
	    cmocka_unit_test(test_wrong_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
