/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings in an archive, played, jumped about in, and searched. */
#include "cli/play/film.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/when.h"
#include "cli/play/find.h"

#define SECOND	 UINT64_C(1000000000)
#define BEGIN	 (7 * SECOND)
#define WALL	 INT64_C(1790000000000000000)
#define PIECES	 2000
#define PER	 16 /* pieces of a chunk */
#define PIECE_KB 1

struct fixture {
	char dir[40];
	struct archive *a;
	struct trail *t;
	struct recording recording;
	struct film film;
	struct player_source source;
	struct player p;
	unsigned busy; /* how often it was told */
};

/* "piece I" a second each, behind a kilobyte of what has scrolled away. */
static void add_piece(struct chunk_writer *w, unsigned i)
{
	uint64_t boot = BEGIN + i * SECOND;
	struct piece p = {.type = PIECE_OUTPUT,
	    .boot = boot,
	    .time = WALL + (int64_t)(boot - BEGIN)};
	struct buf b = BUF_INIT;

	for (unsigned k = 0; k < PIECE_KB * 16; k++)
		buf_printf(&b, "\33[3%um%060u\33[m\r\n", k % 8, i);
	buf_printf(&b, "\33[2J\33[H%s piece %u", i % 100 ? "" : "Zebra", i);
	p.bytes = buf_str(&b);
	chunk_add(w, &p);
	buf_free(&b);
}

static void record(struct fixture *f, unsigned from, unsigned to)
{
	struct chunk_writer w = {.bytes = BUF_INIT};
	struct err err;
	uint64_t seq;

	for (unsigned i = from; i < to; i++) {
		add_piece(&w, i);
		if (i % PER != PER - 1 && i + 1 < to)
			continue;
		assert_int_equal(trail_append(f->t, FRAME_RECORDING, 1,
				     buf_str(&w.bytes), &seq, &err),
		    0);
		buf_clear(&w.bytes);
	}
	buf_free(&w.bytes);
	assert_int_equal(trail_sync(f->t, &err), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct trail_recovery rec;
	struct err err;

	assert_non_null(f);
	*state = f;
	snprintf(f->dir, sizeof f->dir, "sshtrail-film-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(archive_open(&f->a, f->dir, ARCHIVE_WRITE, &err), 0);
	assert_int_equal(
	    archive_open_chain(f->a, "recordings:web", &f->t, &rec, &err), 0);
	f->recording = (struct recording){
	    .chain = STR("web"), .number = 1, .bytes = PIECES << 10};
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct err err;

	player_close(&f->p);
	film_close(&f->film);
	assert_int_equal(trail_close(f->t, &err), 0);
	archive_close(f->a);
	assert_int_equal(fd_remove_tree(f->dir), 0);
	free(f);
	return 0;
}

static bool on_busy(void *user)
{
	struct fixture *f = user;

	f->busy++;
	return false;
}

static void open_player(struct fixture *f)
{
	struct err err = {""};

	f->film = (struct film){.archive = f->a,
	    .recording = &f->recording,
	    .busy = on_busy,
	    .user = f};
	assert_int_equal(film_open(&f->film, &err), 0);
	f->source = (struct player_source){film_seek, film_next, &f->film};
	f->p = (struct player){.source = &f->source,
	    .speed = SPEED_NORMAL,
	    .until = UINT64_MAX,
	    .end = film_end(&f->film)};
	assert_int_equal(player_open(&f->p, 0, &err), 0);
}

/* The first row is that of a piece. */
static void assert_piece(const struct fixture *f, unsigned i)
{
	struct buf text = BUF_INIT;
	char want[40];

	snprintf(want, sizeof want, "%s piece %u", i % 100 ? "" : "Zebra", i);
	row_text(screen_row(f->p.screen, 0), &text);
	assert_string_equal(buf_z(&text), want);
	buf_free(&text);
}

static void jump(struct fixture *f, unsigned i)
{
	struct err err;

	assert_int_equal(
	    player_seek(&f->p, BEGIN + i * SECOND + SECOND / 2, &err), 0);
	assert_piece(f, i);
	assert_int_equal(player_time(&f->p, f->p.at),
	    WALL + (int64_t)(i * SECOND + SECOND / 2));
}

static void test_jumps(void **state)
{
	struct fixture *f = *state;
	uint32_t seed = 3;

	record(f, 0, PIECES);
	open_player(f);
	assert_piece(f, 0);
	assert_int_equal(f->busy, 0);
	jump(f, 1500);
	/* Gone through once, part by part. */
	assert_true(f->busy > 0);
	f->busy = 0;
	for (unsigned n = 0; n < 100; n++) {
		seed = seed * 1103515245 + 12345;
		jump(f, (seed >> 8) % (PIECES - 1));
		/* A keyframe comes after each 128 KiB, and is put off once. */
		assert_true(f->film.behind <= (256 + 2) << 10);
	}
	assert_int_equal(f->busy, 0);
}

static void test_short_one(void **state)
{
	struct fixture *f = *state;

	record(f, 0, 300);
	f->recording.bytes = 300 << 10;
	open_player(f);
	jump(f, 250);
	jump(f, 10);
	assert_int_equal(f->busy, 0);
}

static bool give_up(void *user)
{
	return true;
}

static void test_given_up(void **state)
{
	struct fixture *f = *state;
	struct err err;

	record(f, 0, PIECES);
	open_player(f);
	f->film.busy = give_up;
	assert_int_equal(
	    player_seek(&f->p, BEGIN + 1500 * SECOND, &err), -EINTR);
	assert_piece(f, 0);
	f->film.busy = on_busy;
	jump(f, 1500);
}

static void pass(struct fixture *f, int64_t now_us)
{
	struct err err;
	bool more;

	do
		assert_int_equal(player_advance(&f->p, now_us, &more, &err), 0);
	while (more);
}

static void test_live(void **state)
{
	struct fixture *f = *state;
	struct err err;

	f->recording.end = -1;
	f->recording.bytes = 0;
	record(f, 0, 1000);
	open_player(f);
	assert_int_equal(f->p.end, BEGIN + 999 * SECOND);
	assert_int_equal(player_seek(&f->p, UINT64_MAX, &err), 0);
	assert_piece(f, 999);
	assert_true(f->p.at_end);
	pass(f, USEC_PER_SEC);
	record(f, 1000, 1001);
	pass(f, 2 * USEC_PER_SEC);
	assert_piece(f, 1000);
	/* It has grown much since its screens were made. */
	record(f, 1001, PIECES);
	assert_int_equal(player_seek(&f->p, UINT64_MAX, &err), 0);
	assert_piece(f, PIECES - 1);
	f->busy = 0;
	jump(f, PIECES - 2);
	jump(f, PIECES - 300);
	assert_true(f->film.behind <= (256 + 2) << 10);
	assert_int_equal(f->p.end, BEGIN + (PIECES - 1) * SECOND);
}

static void go(struct fixture *f, struct find *find, enum find_way way,
    unsigned want, bool around)
{
	struct err err;
	bool was;

	assert_int_equal(find_go(find, &f->p, way, &was, &err), 0);
	assert_int_equal(was, around);
	assert_piece(f, want);
}

static void test_find(void **state)
{
	struct fixture *f = *state;
	struct find find = {.text = BUF_INIT};
	struct err err;

	record(f, 0, 450);
	f->recording.bytes = 450 << 10;
	open_player(f);
	jump(f, 150);
	assert_int_equal(
	    find_text(&find, f->a, &f->recording, STR("zEBRA piece"), &err), 0);
	assert_int_equal(find.n, 5);
	go(f, &find, FIND_NEXT, 200, false);
	go(f, &find, FIND_NEXT, 300, false);
	go(f, &find, FIND_PREVIOUS, 200, false);
	go(f, &find, FIND_PREVIOUS, 100, false);
	go(f, &find, FIND_PREVIOUS, 0, false);
	go(f, &find, FIND_PREVIOUS, 400, true);
	go(f, &find, FIND_NEXT, 0, true);
	jump(f, 399);
	go(f, &find, FIND_NEXT, 400, false);
	assert_int_equal(
	    find_text(&find, f->a, &f->recording, STR("ibex"), &err), 0);
	assert_int_equal(find.n, 0);
	find_free(&find);
}

/* Of rows of ten columns: the places of "ab", or of what is given. */
static void test_rows(void **state)
{
	static const struct {
		const char *row, *text;
		unsigned from[3], to[3]; /* 0, 0: no more */
	} rows[] = {
	    {"xabyABz", "ab", {1, 4}, {3, 6}},
	    {"abab", "ab", {0, 2}, {2, 4}},
	    {"a b", "ab", {0}, {0}},
	    {"", "ab", {0}, {0}},
	    {"\346\274\242x\346\274\242", "\346\274\242", {0, 3}, {2, 5}},
	    {"e\314\201ab", "ab", {1}, {3}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct screen *s = screen_new(1, 10, 0);
		struct find f = {.text = BUF_INIT};
		unsigned from = 0, to = 0;

		print_message("# %s\n", rows[i].row);
		screen_feed(s, 1, str_z(rows[i].row));
		buf_add_z(&f.text, rows[i].text);
		for (size_t k = 0; k < 3 && rows[i].to[k]; k++) {
			assert_true(
			    find_in_row(&f, screen_row(s, 0), to, &from, &to));
			assert_int_equal(from, rows[i].from[k]);
			assert_int_equal(to, rows[i].to[k]);
		}
		assert_false(find_in_row(&f, screen_row(s, 0), to, &from, &to));
		screen_free(s);
		find_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_jumps, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_short_one, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_given_up, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_live, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_find, setup, teardown),
	    cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
