/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "sources/bpf/record.h"

#define READ_MAX    ((size_t)1 << 20)
#define NS_PER_S    1000000000
/* How far the wall clock may go astray before its offset is told again. */
#define CLOCK_SLACK 1000000
#define BOOT_TEXT   36 /* with dashes */

/* As in the journal: without dashes. Unreadable: no boot id, zero bytes. */
static void read_boot(struct reader *r, int fd)
{
	char text[BOOT_TEXT];
	size_t n = 0;

	if (fd_pread_full(fd, text, sizeof text, 0) != sizeof text)
		return;
	for (size_t i = 0; i < sizeof text && n < sizeof r->boot; i++)
		if (text[i] != '-')
			r->boot[n++] = text[i];
}

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

	*r = (struct reader){.timer = -1,
	    .poll_fd = -1,
	    .n_lost = kind->n_lost,
	    .magic = kind->magic,
	    .version = kind->version};
	if (opened->n_fd < READER_N_FDS)
		return -EINVAL;
	error = ring_open(&r->ring, opened->fd[READER_RING], kind->ring_bytes);
	if (error == 0)
		error = map_counters(r, opened->fd[READER_LOST]);
	if (error == 0)
		error = make_poll_fd(r, opened->fd[READER_RING]);
	read_boot(r, opened->fd[READER_BOOT]);
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

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Times of the kernel go by the boot; what they mean is told beside them. */
static void tell_clock(struct reader *r, struct buf *to)
{
	int64_t before = clock_ns(CLOCK_BOOTTIME);
	int64_t real = clock_ns(CLOCK_REALTIME);
	int64_t after = clock_ns(CLOCK_BOOTTIME);
	int64_t offset = real - before - (after - before) / 2;
	struct rec_clock rec = {
	    .head = {.magic = r->magic,
		.version = r->version,
		.type = REC_CLOCK,
		.size = sizeof rec,
		.time = (uint64_t)before},
	    .real_offset = offset,
	};

	if (r->clock_told && llabs(offset - r->offset) < CLOCK_SLACK)
		return;
	memcpy(rec.boot, r->boot, sizeof rec.boot);
	buf_add(to, &rec, sizeof rec);
	r->clock_told = true;
	r->offset = offset;
}

int reader_read(struct reader *r, struct buf *to, struct err *err)
{
	uint64_t expired;
	size_t before;
	int got;

	/* Only so is the timer no longer readable. */
	if (read(r->timer, &expired, sizeof expired) < 0 && errno != EAGAIN)
		return err_sys(err, -errno, "cannot read a timer");
	tell_clock(r, to);
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
