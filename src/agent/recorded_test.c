/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "crypto/digest.h"

static void make(struct event *ev, enum event_kind kind, int64_t ses)
{
	event_init(ev, kind);
	ev->trust = TRUST_KERNEL;
	event_set_int(ev, F_SES, ses);
	event_set_str(ev, F_COMM, STR("sshd"));
	event_set_hex(ev, F_ID, 7);
}

static void begin(struct recorded *r, int64_t ses)
{
	struct event ev;

	make(&ev, EVENT_CHANNEL_OPEN, ses);
	recorded_begin(r, &ev);
}

/* Of one byte, which is `what`. */
static void end(
    struct recorded *r, int64_t ses, char what, bool begun, struct event *ev)
{
	static char hex[65];
	struct sha256 digest;

	make(ev, EVENT_CHANNEL_CLOSE, ses);
	sha256_of(&what, 1, &digest);
	sha256_hex(&digest, hex);
	event_set_str(ev, F_SHA256, str_z(hex));
	event_set_int(ev, F_RECORDED, 10);
	recorded_end(r, ev, begun);
}

/* That the recordings of `whats`, one byte each, are told of. */
static void says(const struct event *ev, const char *whats)
{
	const int64_t n = (int64_t)strlen(whats);
	struct buf all = BUF_INIT;
	struct sha256 digest;
	char hex[65];

	for (const char *p = whats; *p; p++) {
		sha256_of(p, 1, &digest);
		buf_add(&all, digest.h, sizeof digest.h);
	}
	sha256_of(all.p, all.n, &digest);
	sha256_hex(&digest, hex);
	buf_free(&all);
	assert_int_equal(event_int(ev, F_RECORDINGS, 0), n);
	assert_int_equal(event_int(ev, F_RECORDED, 0), 10 * n);
	assert_true(str_eqz(event_str(ev, F_RECORDINGS_SHA256), hex));
}

static void says_all_that_ended(void **state)
{
	struct recorded r = {.boot = STR("now")};
	struct event ev;
	char hex[65];

	for (const char *p = "abc"; *p; p++) {
		begin(&r, 5);
		end(&r, 5, *p, true, &ev);
	}
	/* Another session, and a recording of which nothing is there. */
	begin(&r, 6);
	end(&r, 6, 'x', true, &ev);
	make(&ev, EVENT_CHANNEL_CLOSE, 5);
	recorded_end(&r, &ev, false);
	make(&ev, EVENT_SESSION_CLOSE, 5);
	recorded_close(&r, &ev, hex);
	says(&ev, "abc");
	assert_false(event_has(&ev, F_AMENDS));
	/* Not of what sudo ends, nor by what anybody may have written. */
	make(&ev, EVENT_SESSION_CLOSE, 5);
	event_set_str(&ev, F_COMM, STR("sudo"));
	recorded_close(&r, &ev, hex);
	assert_false(event_has(&ev, F_RECORDINGS));
	make(&ev, EVENT_SESSION_CLOSE, 5);
	ev.trust = TRUST_TEXT;
	recorded_close(&r, &ev, hex);
	assert_false(event_has(&ev, F_RECORDINGS));
	make(&ev, EVENT_SESSION_CLOSE, 7);
	recorded_close(&r, &ev, hex);
	assert_false(event_has(&ev, F_RECORDINGS));
	/* A log of another boot is read. */
	make(&ev, EVENT_SESSION_CLOSE, 5);
	ev.boot = STR("before");
	recorded_close(&r, &ev, hex);
	assert_false(event_has(&ev, F_RECORDINGS));
	recorded_free(&r);
}

static void waits_for_what_is_open(void **state)
{
	struct recorded r = {.boot = STR("now")};
	struct event ev, *due;
	char hex[65];

	begin(&r, 5);
	begin(&r, 5);
	make(&ev, EVENT_SESSION_CLOSE, 5);
	ev.time = 1234;
	recorded_close(&r, &ev, hex);
	assert_false(event_has(&ev, F_RECORDINGS));
	end(&r, 5, 'a', true, &ev);
	assert_null(recorded_due(&r, &ev, hex));
	end(&r, 5, 'b', true, &ev);
	due = recorded_due(&r, &ev, hex);
	assert_non_null(due);
	says(due, "ab");
	assert_int_equal(due->kind, EVENT_SESSION_CLOSE);
	assert_int_equal(due->time, 1234);
	assert_true(event_int(due, F_AMENDS, 0));
	assert_null(recorded_due(&r, &ev, hex));
	recorded_free(&r);
}

/* What was forgotten must not come back as less than it was. */
static void forgets_the_oldest_for_good(void **state)
{
	struct recorded r = {.boot = STR("now")};
	struct event ev;
	char hex[65];

	begin(&r, 1);
	for (int64_t ses = 2; ses <= RECORDED_MAX + 10; ses++) {
		begin(&r, ses);
		end(&r, ses, 'a', true, &ev);
	}
	assert_int_equal(r.by_ses.n, RECORDED_MAX);
	/* It was open, and is known still. */
	end(&r, 1, 'a', true, &ev);
	make(&ev, EVENT_SESSION_CLOSE, 1);
	recorded_close(&r, &ev, hex);
	assert_int_equal(event_int(&ev, F_RECORDINGS, 0), 1);
	begin(&r, 2);
	end(&r, 2, 'a', true, &ev);
	make(&ev, EVENT_SESSION_CLOSE, 2);
	recorded_close(&r, &ev, hex);
	assert_false(event_has(&ev, F_RECORDINGS));
	recorded_free(&r);
}

static void full_of_open_ones(void **state)
{
	struct recorded r = {.boot = STR("now")};
	struct event ev;
	char hex[65];

	for (int64_t ses = 1; ses <= RECORDED_MAX + 1; ses++)
		begin(&r, ses);
	assert_int_equal(r.by_ses.n, RECORDED_MAX);
	end(&r, 3, 'a', true, &ev);
	end(&r, RECORDED_MAX + 1, 'a', true, &ev);
	make(&ev, EVENT_SESSION_CLOSE, RECORDED_MAX + 1);
	recorded_close(&r, &ev, hex);
	assert_false(event_has(&ev, F_RECORDINGS));
	recorded_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_all_that_ended),
	    cmocka_unit_test(waits_for_what_is_open),
	    cmocka_unit_test(forgets_the_oldest_for_good),
	    cmocka_unit_test(full_of_open_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
