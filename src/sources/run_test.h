/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: run a source over bytes and keep its events, to be asked for
 * their fields.
 */
#ifndef SOURCES_RUN_TEST_H
#define SOURCES_RUN_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/event_json.h"
#include "sources/source.h"

struct test_run {
	struct source_sink sink; /* first: the callback gets its address */
	struct arena arena;
	struct event events[2048];
	size_t n;
};

static const uint8_t test_key[16] = "0123456789abcde";

static int test_run_event(struct source_sink *sink, struct event *ev)
{
	struct test_run *t = (struct test_run *)sink;

	assert_true(t->n < sizeof t->events / sizeof *t->events);
	assert_int_equal(event_copy(&t->events[t->n++], ev, &t->arena), 0);
	return 0;
}

/* Feed data in pieces of `step` bytes more each time. */
static inline void test_run_feed(struct test_run *t, const struct source *s,
    const struct source_input *in, struct str data, size_t step)
{
	struct source_run *run;
	struct err err;
	size_t at = 0;

	t->sink = (struct source_sink){.event = test_run_event};
	assert_int_equal(s->open(&run, in, &err), 0);
	for (size_t done = 0; s->prescan && done < data.n;) {
		ssize_t n = s->prescan(run, str_from(data, done), true);

		if (n < 0)
			break;
		done += (size_t)n;
	}
	for (size_t end = step; at < data.n; end += step) {
		bool last = end >= data.n;
		struct str part = str_from(str_upto(data, end), at);
		ssize_t took = s->feed(run, part, at, last, &t->sink);

		assert_true(took >= 0 && (size_t)took <= part.n);
		at += (size_t)took;
		if (last)
			assert_int_equal(at, data.n);
	}
	assert_int_equal(s->finish(run, &t->sink), 0);
	s->close(run);
}

static inline struct test_run *test_run_new(void)
{
	struct test_run *t = calloc(1, sizeof *t);

	assert_non_null(t);
	return t;
}

static inline void test_run_free(struct test_run *t)
{
	arena_free(&t->arena);
	free(t);
}

/* The one event of a kind, and type unless NULL; fails when not just one. */
static inline const struct event *test_run_only(
    const struct test_run *t, enum event_kind kind, const char *type)
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

static inline struct str test_file(const char *name, char *data, size_t max)
{
	char path[4096];
	const char *dir = getenv("SSHTRAIL_CORPUS");
	FILE *f;
	size_t n;

	assert_non_null(dir);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	n = fread(data, 1, max, f);
	fclose(f);
	assert_true(n < max);
	return str_make(data, n);
}

#endif
