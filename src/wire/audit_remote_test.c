/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/audit_remote.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* As audisp-remote 3.0.9 sends it: record, line feed, number 2. */
#define RECORD "type=LOGIN msg=audit(1.002:3): pid=4\n"
#define SENT                                                                   \
	"\xfe\0\0\xff\0\0"                                                     \
	"\0\0\0\0"                                                             \
	"\x25\0"                                                               \
	"\x02\0\0\0" RECORD

static void test_message(void **state)
{
	struct str data = STR_INIT(SENT "\xfe");
	struct audit_remote m;

	for (size_t n = 1; n < sizeof SENT - 1; n++) {
		struct str part = str_upto(data, n);

		assert_int_equal(audit_remote_has_headers(part), 1);
		assert_int_equal(audit_remote_next(&part, &m), 0);
		assert_int_equal(part.n, n);
	}
	assert_int_equal(audit_remote_next(&data, &m), 1);
	assert_int_equal(m.type, AUDIT_REMOTE_MESSAGE);
	assert_int_equal(m.sequence, 2);
	assert_true(str_eqz(m.text, "type=LOGIN msg=audit(1.002:3): pid=4"));
	assert_int_equal(data.n, 1);
	(void)state;
}

static void test_answer(void **state)
{
	struct buf b = BUF_INIT;
	struct audit_remote m;
	struct str data;

	audit_remote_answer(AUDIT_REMOTE_ACK, 0x01020304, STR_NONE, &b);
	assert_memory_equal(b.p,
	    "\xfe\0\0\xff\0\0\0\0\0\x40\0\0\x04\x03\x02\x01",
	    AUDIT_REMOTE_HEADER);
	audit_remote_answer(AUDIT_REMOTE_DISK_FULL, 9, STR("disk full"), &b);
	data = buf_str(&b);
	assert_int_equal(audit_remote_next(&data, &m), 1);
	assert_int_equal(audit_remote_next(&data, &m), 1);
	assert_int_equal(m.type, AUDIT_REMOTE_DISK_FULL);
	assert_true(str_eqz(m.text, "disk full"));
	assert_int_equal(data.n, 0);
	buf_free(&b);
	(void)state;
}

static void test_wrong(void **state)
{
	static const struct str wrong[] = {
	    STR_INIT("\xfe\0\0\xfe"),
	    STR_INIT("\xfe\0\0\xff\1\0\0\0\0\0\0\0\0\0\0\0"), /* a version */
	    STR_INIT("\xfeGET / HTTP/1.1\r\n\r\n"),
	};
	struct audit_remote m;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct str data = wrong[i];

		assert_int_equal(audit_remote_next(&data, &m), -EPROTO);
	}
	assert_int_equal(audit_remote_has_headers(STR("type=A")), 0);
	assert_int_equal(audit_remote_has_headers(STR_NONE), -1);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_message),
	    cmocka_unit_test(test_answer),
	    cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
