/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/rules.h"

#include <errno.h>
#include <libaudit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "sources/audit/own_rules.h"

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

/* Each rule of ours, as its kind would come back from the kernel. */
static void test_own(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 2 * own_rules_count; i++) {
		const struct own_rule *own = &own_rules[i / 2];
		struct buf b = BUF_INIT, other = BUF_INIT;
		struct rule rule;
		int r = own_rule_compile(own, i % 2, "x_", &b);

		if (r == -EOPNOTSUPP)
			continue;
		assert_int_equal(r, 0);
		assert_true(rule_parse(buf_str(&b), &rule));
		assert_true(str_starts(rule.key, STR("x_")) &&
			    str_eqz(str_from(rule.key, 2), own->key));
		assert_int_equal(
		    rule.exec_all, i % 2 == 0 && strcmp(own->key, "exec") == 0);
		/* Whatever its key; and no other one is the same. */
		own_rule_compile(own, i % 2, "longer_", &other);
		assert_true(rule_same(buf_str(&b), buf_str(&other)));
		for (size_t k = 0; k < 2 * own_rules_count; k++) {
			buf_clear(&other);
			if (k != i && own_rule_compile(&own_rules[k / 2], k % 2,
					  "x_", &other) == 0)
				assert_false(
				    rule_same(buf_str(&b), buf_str(&other)));
		}
		n++;
		buf_free(&b);
		buf_free(&other);
	}
	assert_true(n >= own_rules_count);
}

static void test_same(void **state)
{
	struct buf a = BUF_INIT, b = BUF_INIT;

	(void)state;
	/* One asks for all logins, the other for some. */
	make(0, &a);
	make(3, &b);
	assert_false(rule_same(buf_str(&a), buf_str(&b)));
	buf_clear(&b);
	make(6, &b); /* never */
	assert_false(rule_same(buf_str(&a), buf_str(&b)));
	assert_true(rule_same(buf_str(&a), buf_str(&a)));
	assert_false(rule_same(buf_str(&a), STR_NONE));
	buf_free(&a);
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_sizes_that_lie),
	    cmocka_unit_test(test_own),
	    cmocka_unit_test(test_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
