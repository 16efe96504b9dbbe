/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/reader.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"

#define READ_MAX ((size_t)1 << 20)

static int map_counters(struct reader *r, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	r->lost = p;
	r->base = r->lost[0];
	return 0;
}

/* Readable when the ring woke us, or when it is time to look again. */
static int make_poll_fd(struct reader *r, int ring_fd)
{
	struct epoll_event ev = {.events = EPOLLIN};

	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	r->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->timer < 0 || r->poll_fd < 0 ||
	    epoll_ctl(r->poll_fd, EPOLL_CTL_ADD, r->timer, &ev) < 0 ||
	    epoll_ctl(r->poll_fd, EPOLL_CTL_ADD, ring_fd, &ev) < 0)
		return -errno;
	return 0;
}

int reader_open(struct reader *r, const struct tap_opened *opened,
    const struct reader_kind *kind)
{
	int error;

	*r =
	    (struct reader){.timer = -1, .poll_fd = -1, .n_lost = kind->n_lost};
	if (opened->n_fd < READER_N_FDS)
		return -EINVAL;
	error = ring_open(&r->ring, opened->fd[READER_RING], kind->ring_bytes);
	if (error == 0)
		error = map_counters(r, opened->fd[READER_LOST]);
	if (error == 0)
		error = make_poll_fd(r, opened->fd[READER_RING]);
	record_clock_init(&r->clock, kind->magic, kind->version);
	return error;
}

void reader_close(struct reader *r)
{
	fd_close(&r->timer);
	fd_close(&r->poll_fd);
	if (r->lost)
		munmap(r->lost, (size_t)sysconf(_SC_PAGESIZE));
	r->lost = NULL;
	ring_close(&r->ring);
}

static int look_again(struct reader *r)
{
	struct itimerspec in = {
	    .it_value = {.tv_nsec = TAP_INTERVAL_MS * 1000000}};

	return timerfd_settime(r->timer, 0, &in, NULL) < 0 ? -errno : 0;
}

int reader_read(struct reader *r, struct buf *to, struct err *err)
{
	uint64_t expired;
	size_t before;
	int got;

	/* Only so is the timer no longer readable. */
	if (read(r->timer, &expired, sizeof expired) < 0 && errno != EAGAIN)
		return err_sys(err, -errno, "cannot read a timer");
	record_clock_tell(&r->clock, to);
	before = to->n;
	got = ring_read(&r->ring, to, READ_MAX);
	if (got >= 0 && to->n > before) {
		int set = look_again(r);

		got = set < 0 ? set : got;
	}
	if (got < 0)
		return err_sys(
		    err, got, "cannot read the ring of the bpf programs");
	return got ? TAP_MORE : TAP_IDLE;
}

uint64_t reader_lost(struct reader *r)
{
	uint64_t n = 0;

	for (size_t i = 1; i < r->n_lost; i++)
		n += __atomic_load_n(&r->lost[i], __ATOMIC_RELAXED);
	r->lost[0] = n;
	return n > r->base ? n - r->base : 0;
}
