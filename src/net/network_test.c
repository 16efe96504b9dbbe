/* SPDX-License-Identifier: Apache-2.0 */
#include "net/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage a = {.ss_family = AF_UNSPEC};

	assert_true(network_parse_listen(str_z(text), &a));
	return a;
}

static void test_networks(void **state)
{
	static const struct {
		const char *network, *address;
		bool has;
	} cases[] = {
	    {"192.0.2.0/24", "192.0.2.255:1", true},
	    {"192.0.2.0/24", "192.0.3.0:1", false},
	    {"192.0.2.7", "192.0.2.7:1", true},
	    {"192.0.2.7", "192.0.2.6:1", false},
	    {"0.0.0.0/0", "203.0.113.1:1", true},
	    {"0.0.0.0/0", "[2001:db8::1]:1", false},
	    /* What comes by a socket of both. */
	    {"192.0.2.0/25", "[::ffff:192.0.2.1]:1", true},
	    {"192.0.2.0/25", "[::ffff:192.0.2.128]:1", false},
	    {"2001:db8::/33", "[2001:db8:7fff::1]:1", true},
	    {"2001:db8::/33", "[2001:db8:8000::1]:1", false},
	    {"::/0", "192.0.2.1:1", true},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sockaddr_storage a = address(cases[i].address);
		struct network n;

		assert_true(network_parse(str_z(cases[i].network), &n));
		if (network_has(&n, &a) != cases[i].has)
			fail_msg("%s %s", cases[i].network, cases[i].address);
	}
	(void)state;
}

static void test_wrong(void **state)
{
	static const char *const networks[] = {"", "/", "192.0.2.0/33",
	    "192.0.2.1/24", "192.0.2/24", "::/129", "example", "192.0.2.0/-1",
	    "192.0.2.0/24 ", "fe80::1/10", "::ffff:1.2.3.4.5"};
	static const char *const listens[] = {"", ":514", "514", "192.0.2.1",
	    "192.0.2.1:65536", "[::1:514", "::1:514", "[192.0.2.1]:514",
	    "192.0.2.1:", "[::1]514", "localhost:514"};
	struct sockaddr_storage a;
	struct network n;

	for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
		if (network_parse(str_z(networks[i]), &n))
			fail_msg("%s", networks[i]);
	for (size_t i = 0; i < sizeof listens / sizeof *listens; i++)
		if (network_parse_listen(str_z(listens[i]), &a))
			fail_msg("%s", listens[i]);
	(void)state;
}

static void test_text(void **state)
{
	static const char *const cases[][2] = {
	    {"192.0.2.1:514", "192.0.2.1"},
	    {"[::ffff:192.0.2.1]:514", "192.0.2.1"},
	    {"[2001:db8:0:0::1]:514", "2001:db8::1"},
	};
	const struct sockaddr_storage local = {.ss_family = AF_UNIX};
	char text[NETWORK_TEXT_MAX];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sockaddr_storage a = address(cases[i][0]);

		network_text(&a, text);
		assert_string_equal(text, cases[i][1]);
	}
	network_text(&local, text);
	assert_string_equal(text, "unknown");
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_networks),
	    cmocka_unit_test(test_wrong),
	    cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
