/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event.h"
#include "core/event_pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void names_are_found(void **state)
{
	for (unsigned f = 0; f < EVENT_N_FIELDS; f++)
		assert_int_equal(
		    event_field_parse(str_z(event_fields[f].key)), f);
	for (int k = 0; k < EVENT_N_KINDS; k++)
		assert_int_equal(event_kind_parse(str_z(
				     event_kind_name((enum event_kind)k))),
		    k);
	for (int t = 0; t < TRUST_N; t++)
		assert_int_equal(
		    trust_parse(str_z(trust_name((enum trust)t))), t);
}

static void other_names_are_not_found(void **state)
{
	static const struct str names[] = {{NULL, 0}, {"", 0}, {"use", 3},
	    {"users", 5}, {"user\0", 5}, {"USER", 4}, {"exec ", 5}, {"host", 4},
	    {"login_use", 9}, {"login_userr", 11}, {"\xff", 1}};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_int_equal(event_field_parse(names[i]), EVENT_N_FIELDS);
		assert_int_equal(event_kind_parse(names[i]), -1);
		assert_int_equal(trust_parse(names[i]), -1);
	}
	assert_int_equal(event_field_parse(STR("exec")), EVENT_N_FIELDS);
	assert_string_equal(event_kind_name(EVENT_N_KINDS), "other");
	assert_string_equal(trust_name(TRUST_N), "text");
}

static void fields_are_walked_in_order(void **state)
{
	static const enum field set[] = {
	    F_USER, F_SES, F_TEXT, F_ID, F_OFFSET, F_LOGIN_USER};
	struct event ev;
	enum field f;
	size_t n = 0;

	event_init(&ev, EVENT_EXEC);
	assert_int_equal(event_next_field(&ev, 0), EVENT_N_FIELDS);
	for (size_t i = 0; i < sizeof set / sizeof *set; i++)
		event_set_int(&ev, set[i], 1);
	for (f = event_next_field(&ev, 0); f < EVENT_N_FIELDS;
	     f = event_next_field(&ev, f + 1))
		assert_int_equal(f, set[n++]);
	assert_int_equal(n, sizeof set / sizeof *set);
	event_unset(&ev, F_LOGIN_USER);
	assert_int_equal(event_next_field(&ev, F_OFFSET + 1), EVENT_N_FIELDS);
}

struct original {
	char host[6], user[4], argv[6];
	struct event ev; /* its strings lie above */
};

static void make_original(struct original *o)
{
	struct event *ev = &o->ev;

	*o = (struct original){"web-1", "ann", "ls\0-l", {.seq = 0}};
	event_init(ev, EVENT_EXEC);
	ev->time = 5;
	ev->seq = 7;
	ev->track = 8;
	ev->chain = 9;
	ev->trust = TRUST_KERNEL;
	ev->host = str_z(o->host);
	event_set_str(ev, F_USER, str_z(o->user));
	event_set_str(ev, F_ARGV, str_make(o->argv, sizeof o->argv));
	event_set_str(ev, F_CWD, str_make("", 0));
	event_set_int(ev, F_PID, 44);
	event_set_hex(ev, F_ID, UINT64_MAX);
}

/* It does not need what the original's strings were. */
static void expect_copy(struct original *o, const struct event *copy)
{
	memset(o->host, 'x', sizeof o->host - 1);
	memset(o->user, 'x', sizeof o->user - 1);
	memset(o->argv, 'x', sizeof o->argv);
	assert_int_equal(copy->kind, EVENT_EXEC);
	assert_int_equal(copy->trust, TRUST_KERNEL);
	assert_int_equal(copy->time, 5);
	assert_true(str_eq(copy->host, STR("web-1")));
	assert_true(str_eq(event_str(copy, F_USER), STR("ann")));
	assert_true(str_eq(event_str(copy, F_ARGV), STR("ls\0-l\0")));
	assert_true(event_has(copy, F_CWD));
	assert_non_null(event_str(copy, F_CWD).p);
	assert_null(copy->boot.p);
	assert_int_equal(copy->seq + copy->track + copy->chain, 24);
	assert_int_equal(event_int(copy, F_PID, -1), 44);
	assert_true(copy->v[F_ID].u == UINT64_MAX);
	assert_memory_equal(copy->has, o->ev.has, sizeof copy->has);
}

static void copy_is_deep(void **state)
{
	struct arena a = ARENA_INIT, tight = ARENA_INIT;
	struct original o;
	struct event copy;

	make_original(&o);
	assert_int_equal(event_copy(&copy, &o.ev, &a), 0);
	expect_copy(&o, &copy);
	tight.max = 8;
	assert_int_equal(event_copy(&copy, &o.ev, &tight), -12);
	arena_free(&a);
	arena_free(&tight);
}

/* One behind the other, the first one without any field. */
static void packed_is_the_same(void **state)
{
	struct buf b = BUF_INIT;
	struct original o;
	struct event empty, ev;
	const char *p;

	make_original(&o);
	event_init(&empty, EVENT_GAP);
	event_pack(&empty, &b);
	event_pack(&o.ev, &b);
	event_pack(&empty, &b);
	assert_int_equal(buf_error(&b), 0);
	p = event_unpack(b.p, &ev);
	assert_int_equal(ev.kind, EVENT_GAP);
	assert_int_equal(event_next_field(&ev, 0), EVENT_N_FIELDS);
	p = event_unpack(p, &ev);
	expect_copy(&o, &ev);
	assert_int_equal(event_str(&ev, F_ARGV).p[6], '\0');
	p = event_unpack(p, &ev);
	assert_int_equal(ev.kind, EVENT_GAP);
	assert_ptr_equal(p, b.p + b.n);
	buf_free(&b);
}

static void command_is_one_text(void **state)
{
	static const struct {
		struct str argv, cmd, want;
	} t[] = {
	    {{"ls\0-l\0", 6}, {"no", 2}, {"ls -l", 5}},
	    {{"sh\0-c\0a b\0\0", 11}, {NULL, 0}, {"sh -c 'a b' ''", 14}},
	    {{"a\tb\0", 4}, {NULL, 0}, {"'a\tb'", 5}},
	    {{"last", 4}, {NULL, 0}, {"last", 4}},
	    {{"", 0}, {"make all", 8}, {"make all", 8}},
	    {{NULL, 0}, {NULL, 0}, {"", 0}},
	};
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		struct event ev;

		event_init(&ev, EVENT_EXEC);
		event_set_str(&ev, F_ARGV, t[i].argv);
		event_set_str(&ev, F_CMD, t[i].cmd);
		buf_clear(&b);
		event_command(&ev, &b);
		assert_int_equal(b.n, t[i].want.n);
		assert_memory_equal(buf_z(&b), t[i].want.p, b.n + 1);
	}
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_found),
	    cmocka_unit_test(other_names_are_not_found),
	    cmocka_unit_test(fields_are_walked_in_order),
	    cmocka_unit_test(copy_is_deep),
	    cmocka_unit_test(packed_is_the_same),
	    cmocka_unit_test(command_is_one_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
