/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast audit logs are parsed: a file to events, assembled, into nothing.
 *
 *     bench_audit FILE [ROUNDS]
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "sources/source.h"

/* As much as an import hands to the parser at once. */
#define PIECE (1 << 20)

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

/*
 * Piece by piece through one buffer, as an import reads it: what the kernel
 * takes to read is part of the time.
 */
static int feed_all(const struct source *src, struct source_run *run, int fd,
    struct buf *window, struct source_sink *sink)
{
	uint64_t at = 0;
	ssize_t n, r;

	do {
		char *to = buf_reserve(window, PIECE);

		n = to ? fd_read_full(fd, to, PIECE) : buf_error(window);
		if (n < 0)
			return (int)n;
		window->n += (size_t)n;
		r = src->feed(run, buf_str(window), at, n < PIECE, sink);
		if (r < 0)
			return (int)r;
		buf_consume(window, (size_t)r);
		at += (uint64_t)r;
	} while (n == PIECE);
	return src->finish(run, sink);
}

static int parse_once(int fd, struct buf *window, struct bench *b)
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
	buf_clear(window);
	r = feed_all(src, run, fd, window, &b->sink);
	src->close(run);
	return r;
}

static void tell(const struct bench *b, double bytes, double seconds)
{
	printf("%.0f MB/s %.0f events/s %.0f records/s "
	       "(%llu events, %llu lines, %llu unparsed, "
	       "%.1f fields an event)\n",
	    bytes / 1e6 / seconds, (double)b->events / seconds,
	    (double)b->sink.lines / seconds, (unsigned long long)b->events,
	    (unsigned long long)b->sink.lines,
	    (unsigned long long)b->sink.unparsed,
	    (double)b->fields / (double)b->events);
}

int main(int argc, char **argv)
{
	CLEANUP_FD int fd = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	struct buf window = BUF_INIT;
	uint64_t rounds = 3;
	struct rusage use;
	struct bench b;

	if (fd < 0 || (argc > 2 && !str_u64(str_z(argv[2]), &rounds))) {
		fprintf(stderr, "usage: bench_audit FILE [ROUNDS]\n");
		return 2;
	}
	for (uint64_t i = 0; i < rounds; i++) {
		double t = seconds();

		if (lseek(fd, 0, SEEK_SET) < 0 ||
		    parse_once(fd, &window, &b) < 0)
			return 4;
		t = seconds() - t;
		tell(&b, (double)lseek(fd, 0, SEEK_CUR), t);
	}
	getrusage(RUSAGE_SELF, &use);
	printf("peak memory %ld KiB\n", use.ru_maxrss);
	buf_free(&window);
	return 0;
}
