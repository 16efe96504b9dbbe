/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/when.h"
#include "hub/keeper.h"
#include "hub/place.h"

/* What is no state tells zeros, and nothing that was not said. */
static const struct {
	const char *text; /* NULL: more than a state may have */
	struct output_state state;
} cases[] = {
    {"{\"time\":\"2026-11-26T17:54:45.544951Z\",\"name\":\"siem\","
     "\"sent\":3000,\"rejected\":2,\"events_behind\":7,\"seconds_behind\":4,"
     "\"failures\":3,\"failing_since\":\"1970-01-01T00:00:09.000000Z\"}\n",
	{true, 3000, 2, 7, 4, 9000000}},
    {"{\"sent\":18446744073709551615,\"events_behind\":1}\n",
	{true, UINT64_MAX, 0, 1, 0, 0}},
    {"{\"sent\":18446744073709551616,\"rejected\":-1}\n", {.told = true}},
    {"{\"failing_since\":\"yesterday\",\"sent\":\"many\"}\n", {.told = true}},
    /* As far as it is well-formed. */
    {"{\"sent\":1", {true, 1, 0, 0, 0, 0}},
    {"\xff[{\"sent\":1}]", {.told = true}},
    {"", {.told = true}},
    {NULL, {.told = false}},
};

static void reads(void **state)
{
	char store[] = "/tmp/output-state.XXXXXX", path[128];
	static const char large[8192];
	struct output_state got;

	(void)state;
	assert_non_null(mkdtemp(store));
	snprintf(path, sizeof path, "%s/" HUB_DIR, store);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/" HUB_OUTPUTS_DIR, store);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/" HUB_OUTPUTS_DIR "/o.status", store);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct output_state *want = &cases[i].state;
		struct str text = cases[i].text ? str_z(cases[i].text)
						: str_make(large, sizeof large);

		assert_int_equal(
		    fd_replace_file(AT_FDCWD, path, 0600, text.p, text.n), 0);
		output_state_read(&got, store, "o");
		if (got.told != want->told || got.sent != want->sent ||
		    got.rejected != want->rejected ||
		    got.behind != want->behind ||
		    got.behind_seconds != want->behind_seconds ||
		    got.failing != want->failing)
			fail_msg("case %zu: sent %llu", i,
			    (unsigned long long)got.sent);
	}
	output_state_read(&got, store, "other");
	assert_false(got.told);
	fd_remove_tree(store);
}

/* Asked again within a second, the files are not read again. */
static void looks_once(void **state)
{
	struct keeper k = KEEPER_INIT;
	struct output_state *states;

	(void)state;
	assert_int_equal(output_names_add(&k.names, STR("a")), 0);
	assert_true(keeper_look(&k, "/nowhere"));
	states = k.states;
	states[0].sent = 5;
	assert_true(keeper_look(&k, "/nowhere"));
	assert_ptr_equal(k.states, states);
	assert_true(states[0].sent == 5);
	k.looked -= 2 * USEC_PER_SEC;
	assert_true(keeper_look(&k, "/nowhere"));
	assert_true(k.states[0].sent == 0);
	keeper_end(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads),
	    cmocka_unit_test(looks_once),
	};

	return cmocka_run_group_tests_name("output state", tests, NULL, NULL);
}
