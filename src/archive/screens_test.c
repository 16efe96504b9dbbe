/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/screens.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/piece_reader.h"
#include "archive/screens_search.h"
#include "base/fd.h"

#define CHAIN  "recordings:web"
#define BOOT   ((uint64_t)5000000000)
#define TIME   ((int64_t)1790000000000000000)
#define SECOND ((uint64_t)1000000000)
#define PIECES 1500
#define PER    9	   /* pieces of a chunk */
#define ASIDE  4000000000u /* frames of another recording */

struct fixture {
	char dir[40];
	struct archive *a;
	struct trail *t;
	struct recording recording;
	struct buf bytes; /* of all output */
	struct piece *pieces;
	size_t n;
};

static uint32_t seed;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static const char *const beasts[] = {"Walrus", "Zebra", "Ibex"};

/* What a shell and an editor do, with some words that are seldom met. */
static void make_output(struct buf *b, size_t i)
{
	if (i % 100 == 99)
		buf_add_z(b, "\33[?1049h\33[2J\33[5;10H");
	for (unsigned n = 0; n < 20; n++)
		buf_printf(b, "%s %s-%u: warning in line %u\r\n",
		    dice(2) ? "cc -O2" : "\33[32mlink\33[m", "module",
		    dice(5000), dice(3000));
	if (i % 100 == 49)
		buf_add_z(b, "\33[?1049l$ ");
	if (i % 500 == 250)
		buf_printf(b, "helk\b \blo from the %s\r\n", beasts[i / 500]);
}

static void make_pieces(struct fixture *f)
{
	size_t *ends = calloc(PIECES, sizeof *ends), from = 0;

	seed = 7;
	f->pieces = calloc(PIECES + 2, sizeof *f->pieces);
	assert_true(ends && f->pieces);
	for (size_t i = 0; i < PIECES; i++) {
		make_output(&f->bytes, i);
		ends[i] = f->bytes.n;
	}
	f->pieces[f->n++] = (struct piece){
	    .type = PIECE_SIZE, .boot = BOOT, .rows = 24, .cols = 80};
	for (size_t i = 0; i < PIECES; i++) {
		f->pieces[f->n++] = (struct piece){.type = PIECE_OUTPUT,
		    .boot = BOOT + i * SECOND,
		    .bytes = str_upto(
			str_from(buf_str(&f->bytes), from), ends[i] - from)};
		from = ends[i];
	}
	for (size_t i = 0; i < f->n; i++)
		f->pieces[i].time = TIME + (int64_t)(f->pieces[i].boot - BOOT);
	free(ends);
}

static void append(struct fixture *f, struct chunk_writer *w, uint32_t stream)
{
	struct err err;
	uint64_t seq;

	assert_int_equal(trail_append(f->t, FRAME_RECORDING, stream,
			     buf_str(&w->bytes), &seq, &err),
	    0);
	if (stream != ASIDE)
		f->recording.last = seq;
	buf_clear(&w->bytes);
}

/* Pieces [from, to) come to the chain, those of another one between them. */
static void record(struct fixture *f, size_t from, size_t to)
{
	struct chunk_writer w = {.bytes = BUF_INIT};
	const struct piece aside = {.type = PIECE_OUTPUT,
	    .boot = 1,
	    .bytes = STR_INIT("helper of another\r\n")};
	struct err err;

	for (size_t i = from; i < to; i++) {
		chunk_add(&w, &f->pieces[i]);
		if (i % PER && i + 1 < to)
			continue;
		append(f, &w, (uint32_t)f->recording.number);
		chunk_add(&w, &aside);
		append(f, &w, ASIDE);
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
	snprintf(f->dir, sizeof f->dir, "sshtrail-screens-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(archive_open(&f->a, f->dir, ARCHIVE_WRITE, &err), 0);
	assert_int_equal(archive_open_chain(f->a, CHAIN, &f->t, &rec, &err), 0);
	f->recording = (struct recording){.chain = STR("web"), .number = 1};
	make_pieces(f);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct err err;

	assert_int_equal(trail_close(f->t, &err), 0);
	archive_close(f->a);
	assert_int_equal(fd_remove_tree(f->dir), 0);
	buf_free(&f->bytes);
	free(f->pieces);
	free(f);
	return 0;
}

static int on_hit(void *ctx, const struct screens_hit *hit)
{
	struct buf *b = ctx;

	assert_true(hit->from <= hit->to);
	assert_true(hit->boot_begin >= BOOT);
	assert_true(hit->match < hit->text.n);
	buf_printf(b, "%lld %lld ", (long long)((hit->from - TIME / 1000)),
	    (long long)((hit->to - TIME / 1000)));
	/* Its first pieces are damaged. */
	if (hit->boot_begin > BOOT)
		buf_printf(
		    b, "+%llu ", (unsigned long long)(hit->boot_begin - BOOT));
	buf_add_str(b, hit->text);
	buf_add_char(b, '\n');
	return 0;
}

/* What is found, and how many parts were gone through. */
static uint64_t search(struct fixture *f, const char *text, struct buf *ret)
{
	const struct screens_query q = {
	    str_z(text), on_hit, ret, &f->recording, 1};
	struct screens_search *s = screens_search_open(f->a, &q);
	struct err err;
	uint64_t parts;

	assert_non_null(s);
	buf_clear(ret);
	assert_int_equal(screens_search_next(s, &err), 0);
	parts = screens_search_parts(s);
	screens_search_close(s);
	return parts;
}

/* At `n` moments the screen is as if all was shown from the beginning. */
static void check_jumps(struct fixture *f, const struct screens *s, size_t n)
{
	struct screen *all = screen_new(24, 80, 0);
	struct buf a = BUF_INIT, b = BUF_INIT;
	size_t i = 0;

	for (size_t jump = 0; jump < n; jump++) {
		uint64_t boot = BOOT + jump * PIECES / n * SECOND;
		struct keyframe_reader block;
		struct piece_reader pieces = {0};
		struct keyframe k;
		struct screen *other;
		struct piece p;
		struct err err;

		while (i < f->n && f->pieces[i].boot <= boot)
			screen_take(all, &f->pieces[i++]);
		assert_int_equal(screens_find(s, boot, &block, &k), 0);
		assert_true(k.boot <= boot);
		other = keyframe_screen(&k, 0);
		assert_int_equal(piece_reader_open(&pieces, f->a, &f->recording,
				     k.next, &err),
		    0);
		while (piece_reader_next(&pieces, &p, NULL, &err) > 0 &&
		       p.boot <= boot)
			screen_take(other, &p);
		buf_clear(&a);
		buf_clear(&b);
		screen_snapshot(all, &a);
		screen_snapshot(other, &b);
		assert_string_equal(buf_z(&a), buf_z(&b));
		piece_reader_close(&pieces);
		keyframe_close(&block);
		screen_free(other);
	}
	screen_free(all);
	buf_free(&a);
	buf_free(&b);
}

static size_t n_lines(struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->p[i] == '\n';
	return n;
}

static const char *const needles[] = {
    "hello from the", "ZEBRA", "module-49", "warning in line 29", "$ "};

#define N_NEEDLES (sizeof needles / sizeof *needles)

/* What is found without any file. */
static void search_all(struct fixture *f, struct buf *found)
{
	for (size_t i = 0; i < N_NEEDLES; i++) {
		assert_int_equal(search(f, needles[i], &found[i]), 1);
		assert_true(n_lines(&found[i]) > 0);
	}
	assert_int_equal(n_lines(&found[0]), 3);
	assert_true(str_starts(buf_str(&found[1]), STR("750000000 ")));
}

static void assert_found(struct fixture *f, struct buf *found)
{
	struct buf now = BUF_INIT;

	for (size_t i = 0; i < N_NEEDLES; i++) {
		search(f, needles[i], &now);
		assert_string_equal(buf_z(&now), buf_z(&found[i]));
	}
	buf_free(&now);
}

static void free_all(struct buf *found)
{
	for (size_t i = 0; i < N_NEEDLES; i++)
		buf_free(&found[i]);
}

static int extend(struct fixture *f, uint64_t budget)
{
	struct piece_reader pieces = {0};
	struct err err;
	int r = screens_extend(f->a, &f->recording, budget, &pieces, &err);

	piece_reader_close(&pieces);
	return r;
}

static void test_whole(void **state)
{
	struct fixture *f = *state;
	struct buf found[N_NEEDLES] = {0}, b = BUF_INIT;
	struct screens s;

	record(f, 0, f->n);
	search_all(f, found);
	assert_int_equal(extend(f, 0), 0);
	assert_int_equal(screens_open(&s, f->a, &f->recording), 0);
	assert_true(screens_are_whole(&s));
	assert_true(s.n > 2 && s.more.n == 0);
	check_jumps(f, &s, 37);
	assert_found(f, found);
	assert_int_equal(search(f, "not to be found", &b), 0);
	assert_in_range(search(f, "ZEBRA", &b), 1, 2);
	screens_close(&s);
	buf_free(&b);
	free_all(found);
}

/* While it is recorded, and a bit at a time. */
static void test_live(void **state)
{
	struct fixture *f = *state;
	struct buf found[N_NEEDLES] = {0}, all[N_NEEDLES] = {0};
	char path[100];
	struct screens s;
	struct err err;
	unsigned parts = 0;
	int r;

	record(f, 0, f->n / 3);
	f->recording.last = 0;
	while ((r = extend(f, 1)) > 0)
		parts++;
	assert_int_equal(r, 0);
	record(f, f->n / 3, f->n - 50);
	/* Its end is known, and did not arrive. */
	f->recording.last = UINT32_MAX;
	assert_int_equal(extend(f, 0), 0);
	assert_int_equal(screens_open(&s, f->a, &f->recording), 0);
	assert_true(s.n > 1 && !screens_are_whole(&s));
	assert_int_equal(screens_complete(&s, f->a, &f->recording, &err), 0);
	assert_true(screens_are_whole(&s) && s.more.n > 0);
	screens_close(&s);
	record(f, f->n - 50, f->n);
	for (size_t i = 0; i < N_NEEDLES; i++)
		assert_true(search(f, needles[i], &found[i]) > 1);
	while ((r = extend(f, 1)) > 0)
		parts++;
	assert_int_equal(r, 0);
	assert_int_equal(screens_open(&s, f->a, &f->recording), 0);
	assert_true(screens_are_whole(&s) && s.n > parts);
	check_jumps(f, &s, 11);
	screens_close(&s);
	assert_found(f, found);
	snprintf(path, sizeof path, "%s/screens", f->dir);
	assert_int_equal(fd_remove_tree(path), 0);
	search_all(f, all);
	assert_found(f, found);
	free_all(found);
	free_all(all);
	/* In memory, part by part. */
	assert_int_equal(screens_open(&s, f->a, &f->recording), 0);
	assert_int_equal(s.n, 0);
	parts = 0;
	while (
	    (r = screens_complete_part(&s, f->a, &f->recording, 1, &err)) > 0)
		assert_int_equal(s.n, ++parts);
	assert_int_equal(r, 0);
	assert_true(screens_are_whole(&s) && parts > 1);
	check_jumps(f, &s, 11);
	screens_close(&s);
}

static void damage(struct fixture *f, off_t at, off_t cut)
{
	char path[100], c;
	CLEANUP_FD int fd = -1;

	snprintf(path, sizeof path, "%s/screens/" CHAIN "/1", f->dir);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	if (cut >= 0) {
		assert_int_equal(ftruncate(fd, cut), 0);
		return;
	}
	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 4;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
}

static void test_damaged(void **state)
{
	static const off_t cuts[] = {0, 5, 19, 60, 9000};
	struct fixture *f = *state;
	struct buf found[N_NEEDLES] = {0};

	record(f, 0, f->n);
	search_all(f, found);
	for (size_t i = 0; i < 2 * sizeof cuts / sizeof *cuts; i++) {
		struct screens s;

		assert_int_equal(extend(f, 0), 0);
		damage(f, cuts[i / 2], i % 2 ? cuts[i / 2] : -1);
		assert_int_equal(screens_open(&s, f->a, &f->recording), 0);
		assert_false(screens_are_whole(&s));
		screens_close(&s);
		if (i > 6)
			assert_found(f, found);
	}
	free_all(found);
}

/* --- many recordings --- */

#define WEB   12
#define MANY  (WEB + 3)
#define OTHER "recordings:db"

/* Of two hosts, in several segments; each third has no file. */
static void record_many(struct fixture *f, struct recording *all)
{
	struct trail *web = f->t, *db;
	struct trail_recovery rec;
	struct err err;

	assert_int_equal(archive_open_chain(f->a, OTHER, &db, &rec, &err), 0);
	for (size_t i = 0; i < MANY; i++) {
		f->t = i < WEB ? web : db;
		f->recording = (struct recording){
		    .chain = i < WEB ? STR("web") : STR("db"),
		    .number = trail_last_seq(f->t) + 1};
		record(f, 0, i % 2 ? f->n / 4 : f->n * 3 / 5);
		if (i % 3)
			assert_int_equal(extend(f, 0), 0);
		all[i] = f->recording;
	}
	f->t = web;
	assert_int_equal(trail_close(db, &err), 0);
}

struct stopping {
	struct buf *found;
	int result; /* 0: it goes on */
};

static int on_many(void *ctx, const struct screens_hit *hit)
{
	struct stopping *st = ctx;

	on_hit(st->found, hit);
	return st->result;
}

/* All of them at once tell what each tells that is asked singly. */
static size_t check_many(
    struct fixture *f, const struct recording *all, const char *text)
{
	struct buf found = BUF_INIT, one = BUF_INIT;
	struct stopping st = {&found, 0};
	const struct screens_query q = {str_z(text), on_many, &st, all, MANY};
	struct screens_search *s = screens_search_open(f->a, &q);
	uint64_t parts = 0;
	struct err err;
	size_t n = 0;

	assert_non_null(s);
	for (size_t i = 0; i < MANY; i++) {
		buf_clear(&found);
		assert_int_equal(screens_search_next(s, &err), 0);
		f->recording = all[i];
		parts += search(f, text, &one);
		assert_string_equal(buf_z(&found), buf_z(&one));
		n += n_lines(&found);
	}
	assert_int_equal(screens_search_next(s, &err), 0);
	assert_int_equal(screens_search_parts(s), parts);
	screens_search_close(s);
	buf_free(&found);
	buf_free(&one);
	return n;
}

/* Where a hit stops it, the next recording is gone on with. */
static void check_stops(struct fixture *f, const struct recording *all)
{
	struct buf found = BUF_INIT;
	struct stopping st = {&found, 7};
	const struct screens_query q = {
	    STR("in line 29"), on_many, &st, all, MANY};

	for (size_t n = 0; n <= MANY; n += 3) {
		struct screens_search *s = screens_search_open(f->a, &q);
		struct err err;

		assert_non_null(s);
		for (size_t i = 0; i < n; i++) {
			buf_clear(&found);
			assert_int_equal(screens_search_next(s, &err), 7);
			assert_int_equal(n_lines(&found), 1);
		}
		screens_search_close(s);
	}
	buf_free(&found);
}

/* Half-way in the first segment of the chain. */
static void damage_segment(struct fixture *f)
{
	char path[100], name[300] = "", c;
	const struct dirent *e;
	struct stat st;
	DIR *dir;
	CLEANUP_FD int fd = -1;

	snprintf(path, sizeof path, "%s/trail/" CHAIN, f->dir);
	dir = opendir(path);
	assert_non_null(dir);
	while ((e = readdir(dir)))
		if (strstr(e->d_name, ".seg") &&
		    (!*name || strcmp(e->d_name, name) < 0))
			snprintf(name, sizeof name, "%s", e->d_name);
	fd = openat(dirfd(dir), name, O_RDWR);
	assert_true(fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 1000);
	assert_int_equal(pread(fd, &c, 1, st.st_size / 2), 1);
	c ^= 4;
	assert_int_equal(pwrite(fd, &c, 1, st.st_size / 2), 1);
	closedir(dir);
}

/* Of all; the first `whole` of them are asked singly as well. */
static size_t count_damaged(
    struct fixture *f, const struct recording *all, size_t whole)
{
	const char *text = "in line 29";
	struct buf found = BUF_INIT, one = BUF_INIT;
	const struct screens_query q = {str_z(text), on_hit, &found, all, MANY};
	struct screens_search *s = screens_search_open(f->a, &q);
	struct err err;
	size_t n = 0;

	assert_non_null(s);
	for (size_t i = 0; i < MANY; i++) {
		buf_clear(&found);
		assert_int_equal(screens_search_next(s, &err), 0);
		n += n_lines(&found);
		if (i >= whole)
			continue;
		f->recording = all[i];
		search(f, text, &one);
		assert_string_equal(buf_z(&found), buf_z(&one));
	}
	screens_search_close(s);
	buf_free(&found);
	buf_free(&one);
	return n;
}

static void test_many(void **state)
{
	struct fixture *f = *state;
	struct recording all[MANY], turned[MANY];
	size_t hits, left;

	record_many(f, all);
	for (size_t i = 0; i < MANY; i++)
		turned[MANY - 1 - i] = all[i];
	assert_int_equal(check_many(f, all, "Walrus"), MANY);
	assert_int_equal(check_many(f, turned, "Zebra"), (MANY + 1) / 2);
	assert_int_equal(check_many(f, all, "not to be found"), 0);
	hits = check_many(f, turned, "in line 29");
	check_stops(f, turned);
	damage_segment(f);
	/* Those of the other host have all; of this one some is left. */
	left = count_damaged(f, turned, MANY - WEB);
	assert_true(left < hits && left > hits / 4);
}

/* Recordings that have nothing are passed over, however many they are. */
static void test_seldom(void **state)
{
	enum { AT = 100, N = 140 };
	struct fixture *f = *state;
	struct buf found = BUF_INIT;
	struct recording all[N];
	const struct screens_query q = {STR("zebra"), on_hit, &found, all, N};
	struct screens_search *s;
	struct err err;

	record(f, 0, f->n / 4);
	assert_int_equal(extend(f, 0), 0);
	for (size_t i = 0; i < N; i++)
		all[i] = f->recording;
	f->recording.number = trail_last_seq(f->t) + 1;
	record(f, 0, f->n);
	assert_int_equal(extend(f, 0), 0);
	all[AT] = f->recording;
	s = screens_search_open(f->a, &q);
	assert_non_null(s);
	for (size_t i = 0; i < N; i++) {
		assert_int_equal(screens_search_next(s, &err), 0);
		assert_int_equal(n_lines(&found), i >= AT);
	}
	assert_in_range(screens_search_parts(s), 1, 2);
	screens_search_close(s);
	buf_free(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_whole, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_live, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_seldom, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
