/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: bench_core [SECONDS]: how fast events are written as JSON, read back
 * and given their tracks. One line a measurement: name,
 * events and MB a second of processor time, as others may use the machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/correlate.h"
#include "core/event_json.h"

#define N_EVENTS 4096

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* An exec event as the audit source makes it, of one of 64 sessions. */
static void make_event(struct event *ev, unsigned i, struct arena *a)
{
	event_init(ev, EVENT_EXEC);
	ev->trust = TRUST_KERNEL;
	ev->time = (int64_t)1795348168940565 + i * 1000;
	ev->host = STR("web-1.example.org");
	ev->source = STR("audit");
	event_set_str(ev, F_USER, STR("ann"));
	event_set_int(ev, F_AUID, 1000);
	event_set_int(ev, F_SES, 100 + i % 64);
	event_set_int(ev, F_UID, 1000);
	event_set_int(ev, F_EUID, 1000);
	event_set_int(ev, F_GID, 1000);
	event_set_int(ev, F_PID, 2000 + i);
	event_set_int(ev, F_PPID, 1999 + i / 8);
	event_set_str(ev, F_EXE, STR("/usr/bin/git"));
	event_set_str(ev, F_COMM, STR("git"));
	event_set_str(ev, F_ARGV,
	    arena_printf(a, "git%clog%c--since=2 weeks ago%c--author=a%u%c", 0,
		0, 0, i, 0));
	event_set_str(ev, F_CWD, STR("/home/ann/src/project/with/a/path"));
	event_set_str(ev, F_TTY, STR("pts0"));
	event_set_int(ev, F_SUCCESS, 1);
	event_set_int(ev, F_EXIT, 0);
	event_set_str(ev, F_TYPE, STR("SYSCALL,EXECVE,CWD,PATH,PROCTITLE"));
	event_set_int(ev, F_SERIAL, 1000000 + i);
	event_set_str(ev, F_KEY, STR("exec"));
	event_set_hex(ev, F_ID, UINT64_C(0x123456789abcdef0) + i);
	event_set_int(ev, F_OFFSET, (int64_t)i * 900);
}

static int take_track(void *ctx, const struct track *t)
{
	uint64_t *n = ctx;

	*n += t->n_exec > 0;
	return 0;
}

static void report(const char *name, size_t rounds, size_t bytes, double took)
{
	printf("%-10s %10.0f events/s %8.0f MB/s\n", name,
	    (double)(rounds * N_EVENTS) / took,
	    (double)bytes * (double)rounds / took / 1e6);
}

static void bench_json(const struct event *events, double seconds)
{
	struct buf b = BUF_INIT;
	struct arena a = ARENA_INIT;
	size_t rounds = 0;
	double start = now();

	for (; now() - start < seconds; rounds++) {
		buf_clear(&b);
		for (size_t i = 0; i < N_EVENTS; i++) {
			event_to_json(&events[i], 0, &b);
			buf_add_char(&b, '\n');
		}
	}
	report("write", rounds, b.n, now() - start);
	start = now();
	for (rounds = 0; now() - start < seconds; rounds++) {
		struct str rest = buf_str(&b), line;

		while (rest.n) {
			struct event ev;
			struct err err;

			str_cut(&rest, '\n', &line);
			if (event_from_json(&ev, line, &a, &err))
				abort();
			arena_reset(&a);
		}
	}
	report("read", rounds, b.n, now() - start);
	buf_free(&b);
	arena_free(&a);
}

static void bench_correlate(struct event *events, double seconds)
{
	static const uint8_t key[16] = {1};
	uint64_t tracks = 0;
	const struct correlate_sink sink = {take_track, NULL, &tracks};
	struct correlator *c;
	size_t rounds = 0;
	double start = now();

	if (correlator_new(&c, key, NULL))
		abort();
	for (; now() - start < seconds; rounds++) {
		for (size_t i = 0; i < N_EVENTS; i++)
			if (correlate(c, &events[i]) || !events[i].track)
				abort();
		if (correlator_drain(c, &sink))
			abort();
	}
	report("correlate", rounds, 0, now() - start);
	correlator_free(c);
}

int main(int argc, char **argv)
{
	struct event *events = calloc(N_EVENTS, sizeof *events);
	struct arena a = ARENA_INIT;
	uint64_t seconds = 1;

	if (argc > 1 && !str_u64(str_z(argv[1]), &seconds))
		return 2;
	if (!events)
		return 4;
	for (unsigned i = 0; i < N_EVENTS; i++)
		make_event(&events[i], i, &a);
	bench_json(events, (double)seconds);
	bench_correlate(events, (double)seconds);
	arena_free(&a);
	free(events);
	return 0;
}
