/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: calls of the embedded store that must succeed, and small things
 * to put in.
 */
#ifndef STORE_CALLS_TEST_H
#define STORE_CALLS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store.h"

static inline struct store *open_store(const char *dir, enum store_mode mode)
{
	struct err err = {""};
	struct store *s = NULL;
	int r = store_embedded.open(&s, dir, mode, &err);

	if (r < 0)
		print_message("open: %s\n", err.text);
	assert_int_equal(r, 0);
	return s;
}

static inline void commit(struct store *s)
{
	struct err err = {""};

	assert_int_equal(s->ops->commit(s, &err), 0);
}

static inline void prepare(struct store *s)
{
	struct err err = {""};

	assert_int_equal(s->ops->prepare(s, &err), 0);
}

static inline void add(struct store *s, const struct event *ev)
{
	struct err err = {""};

	assert_int_equal(s->ops->add(s, ev, &err), 0);
}

static inline size_t count_events(struct store *s, const struct query *q)
{
	struct err err = {""};
	struct store_cursor *c;
	struct event ev;
	size_t n = 0;

	assert_int_equal(s->ops->events(s, q, &c, &err), 0);
	while (s->ops->next_event(c, &ev, &err) == 1)
		n++;
	s->ops->cursor_close(c);
	return n;
}

static inline struct query everything(void)
{
	return (struct query){.since = INT64_MIN, .until = INT64_MAX};
}

static inline struct track simple_track(uint64_t id, int64_t start)
{
	return (struct track){.id = id,
	    .kind = TRACK_AUDIT,
	    .flags = TRACK_LOGGED_IN | TRACK_CLOSED | TRACK_SSH,
	    .host = STR("h"),
	    .boot = STR(""),
	    .start = start,
	    .end = start + 1000,
	    .login = start,
	    .ses = 7,
	    .auid = 1000,
	    .pid = 5,
	    .child_pid = -1,
	    .port = -1,
	    .user = STR(""),
	    .addr = STR("::1"),
	    .fp = STR("SHA256:abc"),
	    .method = STR(""),
	    .key_type = STR(""),
	    .cert_id = STR(""),
	    .tty = STR(""),
	    .origin = STR("sshd"),
	    .reason = STR(""),
	    .notes = STR("")};
}

#endif
