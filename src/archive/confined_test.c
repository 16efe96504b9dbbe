/* SPDX-License-Identifier: Apache-2.0 */
/* The whole archive works in a sandbox: SQLite, zstd, threads, signatures. */
#include "base/confined_test.h"
#include "archive/verify.h"

#include "archive/archive.h"
#include "archive/screens.h"
#include "base/fd.h"
#include "base/when.h"
#include "record/chunk.h"

#define N_EVENTS 20000
#define N_ROUNDS 5

static void append_some(struct archive *a, int round)
{
	struct err err = {""};

	for (int i = 0; i < N_EVENTS; i++) {
		struct event ev;
		char text[64];

		event_init(&ev, EVENT_EXEC);
		ev.time = 1700000000000000 + round * USEC_PER_SEC + i;
		ev.host = STR("web-1");
		snprintf(text, sizeof text, "program %d of round %d", i, round);
		event_set_str(&ev, F_CMD, str_z(text));
		event_set_str(&ev, F_USER, STR("alice"));
		event_set_int(&ev, F_PID, i);
		CHECK(archive_append(a, &ev, &err) == 0);
	}
	CHECK(archive_commit(a, &err) == 0);
}

/* Screens of a recording are files of their own. */
static void record(struct archive *a)
{
	const struct piece p = {
	    .type = PIECE_OUTPUT, .boot = 1, .bytes = STR("$ ls\r\n")};
	struct recording r = {.chain = STR("web-1"), .number = 1};
	struct chunk_writer chunk = {.bytes = BUF_INIT};
	struct piece_reader pieces = {0};
	struct trail_recovery recovery;
	struct trail *t;
	struct screens s;
	struct err err;

	CHECK(archive_open_chain(a, "recordings:web-1", &t, &recovery, &err) ==
	      0);
	chunk_add(&chunk, &p);
	CHECK(trail_append(t, FRAME_RECORDING, 1, buf_str(&chunk.bytes),
		  &r.last, &err) == 0);
	CHECK(trail_sync(t, &err) == 0);
	CHECK(screens_extend(a, &r, 0, &pieces, &err) == 0);
	piece_reader_close(&pieces);
	CHECK(screens_open(&s, a, &r) == 0 && screens_are_whole(&s));
	screens_close(&s);
	CHECK(trail_close(t, &err) == 0);
	buf_free(&chunk.bytes);
}

static void check_count(const char *dir)
{
	struct store_stats stats;
	struct err err = {""};
	struct archive *a;

	CHECK(archive_open(&a, dir, ARCHIVE_READ, &err) == 0);
	CHECK(
	    archive_store(a)->ops->stats(archive_store(a), &stats, &err) == 0);
	CHECK(stats.events == (uint64_t)N_EVENTS * N_ROUNDS);
	archive_close(a);
}

static void inside_archive(struct confined *c)
{
	const struct archive_verify_sink sink = {.ctx = NULL};
	struct err err = {""};
	struct archive *a;
	char dir[128];
	bool sound;
	int r;

	snprintf(dir, sizeof dir, "%s/store", c->folders[HOME]);
	confined_enter(c);
	r = archive_open(&a, dir, ARCHIVE_WRITE, &err);
	if (r)
		dprintf(2, "# %s\n", err.text);
	CHECK(r == 0);
	CHECK(archive_begin(a, "host:web-1", &err) == 0);
	for (int round = 0; round < N_ROUNDS; round++)
		append_some(a, round);
	record(a);
	archive_close(a);
	CHECK(archive_reindex(dir, NULL, NULL, &err) == 0);
	check_count(dir);
	CHECK(archive_verify(dir, NULL, &sink, &sound, &err) == 0 && sound);
}

static void test_archive(void **state)
{
	struct confined *c = *state;
	int status = confined_run(c, inside_archive);
	char dir[128];

	snprintf(dir, sizeof dir, "%s/store", c->folders[HOME]);
	assert_int_equal(fd_remove_tree(dir), 0);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_archive),
	};

	return cmocka_run_group_tests_name(
	    "archive in a sandbox", tests, confined_set_up, confined_tear_down);
}
