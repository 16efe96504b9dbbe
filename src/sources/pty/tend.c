/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/pty/tend.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "sources/pty/load.h"
#include "sources/pty/record.h"

/* From the last process that sshd forked on: the next comes soon, mostly. */
#define LINGER_SEC 10
#define BELL_BYTES 4096

struct tap_tending {
	struct ring bell;
	const uint64_t *counters;
	int timer, poll_fd;
	size_t n; /* programs; which are the tap's: */
	int program[PTY_TENDED_MAX];
	int link[PTY_TENDED_MAX]; /* -1: not attached */
	struct buf rung;
};

static void detach(struct tap_tending *t)
{
	for (size_t i = 0; i < t->n; i++)
		fd_close(&t->link[i]);
}

/* What is attached already stays. */
static int attach(struct tap_tending *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->link[i] >= 0)
			continue;
		t->link[i] = pty_attach(t->program[i]);
		if (t->link[i] < 0)
			return t->link[i];
	}
	return 0;
}

static void tend_stop(struct tap_tending *t)
{
	if (!t)
		return;
	ring_close(&t->bell);
	if (t->counters)
		munmap((void *)(uintptr_t)t->counters,
		    (size_t)sysconf(_SC_PAGESIZE));
	fd_close(&t->timer);
	fd_close(&t->poll_fd);
	detach(t);
	buf_free(&t->rung);
	free(t);
}

static int map_all(struct tap_tending *t, const struct tap_opened *opened)
{
	int r = ring_open(&t->bell, opened->fd[PTY_FD_BELL], BELL_BYTES);
	void *p;

	if (r < 0)
		return r;
	p = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED,
	    opened->fd[READER_LOST], 0);
	if (p == MAP_FAILED)
		return -errno;
	t->counters = p;
	return 0;
}

static int make_poll_fd(struct tap_tending *t, int bell)
{
	struct epoll_event ev = {.events = EPOLLIN};

	t->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	t->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (t->timer < 0 || t->poll_fd < 0 ||
	    epoll_ctl(t->poll_fd, EPOLL_CTL_ADD, t->timer, &ev) < 0 ||
	    epoll_ctl(t->poll_fd, EPOLL_CTL_ADD, bell, &ev) < 0)
		return -errno;
	return 0;
}

static bool anybody(const struct tap_tending *t)
{
	return __atomic_load_n(
		   &t->counters[PTY_COUNTER_SSHDS], __ATOMIC_ACQUIRE) > 0;
}

static int linger(const struct tap_tending *t)
{
	const struct itimerspec in = {.it_value = {.tv_sec = LINGER_SEC}};

	return timerfd_settime(t->timer, 0, &in, NULL) < 0 ? -errno : 0;
}

static int tend(struct tap_tending *t, struct err *err)
{
	uint64_t expired = 0;
	bool due = read(t->timer, &expired, sizeof expired) > 0;
	int r = ring_read(&t->bell, &t->rung, BELL_BYTES);

	buf_clear(&t->rung);
	if (r >= 0 && anybody(t)) {
		r = attach(t);
	} else if (r >= 0 && t->link[0] >= 0) {
		if (due)
			detach(t);
		else
			r = linger(t);
	}
	return r < 0 ? err_sys(err, r,
			   "cannot attach the program that watches terminals")
		     : 0;
}

static int tend_start(
    struct tap_tending **ret, const struct tap_opened *opened, struct err *err)
{
	struct tap_tending *t;
	int r;

	*ret = NULL;
	if (!opened->kept[1])
		return 0;
	t = calloc(1, sizeof *t);
	if (!t)
		return err_sys(err, -ENOMEM, "terminals");
	t->timer = t->poll_fd = -1;
	t->n = (size_t)opened->kept[1];
	for (size_t i = 0; i < t->n; i++) {
		t->program[i] = opened->fd[PTY_FD_TENDED + i];
		t->link[i] = -1;
	}
	r = map_all(t, opened);
	if (r == 0)
		r = make_poll_fd(t, opened->fd[PTY_FD_BELL]);
	r = r < 0 ? err_sys(err, r, "cannot watch for processes of sshd")
		  : tend(t, err);
	if (r < 0) {
		tend_stop(t);
		return r;
	}
	*ret = t;
	return 0;
}

static int tend_fd(const struct tap_tending *t)
{
	return t->poll_fd;
}

const struct tap_tender pty_tender = {
    .start = tend_start,
    .fd = tend_fd,
    .tend = tend,
    .stop = tend_stop,
};
