/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What indexing recordings takes, and what it gives: megabytes a second on one
 * core, how large the chain and the screens are beside the bytes, how long a
 * jump to any moment takes, and a search in many hours. In a store of its own,
 * below the current directory, which is removed. Of made-up output of four
 * kinds, or of the chunk files that are named, which are repeated until they
 * are large enough.
 *
 * usage: bench_screen [-m MEGABYTES] [-H HOURS] [CHUNK-FILE...]
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive/piece_reader.h"
#include "archive/screens.h"
#include "archive/screens_search.h"
#include "base/compress.h"
#include "base/fd.h"

#define LEVEL	 3
#define JUMPS	 200
#define PIECE	 1500 /* bytes; 10 ms apart */
#define CHUNK	 ((size_t)64 << 10)
#define SECOND	 ((uint64_t)1000000000)
#define HOUR_PER 2 /* recordings of an hour */
#define CHAIN	 "recordings:bench"

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_screen: %s failed\n", what);
	exit(1);
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- what is shown --- */

static uint32_t seed = 1;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void plain(struct buf *b)
{
	static const char *const words[] = {"cc", "-O2", "-Wall", "-Werror",
	    "-Isrc", "note:", "in", "function", "warning:", "unused",
	    "variable"};

	for (unsigned i = 0; i < 4 + dice(8); i++)
		buf_printf(b, "%s src/%x.c ", words[dice(11)], dice(5000));
	buf_printf(b, "%08x\r\n", dice(1 << 24));
}

static void colored(struct buf *b)
{
	buf_printf(b,
	    "\33[01;%um%x\33[0m  \33[33m%07x\33[m %u:%02u file-%u.txt\r\n",
	    31 + dice(6), dice(4096), dice(1 << 24), dice(24), dice(60),
	    dice(9999));
}

static void redraws(struct buf *b)
{
	buf_printf(b,
	    "\33[%u;1H\33[38;5;%um%5u \33[1mroot\33[0m 20 0 \33[32m%8u\33[39m "
	    "%u.%u /usr/bin/program-%u --option %x\33[K",
	    1 + dice(24), dice(256), dice(99999), dice(9999999), dice(100),
	    dice(10), dice(300), dice(1 << 24));
}

static void editor(struct buf *b)
{
	buf_printf(b,
	    "\33[1;23r\33[1;1H\33M\33[r\33[1;1H\33[33m%4u \33[m\33[36m%s"
	    "\33[m(%x, %x);\33[24;1H\33[K%u,1",
	    dice(3000), dice(2) ? "static int" : "return", dice(1 << 24),
	    dice(1 << 16), dice(3000));
}

static const struct {
	const char *name;
	void (*add)(struct buf *b);
} kinds[] = {
    {"compiler", plain},
    {"colours", colored},
    {"redraws", redraws},
    {"editor", editor},
};

/* --- a store with recordings --- */

struct bench {
	char dir[40];
	struct archive *a;
	struct trail *t;
	struct chunk_writer chunk;
	struct recording recording; /* the one at work */
	uint64_t boot;
	uint64_t size;	      /* of its output */
	struct buf zstd, raw; /* what zstd makes of it, chunk by chunk */
};

static void open_store(struct bench *b)
{
	struct trail_recovery rec;
	struct err err = {""};

	*b = (struct bench){.dir = "bench-screen-XXXXXX"};
	check(mkdtemp(b->dir) != NULL, "a directory");
	check(archive_open(&b->a, b->dir, ARCHIVE_WRITE, &err) == 0, err.text);
	check(
	    archive_open_chain(b->a, CHAIN, &b->t, &rec, &err) == 0, err.text);
}

static void close_store(struct bench *b)
{
	struct err err = {""};

	check(trail_close(b->t, &err) == 0, err.text);
	archive_close(b->a);
	check(fd_remove_tree(b->dir) == 0, "removing the store");
	buf_free(&b->zstd);
	buf_free(&b->raw);
	buf_free(&b->chunk.bytes);
}

static void begin_recording(struct bench *b)
{
	b->recording = (struct recording){
	    .chain = STR("bench"), .number = trail_last_seq(b->t) + 1};
	b->boot = SECOND;
	b->size = 0;
	buf_clear(&b->zstd);
}

static void flush(struct bench *b)
{
	struct err err = {""};

	if (b->chunk.bytes.n == 0)
		return;
	check(trail_append(b->t, FRAME_RECORDING, (uint32_t)b->recording.number,
		  buf_str(&b->chunk.bytes), &b->recording.last, &err) == 0,
	    err.text);
	buf_clear(&b->chunk.bytes);
}

static void squeeze(struct bench *b)
{
	check(compress_append(&b->zstd, b->raw.p, b->raw.n, LEVEL) == 0,
	    "compressing");
	buf_clear(&b->raw);
}

static void add(struct bench *b, struct piece p)
{
	p.boot = b->boot;
	p.time = (int64_t)b->boot;
	chunk_add(&b->chunk, &p);
	if (p.type == PIECE_OUTPUT) {
		b->size += p.bytes.n;
		buf_add_str(&b->raw, p.bytes);
		if (b->raw.n > (8 << 20))
			squeeze(b);
	}
	if (b->chunk.bytes.n >= CHUNK)
		flush(b);
}

static void show(struct bench *b, struct str bytes)
{
	add(b, (struct piece){.type = PIECE_OUTPUT, .bytes = bytes});
}

static void end_recording(struct bench *b)
{
	struct err err = {""};

	flush(b);
	squeeze(b);
	check(trail_sync(b->t, &err) == 0, err.text);
}

struct sizes {
	uint64_t keyframes, filters; /* bytes */
};

/* Files of the chain. */
static uint64_t stored(const struct bench *b)
{
	char path[128];
	const struct dirent *e;
	struct stat st;
	uint64_t sum = 0;
	DIR *dir;

	snprintf(path, sizeof path, "%s/trail/%s", b->dir, CHAIN);
	dir = opendir(path);
	check(dir != NULL, path);
	while ((e = readdir(dir)))
		if (strstr(e->d_name, ".seg") &&
		    fstatat(dirfd(dir), e->d_name, &st, 0) == 0)
			sum += (uint64_t)st.st_size;
	closedir(dir);
	return sum;
}

static void add_sizes(
    struct bench *b, const struct recording *r, struct sizes *ret)
{
	struct screens s;

	check(screens_open(&s, b->a, r) == 0 && screens_are_whole(&s),
	    "opening screens");
	for (size_t i = 0; i < s.n; i++) {
		ret->keyframes += s.v[i].keyframes.n;
		ret->filters += s.v[i].gram.n;
	}
	screens_close(&s);
}

static double extend(struct bench *b, const struct recording *r)
{
	double begin = now(CLOCK_PROCESS_CPUTIME_ID);
	struct piece_reader pieces = {0};
	struct err err = {""};

	check(screens_extend(b->a, r, 0, &pieces, &err) == 0, err.text);
	piece_reader_close(&pieces);
	return now(CLOCK_PROCESS_CPUTIME_ID) - begin;
}

/* --- one large recording of a kind --- */

static void record_kind(struct bench *b, size_t kind, uint64_t size)
{
	struct buf bytes = BUF_INIT;

	begin_recording(b);
	if (kind == 3)
		buf_add_z(&bytes, "\33[?1049h");
	while (b->size < size) {
		while (bytes.n < PIECE)
			kinds[kind].add(&bytes);
		show(b, str_upto(buf_str(&bytes), PIECE));
		buf_consume(&bytes, PIECE);
		b->boot += SECOND / 100;
	}
	end_recording(b);
	buf_free(&bytes);
}

static void record_file(struct bench *b, const char *path, uint64_t size)
{
	struct buf bytes = BUF_INIT;
	struct chunk_reader r;
	struct piece p;

	check(fd_read_file(AT_FDCWD, path, 8 << 20, &bytes) == 0, path);
	begin_recording(b);
	while (b->size < size) {
		uint64_t before = b->size, first = 0, base = b->boot;

		check(chunk_open(&r, buf_str(&bytes)), path);
		while (chunk_next(&r, &p) > 0) {
			first = first ? first : p.boot;
			b->boot = base + (p.boot - first);
			add(b, p);
		}
		b->boot += SECOND / 1000;
		check(b->size > before, path);
	}
	end_recording(b);
	buf_free(&bytes);
}

/* All that it takes: the file is opened, the trail is opened. */
static double jump(struct bench *b, uint64_t t)
{
	double begin = now(CLOCK_MONOTONIC);
	struct keyframe_reader block;
	struct piece_reader pieces = {0};
	struct err err = {""};
	struct screens s;
	struct screen *screen;
	struct keyframe k;
	struct piece p;

	check(screens_open(&s, b->a, &b->recording) == 0 &&
		  screens_find(&s, t, &block, &k) == 0,
	    "finding a keyframe");
	screen = keyframe_screen(&k, 0);
	check(screen != NULL, "memory");
	check(
	    piece_reader_open(&pieces, b->a, &b->recording, k.next, &err) == 0,
	    err.text);
	while (piece_reader_next(&pieces, &p, NULL, &err) > 0 && p.boot <= t)
		screen_take(screen, &p);
	piece_reader_close(&pieces);
	screen_free(screen);
	keyframe_close(&block);
	screens_close(&s);
	return now(CLOCK_MONOTONIC) - begin;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void measure(struct bench *b, const char *name)
{
	double took = extend(b, &b->recording), jumps[JUMPS], cpu;
	struct sizes sizes = {0};

	add_sizes(b, &b->recording, &sizes);
	printf("%-12s %7.1f %7.1f %8.3f %7.3f %9.3f %8.3f", name,
	    (double)b->size / 1e6, (double)b->size / 1e6 / took,
	    (double)b->zstd.n / (double)b->size,
	    (double)stored(b) / (double)b->zstd.n,
	    (double)sizes.keyframes / (double)b->zstd.n,
	    (double)sizes.filters / (double)b->zstd.n);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	for (size_t i = 0; i < JUMPS; i++)
		jumps[i] = jump(
		    b, SECOND + (b->boot - SECOND) / JUMPS * i + dice(1000));
	cpu = (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / JUMPS;
	qsort(jumps, JUMPS, sizeof *jumps, by_value);
	printf(" %7.2f %7.2f %7.2f\n", cpu * 1e3, jumps[JUMPS / 2] * 1e3,
	    jumps[JUMPS - 1] * 1e3);
}

static void bench_kinds(uint64_t size, char **files)
{
	struct bench b;

	printf(
	    "output            MB    MB/s  zstd/MB   chain keyframes  filters  "
	    "jump ms: CPU, median, worst\n");
	for (size_t k = 0; !*files && k < sizeof kinds / sizeof *kinds; k++) {
		open_store(&b);
		record_kind(&b, k, size);
		measure(&b, kinds[k].name);
		close_store(&b);
	}
	for (; *files; files++) {
		const char *slash = strrchr(*files, '/');

		open_store(&b);
		record_file(&b, *files, size);
		measure(&b, slash ? slash + 1 : *files);
		close_store(&b);
	}
}

/* --- many hours of people at work --- */

/* Typed, with a letter that is taken back now and then. */
static void type(struct bench *b, const char *line)
{
	show(b, STR("\33]0;root@bench: ~\a\33[01;32mroot@bench\33[0m:~# "));
	for (; *line; line++) {
		b->boot += SECOND / 10 + dice(200000000);
		if (dice(30) == 0) {
			show(b, STR("q"));
			b->boot += SECOND / 5;
			show(b, STR("\b\33[K"));
		}
		show(b, str_make(line, 1));
	}
	show(b, STR("\r\n"));
}

static void work(struct bench *b, uint64_t until)
{
	static const char *const commands[] = {"ls -l",
	    "systemctl status nginx", "tail /var/log/syslog", "df -h",
	    "git log --oneline", "make -j4", "grep -r timeout /etc",
	    "docker ps", "ip addr show"};
	struct buf bytes = BUF_INIT;
	char line[100];

	while (b->boot < until) {
		snprintf(
		    line, sizeof line, "%s %x", commands[dice(9)], dice(4000));
		type(b, line);
		for (unsigned n = dice(24); n; n--)
			kinds[dice(2)].add(&bytes);
		show(b, buf_str(&bytes));
		buf_clear(&bytes);
		b->boot += SECOND * (1 + dice(20));
		if (dice(40) == 0)
			b->boot += SECOND * dice(600);
	}
	buf_free(&bytes);
}

struct hits {
	size_t n, max;
};

static int count_hit(void *ctx, const struct screens_hit *hit)
{
	struct hits *hits = ctx;

	(void)hit;
	return ++hits->n >= hits->max;
}

static void search(struct bench *b, const struct recording *all, size_t n,
    const char *text, size_t max)
{
	double begin = now(CLOCK_MONOTONIC),
	       cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	struct hits hits = {.max = max};
	const struct screens_query q = {str_z(text), count_hit, &hits, all, n};
	struct screens_search *s = screens_search_open(b->a, &q);
	struct err err = {""};

	check(s != NULL, "memory");
	for (size_t i = 0; i < n && hits.n < max; i++)
		check(screens_search_next(s, &err) >= 0, err.text);
	printf("%-24s %8zu %8llu %8.1f %8.1f\n", text, hits.n,
	    (unsigned long long)screens_search_parts(s),
	    (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e3,
	    (now(CLOCK_MONOTONIC) - begin) * 1e3);
	screens_search_close(s);
}

static void bench_hours(uint64_t hours)
{
	size_t n = (size_t)hours * HOUR_PER;
	struct recording *all = calloc(n, sizeof *all); /* newest first */
	uint64_t size = 0, zstd = 0;
	struct sizes sizes = {0};
	double took = 0;
	struct bench b;

	check(all != NULL, "memory");
	open_store(&b);
	for (size_t i = 0; i < n; i++) {
		begin_recording(&b);
		work(&b, 3600 / HOUR_PER * SECOND);
		if (i == n / 3)
			type(&b, "echo the-needle-in-the-hay");
		end_recording(&b);
		all[n - 1 - i] = b.recording;
		took += extend(&b, &b.recording);
		size += b.size;
		zstd += b.zstd.n;
		add_sizes(&b, &b.recording, &sizes);
	}
	printf("\n%llu hours, %zu recordings, %.1f MB: %.1f MB/s, zstd %.3f, "
	       "keyframes %.3f, filters %.3f\n",
	    (unsigned long long)hours, n, (double)size / 1e6,
	    (double)size / 1e6 / took, (double)zstd / (double)size,
	    (double)sizes.keyframes / (double)zstd,
	    (double)sizes.filters / (double)zstd);
	printf(
	    "search                      found    parts   CPU ms       ms\n");
	search(&b, all, n, "the-needle-in-the-hay", SIZE_MAX);
	search(&b, all, n, "not to be found", SIZE_MAX);
	search(&b, all, n, "nowhere", SIZE_MAX);
	search(&b, all, n, "git log --oneline 7b", 50);
	search(&b, all, n, "systemctl status nginx", 50);
	search(&b, all, n, "warning: src/7", 50);
	close_store(&b);
	free(all);
}

int main(int argc, char **argv)
{
	uint64_t megabytes = 16, hours = 100;
	int c;

	while ((c = getopt(argc, argv, "m:H:")) != -1) {
		uint64_t *number = c == 'm' ? &megabytes : &hours;

		if (c == '?' || !str_u64(str_z(optarg), number) ||
		    *number > 100000) {
			fprintf(stderr, "usage: bench_screen [-m MEGABYTES] "
					"[-H HOURS] [CHUNK-FILE...]\n");
			return 2;
		}
	}
	if (megabytes)
		bench_kinds(megabytes * 1000000, argv + optind);
	if (hours)
		bench_hours(hours);
	return 0;
}
