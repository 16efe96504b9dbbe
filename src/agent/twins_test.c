/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/twins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/when.h"
#include "sources/tap.h"

#define AT (1700000000 * USEC_PER_SEC)

static const struct tap journal, log_file;

/* A line that this tap reads: 'n' is told, 't' was told, 'b' is told in place
 * of what was told, at `then`. */
static void line(struct twins *t, const struct tap *tap, enum trust trust,
    uint64_t id, int64_t time, char expected, int64_t then)
{
	struct event ev;
	bool told;

	event_init(&ev, EVENT_AUTH_OK);
	ev.trust = trust;
	ev.time = time;
	event_set_hex(&ev, F_ID, id);
	told = twins_told(t, tap, &ev);
	assert_int_equal(told, expected == 't');
	assert_int_equal(event_has(&ev, F_AMENDS), expected == 'b');
	assert_true(ev.time == then);
}

static void in_journal(
    struct twins *t, uint64_t id, int64_t time, char expected)
{
	line(t, &journal, TRUST_JOURNAL, id, time, expected, time);
}

static void in_file(struct twins *t, uint64_t id, int64_t time, char expected)
{
	line(t, &log_file, TRUST_TEXT, id, time, expected, time);
}

static void each_is_told_once(void **state)
{
	struct twins t = {.ring = NULL};

	in_journal(&t, 1, AT, 'n');
	in_journal(&t, 2, AT + 5, 'n');
	/* The file has whole seconds, and may have them on either side. */
	in_file(&t, 1, AT - USEC_PER_SEC, 't');
	in_file(&t, 2, AT + TWINS_USEC + 5, 't');
	/* It answered already: this one is another. */
	in_file(&t, 2, AT + USEC_PER_SEC, 'n');
	in_file(&t, 3, AT, 'n');
	in_file(&t, 3, AT, 'n');
	twins_free(&t);
}

static void the_same_later_is_another(void **state)
{
	struct twins t = {.ring = NULL};

	/* All of the one first, as behind a stop. */
	for (int i = 0; i < 50; i++)
		in_journal(&t, 1, AT + i * 11 * USEC_PER_SEC, 'n');
	for (int i = 0; i < 50; i++)
		in_file(&t, 1, AT + i * 11 * USEC_PER_SEC + 999999, 't');
	in_journal(&t, 1, AT, 'n');
	in_file(&t, 1, AT + TWINS_USEC + 1, 'n');
	twins_free(&t);
}

static void authority_takes_the_place(void **state)
{
	struct twins t = {.ring = NULL};

	in_file(&t, 1, AT, 'n');
	line(&t, &journal, TRUST_JOURNAL, 1, AT + 7, 'b', AT);
	/* Text in the journal, too: somebody's logger(1). */
	in_file(&t, 2, AT, 'n');
	line(&t, &journal, TRUST_TEXT, 2, AT + 7, 't', AT + 7);
	twins_free(&t);
}

static void numbers_stand_for_nothing(void **state)
{
	struct twins t = {.ring = NULL};
	struct event ev;

	in_file(&t, 7, AT, 'n');
	event_init(&ev, EVENT_EXEC);
	ev.trust = TRUST_KERNEL;
	ev.time = AT;
	event_set_hex(&ev, F_ID, 7);
	event_set_int(&ev, F_SERIAL, 7);
	assert_false(twins_told(&t, &journal, &ev));
	assert_false(event_has(&ev, F_AMENDS));
	event_unset(&ev, F_SERIAL);
	event_unset(&ev, F_ID);
	assert_false(twins_told(&t, &journal, &ev));
	twins_free(&t);
}

static void memory_is_bounded(void **state)
{
	struct twins t = {.ring = NULL};

	for (uint64_t id = 1; id <= 3 * TWINS_MAX + 5; id++)
		in_journal(&t, id, AT, 'n');
	assert_true(t.at.n <= TWINS_MAX);
	in_file(&t, 2 * TWINS_MAX, AT, 'n');
	in_file(&t, 2 * TWINS_MAX + 7, AT, 't');
	in_file(&t, 3 * TWINS_MAX + 5, AT, 't');
	twins_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_is_told_once),
	    cmocka_unit_test(the_same_later_is_another),
	    cmocka_unit_test(authority_takes_the_place),
	    cmocka_unit_test(numbers_stand_for_nothing),
	    cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
