/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session_json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* All that a session holds, hostile bytes too. */
static struct session full(void)
{
	struct session s = {.person = STR("Ann \"x\" \xff\n"), .n_tracks = 3};

	s.sum = (struct track){.id = 0xfedcba9876543210,
	    .flags = TRACK_LOGGED_IN | TRACK_SSH | TRACK_ROOT | TRACK_CLOSED,
	    .host = STR("web-01"),
	    .boot = STR("b"),
	    .start = 1790000000000001,
	    .end = 1790000009000000,
	    .login = 1790000000500000,
	    .ses = 7,
	    .auid = 1000,
	    .pid = 44,
	    .port = 50022,
	    .n_exec = 3,
	    .n_file = 1,
	    .n_priv = 2,
	    .bytes_out = INT64_MAX,
	    .user = STR("ann"),
	    .addr = STR("2001:db8::1"),
	    .method = STR("publickey"),
	    .key_type = STR("ED25519"),
	    .fp = STR("SHA256:abc"),
	    .cert_id = STR("id"),
	    .tty = STR("pts/3"),
	    .origin = STR("sshd"),
	    .reason = STR("disconnected by user"),
	    .notes = STR("a; b")};
	return s;
}

/* What is written is the same again when it was read. */
static void assert_same(const struct session *s)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct session got;

	session_to_json(&first, s);
	assert_int_equal(session_from_json(&got, buf_str(&first), &a), 0);
	session_to_json(&second, &got);
	assert_true(str_eq(buf_str(&first), buf_str(&second)));
	assert_true(got.sum.id == s->sum.id);
	assert_true(str_eq(got.person, s->person));
	assert_int_equal(got.sum.flags, s->sum.flags);
	buf_free(&first);
	buf_free(&second);
	arena_free(&a);
}

static void test_round_trip(void **state)
{
	struct session s = full();

	(void)state;
	assert_same(&s);
	s.sum.flags = 0;
	assert_same(&s);
	s.sum.flags = TRACK_GAP | TRACK_TTY | TRACK_INFERRED | TRACK_CONFLICT |
		      TRACK_SUDO | TRACK_TRANSFER | TRACK_FAILURE;
	s.sum.user = s.sum.addr = s.sum.method = s.person = STR_NONE;
	s.sum.port = s.sum.ses = s.sum.auid = s.sum.login = -1;
	assert_same(&s);
}

static void test_hostile(void **state)
{
	static const char *const texts[] = {"", "{", "{}", "[]", "null",
	    "{\"session\":\"1\",\"host\":\"h\"}",
	    "{\"session\":\"x\",\"host\":\"h\",\"start\":"
	    "\"2026-11-22T11:49:28.940565Z\"}",
	    "{\"session\":\"1\",\"host\":7,\"start\":"
	    "\"2026-11-22T11:49:28.940565Z\"}",
	    "{\"session\":\"1\",\"host\":\"h\",\"start\":\"yesterday\"}",
	    "{\"session\":\"1\",\"host\":\"h\",\"flags\":{}}",
	    "{\"session\":\"1\",\"host\":\"h\",\"flags\":[\"x\" 1]}",
	    "{\"session\":\"1\",\"host\":\"h\",\"port\":\"22\"}"};
	struct arena a = ARENA_INIT;
	struct session s;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(
		    session_from_json(&s, str_z(texts[i]), &a), -EBADMSG);
	/* What a newer version adds is skipped. */
	assert_int_equal(session_from_json(&s,
			     STR("{\"session\":\"00ff\",\"host\":\"h\","
				 "\"start\":\"2026-11-22T11:49:28.940565Z\","
				 "\"new\":{\"a\":[1]},\"flags\":[\"newer\"]}"),
			     &a),
	    0);
	assert_int_equal(s.sum.id, 255);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
