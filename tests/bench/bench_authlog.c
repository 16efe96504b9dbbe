/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a log is turned into events: bench_authlog [MIB] FILE... repeats
 * the content of each file to at least 64 MiB, or MIB, and feeds it to the
 * source that knows it, in pieces of 1 MiB as a driver does. Prints lines and
 * megabytes a second of CPU time, best of three.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sources/source.h"

#define SIZE_MAX_MIB 64
#define PIECE	     ((size_t)1 << 20)

struct count {
	struct source_sink sink; /* first */
	uint64_t events;
};

static int on_event(struct source_sink *sink, struct event *ev)
{
	((struct count *)sink)->events++;
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct str load(const char *path, size_t size)
{
	char *p = malloc(size * 2);
	FILE *f = fopen(path, "rb");
	size_t n = 0, all;

	if (p && f)
		n = fread(p, 1, size, f);
	if (f)
		fclose(f);
	if (n == 0 || n == size) {
		fprintf(stderr, "%s cannot be read, or is too big\n", path);
		exit(1);
	}
	for (all = n; all < size; all += n)
		memcpy(p + all, p, n);
	return str_make(p, all);
}

static double feed_all(const struct source *s, const char *path,
    struct str data, struct count *count)
{
	static const uint8_t key[16] = "bench";
	struct source_input in = {
	    .name = path, .mtime = INT64_C(1795397292000000), .id_key = key};
	struct source_run *run;
	struct err err;
	double begin = now();
	size_t at = 0;

	*count = (struct count){.sink = {.event = on_event}};
	if (s->open(&run, &in, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	while (at < data.n) {
		struct str piece = str_upto(str_from(data, at), PIECE);
		ssize_t n = s->feed(
		    run, piece, at, at + piece.n == data.n, &count->sink);

		if (n <= 0) {
			fprintf(stderr, "%s: feed stopped\n", path);
			exit(1);
		}
		at += (size_t)n;
	}
	s->finish(run, &count->sink);
	s->close(run);
	return now() - begin;
}

int main(int argc, char **argv)
{
	uint64_t mib = SIZE_MAX_MIB;
	int first = 1;

	if (argc > 1 && str_u64(str_z(argv[1]), &mib))
		first = 2;
	if (mib == 0 || mib > SIZE_MAX_MIB)
		return 2;
	for (int i = first; i < argc; i++) {
		struct str data = load(argv[i], (size_t)mib << 20);
		struct str host;
		int64_t time;
		const struct source *s =
		    source_detect(str_upto(data, 65536), argv[i], &host, &time);
		struct count count;
		double best = 1e9;

		if (!s) {
			fprintf(stderr, "%s: no known format\n", argv[i]);
			return 1;
		}
		for (int turn = 0; turn < 3; turn++) {
			double t = feed_all(s, argv[i], data, &count);

			if (t < best)
				best = t;
		}
		printf("%s: %.2f million lines/s, %.0f MB/s, %.2f million "
		       "events/s, %llu of %llu lines not understood\n",
		    argv[i], (double)count.sink.lines / best / 1e6,
		    (double)data.n / best / 1e6,
		    (double)count.events / best / 1e6,
		    (unsigned long long)count.sink.unparsed,
		    (unsigned long long)count.sink.lines);
		free((void *)(uintptr_t)data.p);
	}
	return 0;
}
