/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loop that waits for descriptors, timers and signals (epoll) and calls back
 * when they are ready, all in one thread.
 *
 * Watches and timers belong to the caller, who embeds them where they are
 * needed; the loop allocates nothing. In a callback any watch or timer, also
 * the one called for, may be added, changed, removed and its memory given back:
 * what was removed is not called any more, even if it was ready already.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

struct loop;

enum loop_what {
	LOOP_READ = 1 << 0,
	LOOP_WRITE = 1 << 1,
	/*
	 * Only told, never asked for: the other side has hung up, or there is
	 * an error. LOOP_READ or LOOP_WRITE, where wanted, come with it, since
	 * the next call on the descriptor says more. Told again and again until
	 * the watch is removed.
	 */
	LOOP_HANGUP = 1 << 2,
};

/* A descriptor; the caller fills `fd`, `ready` and `ctx`, all else is zero. */
struct loop_watch {
	int fd;
	void (*ready)(struct loop *l, struct loop_watch *w, unsigned what);
	void *ctx;
	/* The loop's: */
	unsigned wants;
	bool is_added;
};

/* A timer; the caller fills `due` and `ctx`, all else is zero. */
struct loop_timer {
	void (*due)(struct loop *l, struct loop_timer *t);
	void *ctx;
	/* The loop's: */
	int64_t at, every;
	uint64_t round; /* when it was started, or called last */
	struct loop_timer *next, **place;
};

/* Signals; the caller fills `got` and `ctx`, all else is zero. */
struct loop_signals {
	void (*got)(struct loop *l, struct loop_signals *s,
	    const struct signalfd_siginfo *info);
	void *ctx;
	/* The loop's: */
	struct loop_watch watch;
	sigset_t before;
};

#define LOOP_BATCH 32

/* All of it the loop's. */
struct loop {
	int epfd;
	bool stopped;
	int result;
	uint64_t round;
	struct loop_timer *timers;
	struct epoll_event ready[LOOP_BATCH];
	int n_ready, at;
};

/* Returns 0 or a negative errno; so do all below that return int. */
int loop_init(struct loop *l);
/*
 * Watches and timers need not be removed before. Twice is fine. After a fork()
 * both processes wait for the same: the child calls this before it removes any
 * watch or stops signals, or it does so for its parent too.
 */
void loop_free(struct loop *l);

/*
 * Begin to watch w->fd for `wants` (LOOP_READ, LOOP_WRITE, or 0: hang-up only).
 * The descriptor stays the caller's and must be unwatched before it is closed.
 * It is called while it is ready, not only when it becomes so. -EPERM: nothing
 * can wait for it, as for a file or directory. -EEXIST: it is watched already.
 */
int loop_watch(struct loop *l, struct loop_watch *w, unsigned wants);
int loop_want(struct loop *l, struct loop_watch *w, unsigned wants);
/* Fine too when it is not watched. */
void loop_unwatch(struct loop *l, struct loop_watch *w);

/*
 * Call t->due after `after_us` microseconds, and then each `every_us` (0: only
 * once) for as long as it is not stopped. A call never comes early, may come a
 * millisecond late, and where the process was kept from several it comes once.
 * Starting one that runs sets it anew.
 */
void loop_timer_start(
    struct loop *l, struct loop_timer *t, int64_t after_us, int64_t every_us);
/* Fine too when it does not run. */
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/*
 * Block these signals and have s->got called for each instead. Threads and
 * processes made later inherit the block: threads, so that a signal comes here;
 * a process that runs another program must lift it.
 */
int loop_signals_start(
    struct loop *l, struct loop_signals *s, const int *signals, unsigned n);
/* They have their former way again. Fine too when they were not started. */
void loop_signals_stop(struct loop *l, struct loop_signals *s);

/*
 * Wait and call back until loop_stop(), whose `result` it returns, or a
 * negative errno when waiting fails.
 */
int loop_run(struct loop *l);
/* In a callback: what is ready in this round is not called any more. */
void loop_stop(struct loop *l, int result);

/*
 * One round: wait at most max_us (-1: as long as it takes) and call back for
 * what is ready, at most LOOP_BATCH descriptors, and each timer once. Not from
 * a callback.
 */
int loop_once(struct loop *l, int64_t max_us);

/* Microseconds of CLOCK_MONOTONIC. */
int64_t loop_now(void);

#endif
