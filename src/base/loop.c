/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"

#define USEC_PER_MSEC 1000

int loop_init(struct loop *l)
{
	*l = (struct loop){.epfd = epoll_create1(EPOLL_CLOEXEC)};
	return l->epfd < 0 ? -errno : 0;
}

void loop_free(struct loop *l)
{
	fd_close(&l->epfd);
	while (l->timers)
		loop_timer_stop(l, l->timers);
}

int64_t loop_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return time_from_kernel(ts);
}

/* Descriptors. */

static int control(struct loop *l, int op, struct loop_watch *w, unsigned wants)
{
	struct epoll_event ev = {
	    .events = (wants & LOOP_READ ? EPOLLIN : 0U) |
		      (wants & LOOP_WRITE ? EPOLLOUT : 0U),
	    .data.ptr = w,
	};

	return epoll_ctl(l->epfd, op, w->fd, &ev) < 0 ? -errno : 0;
}

int loop_watch(struct loop *l, struct loop_watch *w, unsigned wants)
{
	int r = control(l, EPOLL_CTL_ADD, w, wants);

	if (r == 0) {
		w->wants = wants;
		w->is_added = true;
	}
	return r;
}

int loop_want(struct loop *l, struct loop_watch *w, unsigned wants)
{
	int r = control(l, EPOLL_CTL_MOD, w, wants);

	if (r == 0)
		w->wants = wants;
	return r;
}

void loop_unwatch(struct loop *l, struct loop_watch *w)
{
	if (!w->is_added)
		return;
	w->is_added = false;
	control(l, EPOLL_CTL_DEL, w, 0);
	/* Its memory may be gone before its turn in this batch comes. */
	for (int i = l->at; i < l->n_ready; i++)
		if (l->ready[i].data.ptr == w)
			l->ready[i].data.ptr = NULL;
}

/* By what is wanted now: an earlier callback may have changed it. */
static unsigned what_is_ready(const struct loop_watch *w, uint32_t events)
{
	unsigned what = (events & EPOLLIN ? LOOP_READ : 0U) |
			(events & EPOLLOUT ? LOOP_WRITE : 0U);

	if (events & (EPOLLHUP | EPOLLERR))
		return w->wants | LOOP_HANGUP;
	return what & w->wants;
}

static void call_watches(struct loop *l)
{
	while (l->at < l->n_ready && !l->stopped) {
		const struct epoll_event *ev = &l->ready[l->at++];
		struct loop_watch *w = ev->data.ptr;
		unsigned what = w ? what_is_ready(w, ev->events) : 0;

		if (what)
			w->ready(l, w, what);
	}
	l->at = l->n_ready = 0;
}

/* Timers. */

void loop_timer_start(
    struct loop *l, struct loop_timer *t, int64_t after_us, int64_t every_us)
{
	loop_timer_stop(l, t);
	if (__builtin_add_overflow(
		loop_now(), after_us > 0 ? after_us : 0, &t->at))
		t->at = INT64_MAX;
	t->every = every_us;
	t->round = l->round;
	t->next = l->timers;
	t->place = &l->timers;
	if (t->next)
		t->next->place = &t->next;
	l->timers = t;
}

void loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	if (!t->place)
		return;
	*t->place = t->next;
	if (t->next)
		t->next->place = t->place;
	t->next = NULL;
	t->place = NULL;
}

/* The first one due. What was started or called in this round had its turn. */
static struct loop_timer *find_due(const struct loop *l, int64_t now)
{
	struct loop_timer *first = NULL;

	for (struct loop_timer *t = l->timers; t; t = t->next)
		if (t->at <= now && t->round != l->round &&
		    (!first || t->at < first->at))
			first = t;
	return first;
}

/* There are few: the list is looked through anew, as each call may change it.
 */
static void call_timers(struct loop *l)
{
	const int64_t now = loop_now();
	struct loop_timer *t;

	while (!l->stopped && (t = find_due(l, now))) {
		t->round = l->round;
		if (t->every <= 0)
			loop_timer_stop(l, t);
		else if (__builtin_add_overflow(t->at, t->every, &t->at) ||
			 t->at <= now)
			loop_timer_start(l, t, t->every, t->every);
		t->due(l, t);
	}
}

/* For epoll_wait(): rounded up, so that no timer is called early. */
static int wait_ms(const struct loop *l, int64_t max_us)
{
	int64_t wait = max_us < 0 ? INT64_MAX : max_us;
	const int64_t now = loop_now();

	for (const struct loop_timer *t = l->timers; t; t = t->next)
		if (t->at - now < wait)
			wait = t->at > now ? t->at - now : 0;
	if (wait == INT64_MAX)
		return -1;
	wait = wait / USEC_PER_MSEC + (wait % USEC_PER_MSEC != 0);
	return wait < INT_MAX ? (int)wait : INT_MAX;
}

/* Signals. */

static void read_signal(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct loop_signals *s = w->ctx;
	struct signalfd_siginfo info;

	/* One at a time: the callback may stop them all. */
	if (read(w->fd, &info, sizeof info) == (ssize_t)sizeof info)
		s->got(l, s, &info);
}

int loop_signals_start(
    struct loop *l, struct loop_signals *s, const int *signals, unsigned n)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	for (unsigned i = 0; i < n; i++)
		if (sigaddset(&set, signals[i]) < 0)
			return -errno;
	s->watch.ready = read_signal;
	s->watch.ctx = s;
	s->watch.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->watch.fd < 0)
		return -errno;
	r = loop_watch(l, &s->watch, LOOP_READ);
	if (r == 0)
		r = -pthread_sigmask(SIG_BLOCK, &set, &s->before);
	if (r) {
		loop_unwatch(l, &s->watch);
		fd_close(&s->watch.fd);
	}
	return r;
}

void loop_signals_stop(struct loop *l, struct loop_signals *s)
{
	if (!s->watch.is_added)
		return;
	loop_unwatch(l, &s->watch);
	fd_close(&s->watch.fd);
	pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}

/* The loop itself. */

int loop_once(struct loop *l, int64_t max_us)
{
	int n;

	l->round++;
	l->stopped = false;
	n = epoll_wait(l->epfd, l->ready, LOOP_BATCH, wait_ms(l, max_us));
	if (n < 0 && errno != EINTR)
		return -errno;
	l->at = 0;
	l->n_ready = n < 0 ? 0 : n;
	call_watches(l);
	call_timers(l);
	return 0;
}

void loop_stop(struct loop *l, int result)
{
	l->stopped = true;
	l->result = result;
}

int loop_run(struct loop *l)
{
	int r;

	do
		r = loop_once(l, -1);
	while (r == 0 && !l->stopped);
	return r ? r : l->result;
}
