/* SPDX-License-Identifier: Apache-2.0 */
/* What the last row tells. */
#include "cli/play/play_inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)
/* 2023-11-14 22:13:20 UTC. */
#define WALL   INT64_C(1700000000000000000)

struct fixture {
	struct cli cli;
	struct play p;
};

static void open_play(struct fixture *f, unsigned cols)
{
	*f = (struct fixture){.cli = {.term = {.utf8 = true}}};
	f->p.cli = &f->cli;
	f->p.view = (struct view){.utf8 = true, .color = true};
	assert_int_equal(view_resize(&f->p.view, 3, cols), 0);
	f->p.status = screen_new(1, cols, 0);
	f->p.player = (struct player){.screen = screen_new(2, 20, 0),
	    .begin = SECOND,
	    .end = 66 * SECOND,
	    .at = 11 * SECOND,
	    .until = UINT64_MAX,
	    .speed = SPEED_NORMAL,
	    .ahead = WALL - (int64_t)SECOND};
	f->p.rows = 2;
	f->p.cols = cols;
}

static void close_play(struct fixture *f)
{
	view_free(&f->p.view);
	screen_free(f->p.status);
	screen_free(f->p.player.screen);
	buf_free(&f->p.notice.text);
}

static void assert_status(struct fixture *f, const char *want)
{
	struct buf text = BUF_INIT;

	status_draw(&f->p);
	row_text(screen_row(f->p.status, 0), &text);
	assert_string_equal(buf_z(&text), want);
	buf_free(&text);
}

static const struct {
	struct piece piece;
	const char *text;
} told[] = {
    {{.type = PIECE_MASKED}, "typed without echo: not recorded"},
    {{.type = PIECE_HOLE, .lost = 12 << 10},
	"12.0 KiB of output are missing here"},
    {{.type = PIECE_HOLE}, "output is missing here"},
    {{.type = PIECE_LEFT_OUT}, "output is left out from here on"},
    {{.type = PIECE_LEFT_OUT, .lost = 5}, "5 B of output were left out"},
    {{.type = PIECE_SIZE, .cols = 132, .rows = 50}, "window: 132x50"},
    {{.type = PIECE_EXIT, .status = 3}, "it ended with status 3"},
    {{.type = PIECE_MARK, .bytes = STR_INIT("here")}, "mark: here"},
    {{.type = PIECE_MARK,
	 .bytes = STR_INIT("\33[31mred\302\2332J\xe2\x80\xae")},
	"mark: \\x1b[31mred\\u009b2J\\u202e"},
};

static void test_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		struct buf want = BUF_INIT;
		struct fixture f;

		open_play(&f, 100);
		status_piece(&f.p, &told[i].piece);
		buf_printf(&want, " playing 0:10 / 1:05  * %s", told[i].text);
		assert_status(&f, buf_z(&want));
		buf_free(&want);
		close_play(&f);
	}
}

static void test_row(void **state)
{
	struct command_mark marks[] = {
	    {WALL + INT64_C(1000000000), STR("ls")},
	    {WALL + INT64_C(9000000000), STR("make all")},
	    {WALL + INT64_C(11000000000), STR("exit")},
	};
	struct fixture f;

	(void)state;
	open_play(&f, 120);
	assert_status(&f, " playing 2023-11-14 22:13:30  0:10 / 1:05  1x");
	f.p.commands.v = marks;
	f.p.commands.n = 3;
	f.p.player.speed = SPEED_NORMAL / 2;
	f.p.player.idle = 5;
	f.p.player.paused = true;
	assert_status(&f,
	    " paused  2023-11-14 22:13:30  0:10 / 1:05  0.5x  no idle  "
	    "$ make all");
	assert_int_equal(status_command(&f.p), 1);
	f.p.player.at = SECOND;
	assert_int_equal(status_command(&f.p), -1);
	f.p.player.at = f.p.player.end;
	f.p.player.at_end = f.p.player.closed = true;
	assert_status(&f,
	    " ended   2023-11-14 22:14:25  1:05 / 1:05  0.5x  no idle  $ exit");
	close_play(&f);
}

static void test_narrow(void **state)
{
	struct fixture f;

	(void)state;
	open_play(&f, 10);
	f.p.pan_x = 3;
	assert_status(&f, " playing \xe2\x80\xa6");
	f.cli.term.utf8 = false;
	assert_status(&f, " playing >");
	close_play(&f);
	open_play(&f, 15);
	f.p.rows = 1;
	f.p.prompt.kind = '/';
	f.p.prompt.n = 3;
	memcpy(f.p.prompt.text, "abc", 3);
	assert_status(&f, "/abc");
	assert_true(f.p.view.cursor.visible);
	assert_int_equal(f.p.view.cursor.x, 4);
	assert_int_equal(f.p.view.cursor.y, 2);
	close_play(&f);
}

static void test_part(void **state)
{
	struct fixture f;

	(void)state;
	open_play(&f, 80);
	f.p.cols = 12;
	f.p.rows = 1;
	f.p.pan_x = 4;
	f.p.pan_y = 1;
	assert_status(&f, " playing 22:13:30  0:10 / 1:05  1x  columns 5-16 of "
			  "20  rows 2-2 of 2");
	close_play(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pieces),
	    cmocka_unit_test(test_row),
	    cmocka_unit_test(test_narrow),
	    cmocka_unit_test(test_part),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
