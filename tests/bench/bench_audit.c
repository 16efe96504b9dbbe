/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast audit logs are parsed: bytes to events, assembled, into nothing.
 *
 *     bench_audit FILE [ROUNDS [CHUNK_BYTES]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "sources/source.h"

struct bench {
	struct source_sink sink; /* first */
	uint64_t events;
	uint64_t fields;
};

static int count_event(struct source_sink *sink, struct event *ev)
{
	struct bench *b = (struct bench *)sink;

	b->events++;
	for (size_t i = 0; i < sizeof ev->has / sizeof ev->has[0]; i++)
		b->fields += (uint64_t)__builtin_popcountll(ev->has[i]);
	return 0;
}

static double seconds(void)
{
	struct timespec t;

	/* Of the processor, so that other load does not count. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int feed_all(const struct source *src, struct source_run *run,
    struct str text, size_t chunk, struct source_sink *sink)
{
	size_t at = 0;

	while (at < text.n) {
		size_t n = text.n - at < chunk ? text.n - at : chunk;
		ssize_t r = src->feed(
		    run, str_make(text.p + at, n), at, at + n == text.n, sink);

		if (r <= 0)
			return r < 0 ? (int)r : -1;
		at += (size_t)r;
	}
	return src->finish(run, sink);
}

static int parse_once(struct str text, size_t chunk, struct bench *b)
{
	const struct source *src = source_find(STR("audit"));
	struct source_input in = {.name = "bench",
	    .host = STR("bench"),
	    .id_key = (const uint8_t *)"0123456789abcdef"};
	struct source_run *run;
	int r;

	*b = (struct bench){.sink = {.event = count_event}};
	r = src->open(&run, &in, NULL);
	if (r < 0)
		return r;
	r = feed_all(src, run, text, chunk, &b->sink);
	src->close(run);
	return r;
}

static struct str read_file(const char *name)
{
	FILE *f = fopen(name, "rb");
	long n = f && fseek(f, 0, SEEK_END) == 0 ? ftell(f) : 0;
	char *p = n > 0 ? malloc((size_t)n) : NULL;

	if (p) {
		rewind(f);
		n = (long)fread(p, 1, (size_t)n, f);
	}
	if (f)
		fclose(f);
	return p ? str_make(p, (size_t)n) : STR_NONE;
}

int main(int argc, char **argv)
{
	struct str text = argc > 1 ? read_file(argv[1]) : STR_NONE;
	uint64_t rounds = 3, chunk = 1 << 20;
	struct rusage use;
	struct bench b;

	if (!text.n || (argc > 2 && !str_u64(str_z(argv[2]), &rounds)) ||
	    (argc > 3 && !str_u64(str_z(argv[3]), &chunk))) {
		fprintf(stderr, "usage: bench_audit FILE [ROUNDS [BYTES]]\n");
		return 2;
	}
	for (uint64_t i = 0; i < rounds; i++) {
		double t = seconds();

		if (parse_once(text, (size_t)chunk, &b) < 0)
			return 4;
		t = seconds() - t;
		printf("%.0f MB/s %.0f events/s %.0f records/s "
		       "(%llu events, %llu lines, %llu unparsed, "
		       "%.1f fields an event)\n",
		    (double)text.n / 1e6 / t, (double)b.events / t,
		    (double)b.sink.lines / t, (unsigned long long)b.events,
		    (unsigned long long)b.sink.lines,
		    (unsigned long long)b.sink.unparsed,
		    (double)b.fields / (double)b.events);
	}
	getrusage(RUSAGE_SELF, &use);
	printf("peak memory %ld KiB besides the file\n",
	    use.ru_maxrss - (long)(text.n >> 10));
	/* A sanitizer takes what is left for a leak. */
	free((void *)(uintptr_t)text.p);
	return 0;
}
