/* SPDX-License-Identifier: Apache-2.0 */
#include "net/crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void enter(struct crowd *c, struct crowd_member *m, const char *address)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in in = {.sin_family = AF_INET};
	bool is4 = inet_pton(AF_INET, address, &in.sin_addr) == 1;

	assert_true(is4 || inet_pton(AF_INET6, address, &in6.sin6_addr) == 1);
	assert_int_equal(
	    crowd_enter(c, m, is4 ? (void *)&in : (void *)&in6), 0);
}

/* However many come of one address, they take the room of each other. */
static void test_one_against_many(void **state)
{
	static struct crowd_member flood[1000], honest[3];
	struct crowd c;

	(void)state;
	crowd_init(&c);
	assert_null(crowd_yields(&c));
	enter(&c, &honest[0], "192.0.2.1");
	assert_ptr_equal(crowd_yields(&c), &honest[0]);
	enter(&c, &honest[1], "192.0.2.2");
	enter(&c, &honest[2], "192.0.2.2");
	assert_ptr_equal(crowd_yields(&c), &honest[1]);
	for (size_t i = 0; i < 1000; i++)
		enter(&c, &flood[i], "198.51.100.7");
	assert_int_equal(crowd_count(&c, &flood[0]), 1000);
	for (size_t i = 0; i < 998; i++) {
		assert_ptr_equal(crowd_yields(&c), &flood[i]);
		crowd_leave(&c, &flood[i]);
	}
	assert_int_equal(crowd_count(&c, &flood[999]), 2);
	/* As many as the other has: who came first. */
	assert_ptr_equal(crowd_yields(&c), &honest[1]);
	crowd_leave(&c, &honest[1]);
	assert_ptr_equal(crowd_yields(&c), &flood[998]);
	crowd_leave(&c, &flood[999]); /* the last */
	crowd_leave(&c, &flood[999]); /* is not there: nothing */
	enter(&c, &flood[999], "192.0.2.1");
	assert_ptr_equal(crowd_yields(&c), &honest[0]);
	crowd_leave(&c, &honest[0]);
	crowd_leave(&c, &honest[2]);
	crowd_leave(&c, &flood[998]);
	crowd_leave(&c, &flood[999]);
	assert_null(crowd_yields(&c));
	crowd_free(&c);
}

/* Who is the same, though another address stands there. */
static void test_addresses(void **state)
{
	struct crowd_member m[5] = {{.is_in = false}};
	struct crowd c;

	(void)state;
	crowd_init(&c);
	enter(&c, &m[0], "2001:db8:0:1::1");
	enter(&c, &m[1], "2001:db8:0:1:ffff::2");
	enter(&c, &m[2], "2001:db8:0:2::1");
	enter(&c, &m[3], "192.0.2.1");
	enter(&c, &m[4], "::ffff:192.0.2.1");
	assert_int_equal(crowd_count(&c, &m[0]), 2);
	assert_int_equal(crowd_count(&c, &m[2]), 1);
	assert_int_equal(crowd_count(&c, &m[4]), 2);
	for (size_t i = 0; i < 5; i++)
		crowd_leave(&c, &m[i]);
	crowd_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_against_many),
	    cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
