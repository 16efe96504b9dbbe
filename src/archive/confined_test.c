/* SPDX-License-Identifier: Apache-2.0 */
/* The whole archive works in a sandbox: SQLite, zstd, threads, signatures. */
#include "base/confined_test.h"

#include "archive/archive.h"
#include "base/fd.h"
#include "base/when.h"

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
	const struct archive_verify_sink sink = {NULL, NULL, NULL};
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
