/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/retention.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/layout.h"
#include "archive/verify.h"
#include "base/fd.h"
#include "base/when.h"
#include "crypto/checkpoint.h"
#include "trail/segment.h"

#define N     12
#define SIZE  ((size_t)960 << 10)
#define AFTER (USEC_PER_DAY + USEC_PER_SEC)

struct store_dir {
	char dir[64];
};

static void append(struct archive *a, struct str text)
{
	struct event ev;
	struct err err = {""};

	event_init(&ev, EVENT_ALERT);
	ev.time = time_now();
	ev.host = STR("h");
	ev.source = STR("test");
	event_set_str(&ev, F_TEXT, text);
	assert_int_equal(archive_append(a, &ev, &err), 0);
}

static int set_up(void **state)
{
	struct store_dir *s = calloc(1, sizeof *s);
	struct archive *a;
	struct err err = {""};
	char *text = malloc(SIZE);

	memset(text, 'x', SIZE);
	snprintf(s->dir, sizeof s->dir, "/tmp/retention_test.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	assert_int_equal(archive_open(&a, s->dir, ARCHIVE_WRITE, &err), 0);
	assert_int_equal(archive_begin(a, "events:h", &err), 0);
	for (int i = 0; i < N; i++)
		append(a, str_make(text, SIZE));
	assert_int_equal(archive_commit(a, &err), 0);
	archive_close(a);
	free(text);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct store_dir *s = *state;

	fd_remove_tree(s->dir);
	free(s);
	return 0;
}

static uint64_t holes; /* frames that verification said are gone */

static void see_hole(void *ctx, const char *chain, const struct trail_hole *h)
{
	holes = h->upto;
}

static bool sound(const char *dir)
{
	const struct archive_verify_sink sink = {.hole = see_hole};
	struct err err = {""};
	bool ret = false;

	holes = 0;
	assert_int_equal(archive_verify(dir, NULL, &sink, &ret, &err), 0);
	return ret;
}

static uint64_t events(const char *dir)
{
	struct store_stats stats;
	struct archive *a;
	struct err err = {""};

	assert_int_equal(archive_open(&a, dir, ARCHIVE_READ, &err), 0);
	assert_int_equal(
	    archive_store(a)->ops->stats(archive_store(a), &stats, &err), 0);
	archive_close(a);
	return stats.events;
}

struct told {
	struct archive *a;
	unsigned n;
	struct retention_step last;
};

static int tell(void *ctx, const struct retention_step *step)
{
	struct told *t = ctx;
	struct err err = {""};

	assert_string_equal(step->chain, "events:h");
	t->last = *step;
	t->n++;
	assert_int_equal(archive_begin(t->a, "retention:h", &err), 0);
	append(t->a, STR("gone"));
	return 0;
}

static void retain(
    const char *dir, const struct policy *p, int64_t now, struct told *t)
{
	struct retention_work w = {p, now, tell, NULL, t, 0};
	struct err err = {""};

	assert_int_equal(archive_open(&t->a, dir, ARCHIVE_WRITE, &err), 0);
	assert_int_equal(archive_retain(t->a, &w, &err), 0);
	archive_close(t->a);
}

static void test_age(void **state)
{
	const struct store_dir *s = *state;
	const struct policy p = {.events = {.max_age = USEC_PER_DAY}};
	struct told t = {.n = 0};

	retain(s->dir, &p, time_now(), &t);
	assert_int_equal(t.n, 0);
	retain(s->dir, &p, time_now() + AFTER, &t);
	assert_int_equal(t.n, 1);
	assert_int_equal(t.last.first, 1);
	assert_true(t.last.segments >= 2 && t.last.upto < N);
	assert_true(sound(s->dir));
	assert_int_equal(holes, t.last.upto);
	/* Those that are left, and the one that tells of it. */
	assert_int_equal(events(s->dir), N - holes + 1);
	retain(s->dir, &p, time_now() + AFTER, &t);
	assert_int_equal(t.n, 1);
}

static void test_bytes(void **state)
{
	const struct store_dir *s = *state;
	struct policy p = {.events = {.max_bytes = (int64_t)1 << 40}};
	struct told t = {.n = 0};

	retain(s->dir, &p, time_now(), &t);
	assert_int_equal(t.n, 0);
	/* All but the last segment, however large that is. */
	p.events.max_bytes = 1;
	retain(s->dir, &p, time_now(), &t);
	assert_int_equal(t.n, 1);
	assert_true(sound(s->dir));
	assert_int_equal(events(s->dir), N - t.last.upto + 1);
}

/* A segment as its writer leaves it before it is compressed. */
static void unpack(const char *dir, uint64_t first)
{
	char chain[128], name[SEGMENT_NAME_LEN];
	struct buf b = BUF_INIT;
	struct err err = {""};
	int fd;

	snprintf(chain, sizeof chain, "%s/trail/events:h", dir);
	fd = open(chain, O_RDONLY | O_DIRECTORY);
	assert_int_equal(segment_load(fd, first, &b, name, &err), 0);
	assert_int_equal(unlinkat(fd, name, 0), 0);
	segment_name(first, "", name);
	assert_int_equal(fd_replace_file(fd, name, 0600, b.p, b.n), 0);
	buf_free(&b);
	fd_close(&fd);
}

/* What its writer is done with goes while it writes on; else nothing. */
static void test_written_to(void **state)
{
	const struct store_dir *s = *state;
	const struct policy p = {.events = {.max_bytes = 1}};

	for (unsigned done = 0; done < 2; done++) {
		struct told t = {.n = 0};
		struct retention_work w = {&p, time_now(), tell, NULL, &t, 0};
		struct trail_recovery rec;
		struct trail *writer;
		struct err err = {""};

		assert_int_equal(
		    archive_open(&t.a, s->dir, ARCHIVE_WRITE, &err), 0);
		assert_int_equal(
		    archive_open_chain(t.a, "events:h", &writer, &rec, &err),
		    0);
		if (!done)
			unpack(s->dir, 1);
		assert_int_equal(archive_retain(t.a, &w, &err), 0);
		assert_int_equal(t.n, done);
		assert_int_equal(trail_append(writer, FRAME_RECORDING, 0,
				     STR("more"), NULL, &err),
		    0);
		assert_int_equal(trail_close(writer, &err), 0);
		archive_close(t.a);
		assert_true(sound(s->dir));
		assert_int_equal(holes != 0, done);
	}
}

/* A host's own chain, before its hub has it and after. */
static void test_not_sent_yet(void **state)
{
	const struct store_dir *s = *state;
	const struct policy p = {.events = {.max_bytes = 1}};
	struct told t = {.n = 0};
	struct buf note = BUF_INIT;
	struct err err = {""};
	int fd, joined;

	assert_int_equal(layout_open(s->dir, false, &fd, &err), 0);
	assert_int_equal(mkdirat(fd, LAYOUT_JOINED, 0700), 0);
	retain(s->dir, &p, time_now(), &t);
	assert_int_equal(t.n, 0);
	assert_int_equal(fd_read_file(fd, "trail/events:h/checkpoint",
			     CHECKPOINT_NOTE_MAX, &note),
	    0);
	joined = openat(fd, LAYOUT_JOINED, O_RDONLY | O_DIRECTORY);
	assert_int_equal(
	    fd_replace_file(joined, "events:h.note", 0600, note.p, note.n), 0);
	retain(s->dir, &p, time_now(), &t);
	assert_int_equal(t.n, 1);
	assert_true(sound(s->dir));
	buf_free(&note);
	fd_close(&joined);
	fd_close(&fd);
}

/* Who removes segments without a word leaves no signed hole. */
static void test_removed_by_hand(void **state)
{
	const struct store_dir *s = *state;
	char path[200], name[SEGMENT_NAME_LEN];

	segment_name(1, ".zst", name);
	snprintf(path, sizeof path, "%s/trail/events:h/%s", s->dir, name);
	assert_int_equal(unlink(path), 0);
	assert_false(sound(s->dir));
}

/* SIGKILL after a while: whatever was reached, the next run does the rest. */
static void test_killed(void **state)
{
	const struct store_dir *s = *state;
	const struct policy p = {.events = {.max_age = USEC_PER_DAY}};
	struct told t = {.n = 0};
	int64_t now = time_now() + AFTER;

	for (useconds_t after = 2000; after < 200000; after *= 3) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			retain(s->dir, &p, now, &t);
			_exit(0);
		}
		usleep(after);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_true(sound(s->dir));
	}
	retain(s->dir, &p, now, &t);
	assert_true(sound(s->dir));
	assert_true(holes > 0);
	assert_true(events(s->dir) > N - holes);
	assert_true(events(s->dir) < N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_age, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_bytes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_written_to, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_not_sent_yet, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		test_removed_by_hand, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_killed, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
