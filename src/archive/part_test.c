/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/part.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void names_of_logs(void **state)
{
	static const char *const cases[][2] = {
	    {"/var/log/auth.log", "f auth.log"},
	    {"auth.log.1", "f auth.log"},
	    {"/evidence/auth.log.12.gz", "f auth.log"},
	    {"auth.log-20261101.xz", "f auth.log"},
	    {"secure-20261101", "f secure"},
	    {"wtmp.1.old", "f wtmp"},
	    {"part.0.log", "f part.log"},
	    {"journal-2026-11-01.export.zst", "f journal.export"},
	    {"a/b2/auth2.log", "f auth.log"},
	    {"2026-11-01", "f "},
	    {"2026.log", "f .log"},
	    {".gz", "f "},
	    {"-", "f -"},
	    {"", "f "},
	    {"dir/", "f "},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf b = BUF_INIT;
		struct event ev;

		event_init(&ev, EVENT_IMPORT_START);
		event_set_str(&ev, F_FORMAT, STR("f"));
		event_set_str(&ev, F_FILE_NAME, str_z(cases[i][0]));
		part_log(&ev, &b);
		assert_string_equal(buf_z(&b), cases[i][1]);
		buf_free(&b);
	}
}

/* What two senders say are two logs, each of which goes on. */
static void logs_of_senders(void **state)
{
	struct buf b = BUF_INIT;
	struct event ev;

	(void)state;
	event_init(&ev, EVENT_AGENT_START);
	ev.source = STR("sshtrail-hub");
	assert_false(part_begins(&ev));
	event_set_str(&ev, F_SENDER, STR("192.0.2.1"));
	assert_true(part_begins(&ev));
	assert_true(part_goes_on(&ev));
	part_log(&ev, &b);
	assert_string_equal(buf_z(&b), "live192.0.2.1");
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_of_logs),
	    cmocka_unit_test(logs_of_senders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
