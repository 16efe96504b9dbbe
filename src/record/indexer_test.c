/* SPDX-License-Identifier: Apache-2.0 */
#include "record/indexer.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "record/chunk.h"

#define SECOND ((uint64_t)1000000000)

struct told {
	struct buf lines; /* as "FROM[+LATER] TO TEXT\n", milliseconds */
	struct keyframe_block block;
	unsigned n_keyframes;
};

static void on_line(void *user, const struct line *l)
{
	struct told *told = user;

	assert_true(l->from <= l->to && l->text.n > 0);
	assert_true(l->from <= l->since && l->since <= l->to);
	buf_printf(
	    &told->lines, "%llu", (unsigned long long)(l->from / 1000000));
	if (l->since > l->from)
		buf_printf(&told->lines, "+%llu",
		    (unsigned long long)((l->since - l->from) / 1000000));
	buf_printf(&told->lines, " %llu%s ",
	    (unsigned long long)(l->to / 1000000), l->alternate ? "a" : "");
	buf_add_str(&told->lines, l->text);
	buf_add_char(&told->lines, '\n');
}

static void on_keyframe(void *user, const struct keyframe *k)
{
	struct told *told = user;

	keyframe_add(&told->block, k);
	told->n_keyframes++;
}

static void told_free(struct told *told)
{
	buf_free(&told->lines);
	keyframe_block_free(&told->block);
}

static struct indexer *open_indexer(struct told *told, uint32_t bytes)
{
	struct indexer_ops ops = {on_keyframe, on_line, told, bytes};
	struct indexer *ix;

	*told = (struct told){.lines = BUF_INIT};
	ix = indexer_new(&ops);
	assert_non_null(ix);
	return ix;
}

static void show(struct indexer *ix, uint64_t ms, const char *bytes)
{
	struct piece p = {.type = PIECE_OUTPUT,
	    .boot = ms * 1000000,
	    .time = (int64_t)(ms * 1000000),
	    .bytes = str_z(bytes)};

	indexer_piece(ix, &p);
}

static void assert_lines(
    struct indexer *ix, struct told *told, const char *want)
{
	indexer_end(ix);
	assert_int_equal(indexer_error(ix), 0);
	assert_string_equal(buf_z(&told->lines), want);
	indexer_free(ix);
	told_free(told);
}

static void test_typing(void **state)
{
	struct told told;
	struct indexer *ix = open_indexer(&told, 0);

	(void)state;
	show(ix, 1000, "$ ");
	show(ix, 3000, "h");
	show(ix, 3100, "e");
	show(ix, 3200, "l");
	show(ix, 3300, "k");
	show(ix, 3500, "\b \b");
	show(ix, 3600, "l");
	show(ix, 3700, "o");
	show(ix, 4000, "\r\nout\r\n");
	show(ix, 5000, "$ ");
	assert_lines(ix, &told,
	    "1000+2700 5000 $ hello\n4000 5000 out\n"
	    "5000 5000 $\n");
}

static void test_progress(void **state)
{
	struct told told;
	struct indexer *ix = open_indexer(&told, 0);
	char bytes[80];
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(bytes, sizeof bytes,
		    "\r\33[K[%3u%%] %.*s %u MB/s eta 0:%02u", i / 100,
		    (int)(i / 250), "########################################",
		    i % 17, i % 60);
		show(ix, 1000 + i * 100, bytes);
	}
	show(ix, 1002000, "\r\ndone\r\n");
	indexer_end(ix);
	for (size_t i = 0; i < told.lines.n; i++)
		n += told.lines.p[i] == '\n';
	assert_in_range(n, 2, 20);
	assert_true(str_find(buf_str(&told.lines), STR("99%]")) != STR_NPOS);
	indexer_free(ix);
	told_free(&told);
}

static void test_cleared(void **state)
{
	struct told told;
	struct indexer *ix = open_indexer(&told, 0);

	(void)state;
	/* As watch does; the clock in it is no new line each time. */
	for (unsigned i = 0; i < 5; i++) {
		char bytes[60];

		snprintf(bytes, sizeof bytes,
		    "\33[H\33[2JTime 12:00:0%u\r\nsame", i);
		show(ix, 1000 + i * 500, bytes);
	}
	show(ix, 4000, "\33[H\33[2Jsecret");
	show(ix, 4010, "\33[H\33[2J");
	show(ix, 9000, "x");
	assert_lines(ix, &told,
	    "3000 4000 Time 12:00:04\n"
	    "4000 4010 secret\n9000 9000 x\n"
	    "1000 4000 same\n");
}

static void test_scrolled_at_once(void **state)
{
	struct told told;
	struct indexer *ix = open_indexer(&told, 0);
	struct buf b = BUF_INIT;

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		buf_printf(&b, "line %u\r\n", i);
	show(ix, 1000, buf_z(&b));
	assert_true(
	    str_starts(buf_str(&told.lines), STR("1000 1000 line 0\n")));
	indexer_end(ix);
	assert_true(str_ends(buf_str(&told.lines), STR("1000 1000 line 29\n")));
	buf_free(&b);
	indexer_free(ix);
	told_free(&told);
}

/* Of a row that goes on only what came is looked at: it tells the same. */
static void test_goes_on(void **state)
{
	struct told told;
	struct indexer *ix = open_indexer(&told, 0);

	(void)state;
	show(ix, 1000, "abc");
	show(ix, 2000, "\33[10Gx");
	show(ix, 3000, "\33[11G\xc3\xa9t");
	show(ix, 4000, "\33[13G  \33[15Gend");
	show(ix, 5000, "\33[2GB");
	show(ix, 7000, "\33[18G!\33[2Gb");
	show(ix, 8000, "\r\nab\33[20G ");
	show(ix, 9000, "\33[3Gc\33[4h\33[1G-\33[4l");
	assert_lines(ix, &told,
	    "1000+3000 5000 abc      x\xc3\xa9t  end\n"
	    "5000 7000 aBc      x\xc3\xa9t  end\n8000 9000 ab\n"
	    "7000 9000 abc      x\xc3\xa9t  end!\n9000 9000 -abc\n");
}

/* What no terminal's driver has seen begins each line where it begins. */
static void test_command(void **state)
{
	struct told told;
	struct indexer *ix = open_indexer(&told, 0);
	const struct piece begin = {.type = PIECE_BEGIN,
	    .boot = SECOND,
	    .bytes = STR("{\"time\":1,\"host\":\"h\",\"kind\":\"channel.open\","
			 "\"chan_type\":"
			 "\"command\"}")};
	const struct piece errors = {.type = PIECE_ERRORS,
	    .boot = 3 * SECOND,
	    .bytes = STR("cp: failed\n")};

	(void)state;
	indexer_piece(ix, &begin);
	show(ix, 2000, "one\ntwo\n");
	indexer_piece(ix, &errors);
	assert_lines(ix, &told,
	    "2000 3000 one\n2000 3000 two\n"
	    "3000 3000 cp: failed\n");
}

static void test_long_line(void **state)
{
	struct told told;
	struct indexer *ix = open_indexer(&told, 0);
	struct piece size = {
	    .type = PIECE_SIZE, .boot = 1, .rows = 2, .cols = 6};

	(void)state;
	indexer_piece(ix, &size);
	show(ix, 1000, "abc d efghijk lmno\r\nx\r\n");
	assert_lines(ix, &told, "1000 1000 abc d efghijk lmno\n1000 1000 x\n");
}

static void test_editor(void **state)
{
	struct told told;
	struct indexer *ix = open_indexer(&told, 0);

	(void)state;
	show(ix, 1000, "$ vi");
	show(ix, 2000, "\33[?1049h\33[Hpage one\33[2;1Hmore");
	show(ix, 3000, "\33[H\33[Kother text\33[2;1H\33[K");
	show(ix, 5000, "\33[?1049l\r\n$ ");
	assert_lines(ix, &told,
	    "2000 3000a page one\n1000 2000 $ vi\n"
	    "3000 5000a other text\n2000 3000a more\n"
	    "5000 5000 $ vi\n5000 5000 $\n");
}

static void test_when_keyframes_come(void **state)
{
	struct told told;
	struct indexer *ix = open_indexer(&told, 0);
	char *much = calloc(1, KEYFRAME_BYTES + 11);
	const struct piece size = {
	    .type = PIECE_SIZE, .boot = 61004000000, .rows = 24, .cols = 80};

	(void)state;
	assert_non_null(much);
	memset(much, 'x', KEYFRAME_BYTES + 10);
	show(ix, 1000, "a");
	assert_int_equal(told.n_keyframes, 1);
	show(ix, 61001, "b");
	show(ix, 61001, much + KEYFRAME_BYTES + 10 - KEYFRAME_LEAST);
	assert_int_equal(told.n_keyframes, 1);
	show(ix, 61001, "c");
	assert_int_equal(told.n_keyframes, 2);
	show(ix, 61002, much);
	assert_int_equal(told.n_keyframes, 3);
	/* What does not end puts it off, but not for ever. */
	memcpy(much, "\33]", 2);
	show(ix, 61003, much);
	assert_int_equal(told.n_keyframes, 3);
	show(ix, 61004, much + 2);
	assert_int_equal(told.n_keyframes, 4);
	for (unsigned i = 0; i < KEYFRAME_BYTES >> 9; i++)
		indexer_piece(ix, &size);
	assert_int_equal(told.n_keyframes, 5);
	free(much);
	indexer_free(ix);
	told_free(&told);
}

static void test_block(void **state)
{
	const struct keyframe all[] = {
	    {5, -7, {1, 2, 3}, 24, 80, STR_INIT("text"), STR_INIT("\1")},
	    {5, 9, {UINT64_MAX, UINT32_MAX, UINT32_MAX}, 1000, 1000, {NULL, 0},
		{NULL, 0}},
	    {UINT64_MAX, INT64_MIN, {0, 0, 0}, 1, 2, STR_INIT("\0"), {NULL, 0}},
	};
	struct keyframe_block b = {.raw = BUF_INIT};
	struct buf out = BUF_INIT;
	struct keyframe_reader r;
	struct keyframe k;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		keyframe_add(&b, &all[i]);
	assert_int_equal(keyframe_seal(&b, &out), 0);
	assert_int_equal(keyframe_open(&r, buf_str(&out)), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(keyframe_next(&r, &k), 1);
		assert_true(k.boot == all[i].boot && k.time == all[i].time);
		assert_memory_equal(&k.next, &all[i].next, sizeof k.next);
		assert_true(k.rows == all[i].rows && k.cols == all[i].cols);
		assert_true(str_eq(k.text, all[i].text));
		assert_true(str_eq(k.mark, all[i].mark));
	}
	assert_int_equal(keyframe_next(&r, &k), 0);
	keyframe_close(&r);
	for (size_t n = 0; n < out.n; n++) {
		assert_int_equal(
		    keyframe_open(&r, str_upto(buf_str(&out), n)), -EBADMSG);
		keyframe_close(&r);
	}
	buf_free(&out);
	keyframe_block_free(&b);
}

/* Pieces of a recording of the corpus. */
#define PIECES_MAX  4000
#define PIECE_BYTES 64 /* larger ones are divided */

struct film {
	char *bytes;
	struct piece pieces[PIECES_MAX];
	size_t n;
};

static bool film_open(struct film *f, const char *path)
{
	FILE *file = fopen(path, "rb");
	struct chunk_reader r;
	struct piece p;
	size_t n;

	assert_non_null(file);
	f->n = 0;
	f->bytes = malloc(1 << 20);
	assert_non_null(f->bytes);
	n = fread(f->bytes, 1, 1 << 20, file);
	fclose(file);
	if (!chunk_open(&r, str_make(f->bytes, n))) {
		free(f->bytes);
		return false;
	}
	while (chunk_next(&r, &p) > 0) {
		struct str rest = p.bytes;

		do {
			assert_true(f->n < PIECES_MAX);
			p.bytes = str_upto(rest, PIECE_BYTES);
			rest = str_from(rest, PIECE_BYTES);
			f->pieces[f->n++] = p;
		} while (rest.n);
	}
	return true;
}

/* Where they differ; cmocka cuts long strings. */
static void assert_same(struct buf *a, struct buf *b)
{
	const char *x = buf_z(a), *y = buf_z(b);
	size_t i = 0, line = 0;

	for (; x[i] && x[i] == y[i]; i++)
		if (x[i] == '\n')
			line = i + 1;
	if (x[i] || y[i])
		fail_msg("%.200s\n-- and --\n%.200s", x + line, y + line);
}

static void assert_same_screen(const struct indexer *a, const struct indexer *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;

	screen_snapshot(indexer_screen(a), &x);
	screen_snapshot(indexer_screen(b), &y);
	assert_same(&x, &y);
	buf_free(&x);
	buf_free(&y);
}

/* The same screen after each piece, and the same lines, whether from the
 * beginning or from a keyframe on. */
static void check_film(const struct film *f, uint32_t every)
{
	struct told all, rest;
	struct indexer *ix = open_indexer(&all, every), *other = NULL;
	struct indexer_ops ops = {on_keyframe, on_line, &rest, every};

	unsigned n_resumed = 0;

	rest = (struct told){.lines = BUF_INIT};
	for (size_t i = 0; i < f->n; i++) {
		struct keyframe_reader r;
		unsigned before = all.n_keyframes;
		struct keyframe k;

		if (other)
			indexer_piece(other, &f->pieces[i]);
		indexer_piece(ix, &f->pieces[i]);
		if (other) {
			assert_same(&all.lines, &rest.lines);
			assert_same_screen(ix, other);
		}
		buf_clear(&all.lines);
		buf_clear(&rest.lines);
		if (all.n_keyframes == before)
			continue;
		r = (struct keyframe_reader){.rest = buf_str(&all.block.raw)};
		r.boot = all.block.first;
		while (keyframe_next(&r, &k) == 1 && r.rest.n)
			;
		indexer_free(other);
		other = NULL;
		/* Not from one after which something was fed already. */
		if (k.next.piece != i + 1 || k.next.byte)
			continue;
		other = indexer_resume(&ops, &k);
		assert_non_null(other);
		assert_int_equal(indexer_error(other), 0);
		n_resumed++;
	}
	print_message("# from %u keyframes\n", n_resumed);
	indexer_end(ix);
	if (other) {
		indexer_end(other);
		assert_same(&all.lines, &rest.lines);
	}
	indexer_free(ix);
	indexer_free(other);
	told_free(&all);
	told_free(&rest);
}

static void test_real_recordings(void **state)
{
	char path[512], dir[400];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	(void)state;
	snprintf(dir, sizeof dir, "%s/screen", getenv("SSHTRAIL_CORPUS"));
	d = opendir(dir);
	assert_non_null(d);
	while ((e = readdir(d))) {
		struct film *f = malloc(sizeof *f);

		assert_non_null(f);
		snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		if (e->d_name[0] != '.' && film_open(f, path)) {
			print_message("# %s: %zu pieces\n", e->d_name, f->n);
			check_film(f, 40);
			check_film(f, 700);
			free(f->bytes);
			n++;
		}
		free(f);
	}
	closedir(d);
	assert_true(n >= 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_typing),
	    cmocka_unit_test(test_progress),
	    cmocka_unit_test(test_cleared),
	    cmocka_unit_test(test_scrolled_at_once),
	    cmocka_unit_test(test_goes_on),
	    cmocka_unit_test(test_command),
	    cmocka_unit_test(test_long_line),
	    cmocka_unit_test(test_editor),
	    cmocka_unit_test(test_when_keyframes_come),
	    cmocka_unit_test(test_block),
	    cmocka_unit_test(test_real_recordings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
