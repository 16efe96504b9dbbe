/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/append.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/when.h"
#include "cli/import/scratch_test.h"

/* More than all batches hold, and not a multiple of one. */
#define MANY  3001
#define AT(i) (INT64_C(1700000000) * USEC_PER_SEC + (i)*USEC_PER_SEC)

struct fixture {
	struct archive *archive;
	struct dedup *dedup;
	struct appender *appender;
	struct import_totals totals;
};

static void begin(struct fixture *f, const char *dir)
{
	*f = (struct fixture){.archive = NULL};
	assert_int_equal(
	    archive_open(&f->archive, dir, ARCHIVE_WRITE, NULL), 0);
	assert_int_equal(archive_begin(f->archive, "import:web", NULL), 0);
	assert_int_equal(
	    dedup_new(&f->dedup, archive_store(f->archive), NULL), 0);
	assert_int_equal(
	    appender_start(&f->appender, f->archive, f->dedup, &f->totals), 0);
}

static void end(struct fixture *f)
{
	appender_stop(f->appender);
	dedup_free(f->dedup);
	archive_close(f->archive);
}

/* The text does not outlive the call: the appender must have its own. */
static int add_nth(struct fixture *f, int i, size_t len, struct err *err)
{
	char *text = malloc(len + 16);
	struct event ev;
	int r;

	assert_non_null(text);
	memset(text, 'x', len + 16);
	snprintf(text, len + 16, "%0*d", (int)len, i);
	event_init(&ev, i % 7 ? EVENT_EXEC : EVENT_GAP);
	ev.time = AT(i);
	ev.host = STR("web");
	ev.source = STR("audit");
	event_set_hex(&ev, F_ID, (uint64_t)i);
	event_set_str(&ev, F_TEXT, str_z(text));
	r = appender_add(f->appender, &ev, false, err);
	memset(text, 'y', len);
	free(text);
	return r;
}

struct order {
	int n;
};

static int check_order(void *ctx, const struct event *ev)
{
	struct order *o = ctx;
	uint64_t i;

	assert_true(str_u64(event_str(ev, F_TEXT), &i));
	assert_int_equal(i, o->n);
	assert_int_equal(ev->time, AT(o->n));
	o->n++;
	return 0;
}

static void all_in_order(void **state)
{
	struct scratch *s = *state;
	struct order order = {0};
	struct fixture f;

	begin(&f, scratch_path(s, "store"));
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(add_nth(&f, i, 100, NULL), 0);
		if (i == 10)
			assert_int_equal(appender_wait(f.appender, NULL), 0);
	}
	assert_int_equal(appender_wait(f.appender, NULL), 0);
	assert_int_equal(f.totals.events, MANY);
	assert_int_equal(f.totals.gaps, (MANY + 6) / 7);
	assert_int_equal(f.totals.by_kind[EVENT_EXEC], MANY - (MANY + 6) / 7);
	assert_int_equal(archive_commit(f.archive, NULL), 0);
	assert_int_equal(archive_recent(f.archive, "import:web", MANY,
			     check_order, &order, NULL),
	    0);
	assert_int_equal(order.n, MANY);
	end(&f);
}

static void known_ones_left_out(void **state)
{
	struct scratch *s = *state;
	struct fixture f;

	begin(&f, scratch_path(s, "store"));
	for (int i = 0; i < 10; i++)
		assert_int_equal(add_nth(&f, i, 10, NULL), 0);
	assert_int_equal(appender_wait(f.appender, NULL), 0);
	assert_int_equal(archive_commit(f.archive, NULL), 0);
	end(&f);
	begin(&f, scratch_path(s, "store"));
	for (int i = 0; i < 15; i++)
		assert_int_equal(add_nth(&f, i, 10, NULL), 0);
	assert_int_equal(appender_wait(f.appender, NULL), 0);
	assert_int_equal(f.totals.seen_again, 10);
	assert_int_equal(f.totals.events, 5);
	end(&f);
}

/* Behind an event that could not be appended none is, and the error stays. */
static void error_is_told(void **state)
{
	const struct rlimit small = {1 << 20, RLIM_INFINITY};
	struct rlimit before;
	struct scratch *s = *state;
	struct err err = {""};
	struct fixture f;
	int r = 0, added;

	begin(&f, scratch_path(s, "store"));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (added = 0; r == 0 && added < 200; added++)
		r = add_nth(&f, added, 100000, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(r, -EFBIG);
	assert_true(strlen(err.text) > 0);
	err.text[0] = '\0';
	assert_int_equal(appender_wait(f.appender, &err), -EFBIG);
	assert_true(strlen(err.text) > 0);
	assert_int_equal(add_nth(&f, added, 10, NULL), -EFBIG);
	assert_true(f.totals.events < (uint64_t)added);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		all_in_order, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		known_ones_left_out, scratch_make, scratch_remove),
	    cmocka_unit_test_setup_teardown(
		error_is_told, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
