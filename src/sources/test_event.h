/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: what must stand in an event. */
#ifndef SOURCES_TEST_EVENT_H
#define SOURCES_TEST_EVENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/event_json.h"
#include "sources/test_sink.h"

/* The one event of a kind, and type unless NULL; fails when not just one. */
static inline const struct event *test_only(
    const struct test_sink *t, enum event_kind kind, const char *type)
{
	const struct event *found = NULL;

	for (size_t i = 0; i < t->n; i++) {
		const struct event *ev = &t->events[i];

		if (ev->kind != kind ||
		    (type && !str_eqz(event_str(ev, F_TYPE), type)))
			continue;
		assert_null(found);
		found = ev;
	}
	assert_non_null(found);
	return found;
}

/* "key=value" pairs separated by '|', in any order: all are as said. */
static inline void test_event_has(const struct event *ev, const char *want)
{
	struct buf json = BUF_INIT;
	struct str rest = str_z(want);
	struct str pair, key;

	event_to_json(ev, 0, &json);
	while (rest.n) {
		struct str got = STR_NONE;
		char number[24];
		enum field f;

		str_cut(&rest, '|', &pair);
		str_cut(&pair, '=', &key);
		f = event_field_parse(key);
		assert_true(f != EVENT_N_FIELDS);
		if (event_has(ev, f) && event_fields[f].type == FIELD_STR)
			got = ev->v[f].s;
		else if (event_has(ev, f))
			got = str_make(
			    number, (size_t)snprintf(number, sizeof number,
					"%lld", (long long)ev->v[f].i));
		if (!str_eq(got, pair) || (pair.n && !event_has(ev, f)))
			fail_msg("%.*s: want '%.*s' in %.*s", STR_ARG(key),
			    STR_ARG(pair), STR_ARG(buf_str(&json)));
	}
	buf_free(&json);
}

#endif
