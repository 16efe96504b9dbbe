/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/audit_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static bool all_but_root(void *ctx, const char *path)
{
	return strcmp(path, "/root/.ssh/") != 0;
}

static bool has(const struct buf *b, const char *text)
{
	return str_find(buf_str(b), str_z(text)) != STR_NPOS;
}

static void test_write(void **state)
{
	struct buf b = BUF_INIT, again = BUF_INIT;

	audit_rules_write(&b, all_but_root, NULL, 8192);
	assert_true(has(&b, "-b 16384\n"));
	assert_true(has(&b, "--backlog_wait_time 0\n"));
	assert_true(has(&b, "\n-a always,exit -F arch=b32 -S execve,execveat "
			    "-F auid!=unset -k sshtrail_exec\n"));
	assert_true(has(&b, "\n-a always,exit -F arch=b64 -S ptrace "
			    "-F a0=0x4206 -F auid!=unset -k sshtrail_trace\n"));
	assert_true(has(&b, "-S connect -F a2=0x1c -F"));
	assert_true(
	    has(&b, "\n-a always,exit -F arch=b64 -F path=/etc/passwd "
		    "-F perm=wa -F auid!=unset -k sshtrail_identity\n"));
	assert_true(has(&b, "-F dir=/etc/ssh -F"));
	assert_false(has(&b, "/root/.ssh"));
	/* Neither locks audit nor throws away the rules of others. */
	assert_false(has(&b, "\n-e") || has(&b, "\n-D"));
	assert_int_equal(audit_rules_count(buf_str(&b)), 14 + 2 * 10);
	/* More that others want stays. */
	audit_rules_write(&again, all_but_root, NULL, 32768);
	assert_false(has(&again, "\n-b "));
	buf_free(&b);
	buf_free(&again);
}

static void test_read(void **state)
{
	assert_int_equal(audit_rules_backlog(
			     STR("-D\n # -b 9\n-b 8192\n  -b 64\n-b x\n-b\n")),
	    8192);
	assert_int_equal(audit_rules_backlog(STR("-b")), 0);
	assert_int_equal(audit_rules_backlog(STR("--backlog_wait_time 5")), 0);
	assert_int_equal(
	    audit_rules_count(STR("-a x\n#-a\n -w y\n-b 1\n-A")), 3);
	assert_int_equal(audit_rules_count(STR_NONE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_write),
	    cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
