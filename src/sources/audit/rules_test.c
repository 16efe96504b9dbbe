/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/rules.h"

#include <libaudit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include <cmocka.h>

#define FIELDS_MAX 4

struct condition {
	uint32_t field, op, value;
	const char *text;
};

#define KEY(text)                                                              \
	{                                                                      \
		AUDIT_FILTERKEY, AUDIT_EQUAL, sizeof(text) - 1, text           \
	}
#define SET                                                                    \
	{                                                                      \
		AUDIT_LOGINUID, AUDIT_NOT_EQUAL, UINT32_MAX, NULL              \
	}

static const struct {
	uint32_t list, action, syscall;
	struct condition fields[FIELDS_MAX];
	const char *key;
	bool never_task, exec, exec_all;
} cases[] = {
    {AUDIT_FILTER_EXIT, AUDIT_ALWAYS, SYS_execve, {SET, KEY("k_exec")},
	"k_exec", false, true, true},
    {AUDIT_FILTER_EXIT, AUDIT_ALWAYS, SYS_execve,
	{{AUDIT_LOGINUID_SET, AUDIT_EQUAL, 1, NULL}}, "", false, true, true},
    {AUDIT_FILTER_EXIT, AUDIT_ALWAYS, SYS_execve,
	{{AUDIT_LOGINUID_SET, AUDIT_EQUAL, 0, NULL}}, "", false, true, false},
    {AUDIT_FILTER_EXIT, AUDIT_ALWAYS, SYS_execve,
	{{AUDIT_LOGINUID, AUDIT_GREATER_THAN_OR_EQUAL, 1000, NULL}, SET}, "",
	false, true, false},
    {AUDIT_FILTER_EXIT, AUDIT_ALWAYS, SYS_execve,
	{{AUDIT_WATCH, AUDIT_EQUAL, 4, "/x/y"}, KEY("kk")}, "kk", false, true,
	false},
    {AUDIT_FILTER_EXIT, AUDIT_ALWAYS, SYS_execve,
	{{AUDIT_ARCH, AUDIT_EQUAL, 1, NULL}}, "", false, false, false},
    {AUDIT_FILTER_EXIT, AUDIT_NEVER, SYS_execve, {SET}, "", false, false,
	false},
    {AUDIT_FILTER_EXIT, AUDIT_ALWAYS, SYS_ptrace, {SET}, "", false, false,
	false},
    {AUDIT_FILTER_TASK, AUDIT_NEVER, 0, {{0}}, "", true, false, false},
    {AUDIT_FILTER_TASK, AUDIT_ALWAYS, 0, {{0}}, "", false, false, false},
};

static void make(const size_t i, struct buf *ret)
{
	struct audit_rule_data r = {
	    .flags = cases[i].list, .action = cases[i].action};
	struct buf texts = BUF_INIT;

	r.mask[cases[i].syscall / 32] |= 1U << cases[i].syscall % 32;
	for (size_t f = 0; f < FIELDS_MAX && cases[i].fields[f].op; f++) {
		r.fields[f] = cases[i].fields[f].field;
		r.fieldflags[f] = cases[i].fields[f].op;
		r.values[f] = cases[i].fields[f].value;
		if (cases[i].fields[f].text)
			buf_add_z(&texts, cases[i].fields[f].text);
		r.field_count++;
	}
	r.buflen = (uint32_t)texts.n;
	buf_add(ret, &r, sizeof r);
	buf_add_str(ret, buf_str(&texts));
	buf_free(&texts);
}

static void test_parse(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf b = BUF_INIT;
		struct rule rule;

		make(i, &b);
		assert_true(rule_parse(buf_str(&b), &rule));
		assert_true(str_eqz(rule.key, cases[i].key));
		assert_int_equal(rule.never_task, cases[i].never_task);
		assert_int_equal(rule.exec, cases[i].exec);
		assert_int_equal(rule.exec_all, cases[i].exec_all);
		/* Cut anywhere it is not a rule. */
		for (size_t n = 0; n < b.n; n++)
			assert_false(rule_parse(str_make(b.p, n), &rule));
		buf_free(&b);
	}
}

static void test_sizes_that_lie(void **state)
{
	struct audit_rule_data r = {.field_count = AUDIT_MAX_FIELDS + 1};
	struct rule rule;

	assert_false(rule_parse(str_make(&r, sizeof r), &rule));
	r.field_count = 1;
	r.fields[0] = AUDIT_FILTERKEY;
	r.values[0] = UINT32_MAX;
	assert_false(rule_parse(str_make(&r, sizeof r), &rule));
	assert_false(rule_parse(STR_NONE, &rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_sizes_that_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
