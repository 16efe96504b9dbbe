/* SPDX-License-Identifier: Apache-2.0 */
/* Processes and connections of login sessions, from programs in the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "sources/bpf/load.h"
#include "sources/bpf/record.h"
#include "sources/bpf/ring.h"
#include "sources/tap.h"

#define READ_MAX    ((size_t)1 << 20)
#define NS_PER_S    1000000000
/* How far the wall clock may go astray before its offset is told again. */
#define CLOCK_SLACK 1000000
#define BOOT_TEXT   36 /* with dashes */

struct tap_run {
	int fd[TAP_FDS_MAX];
	unsigned n_fd;
	struct ring ring;
	int timer;	/* when to look again, see REC_WAKE_NS */
	int poll_fd;	/* epoll of ring and timer */
	uint64_t *lost; /* by enum rec_type; [0]: of them told already */
	uint64_t base;	/* told by a collector before this one */
	int64_t offset; /* told last */
	bool clock_told;
	char boot[32];
};

static void close_fds(int fd[static TAP_FDS_MAX], unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		fd_close(&fd[i]);
}

static int watch_files(struct tap_opened *to, const char *list)
{
	int n = bpf_watch(to, str_z(list ? list : ""));
	size_t at = strlen(to->note);

	if (n > 0)
		snprintf(to->note + at, sizeof to->note - at,
		    "; %d files to be watched left out: no path, no name, or "
		    "too long",
		    n);
	return n < 0 ? n : 0;
}

static int bpf_open(struct tap_opened *ret, const char *path, struct err *err)
{
	static const char boot_id[] = "/proc/sys/kernel/random/boot_id";
	struct tap_opened got = {.n_fd = 0, .name = "bpf"};
	int r;

	r = bpf_load(&got, err);
	if (r == 0) {
		int boot = open(boot_id, O_RDONLY | O_CLOEXEC);

		/* Ring and counters stand before it, links behind. */
		for (unsigned i = got.n_fd; i > BPF_FD_BOOT; i--)
			got.fd[i] = got.fd[i - 1];
		got.fd[BPF_FD_BOOT] = boot;
		got.n_fd++;
		if (boot < 0)
			r = err_sys(err, -errno, "cannot open %s", boot_id);
	}
	if (r == 0) {
		r = watch_files(&got, path);
		if (r < 0)
			err_sys(err, r, "cannot say what files to watch");
	}
	if (r < 0)
		close_fds(got.fd, got.n_fd);
	else
		*ret = got;
	return r;
}

static void bpf_refresh(const struct tap_opened *opened, const char *path)
{
	bpf_watch(opened, str_z(path ? path : ""));
	bpf_count_missed(opened);
}

/* As in the journal: without dashes. Unreadable: no boot id, zero bytes. */
static void read_boot(struct tap_run *run)
{
	char text[BOOT_TEXT];
	size_t n = 0;

	if (fd_pread_full(run->fd[BPF_FD_BOOT], text, sizeof text, 0) !=
	    sizeof text)
		return;
	for (size_t i = 0; i < sizeof text && n < sizeof run->boot; i++)
		if (text[i] != '-')
			run->boot[n++] = text[i];
}

static int map_counters(struct tap_run *run)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
	    run->fd[BPF_FD_LOST], 0);

	if (p == MAP_FAILED)
		return -errno;
	run->lost = p;
	run->base = run->lost[0];
	return 0;
}

/* Readable when the ring woke us, or when it is time to look again. */
static int make_poll_fd(struct tap_run *run)
{
	struct epoll_event ev = {.events = EPOLLIN};

	run->timer =
	    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	run->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (run->timer < 0 || run->poll_fd < 0 ||
	    epoll_ctl(run->poll_fd, EPOLL_CTL_ADD, run->timer, &ev) < 0 ||
	    epoll_ctl(run->poll_fd, EPOLL_CTL_ADD, run->fd[BPF_FD_RING], &ev) <
		0)
		return -errno;
	return 0;
}

static int look_again(struct tap_run *run)
{
	struct itimerspec in = {
	    .it_value = {.tv_nsec = TAP_INTERVAL_MS * 1000000}};

	return timerfd_settime(run->timer, 0, &in, NULL) < 0 ? -errno : 0;
}

static void bpf_stop(struct tap_run *run)
{
	fd_close(&run->timer);
	fd_close(&run->poll_fd);
	if (run->lost)
		munmap(run->lost, (size_t)sysconf(_SC_PAGESIZE));
	ring_close(&run->ring);
	close_fds(run->fd, run->n_fd);
	free(run);
}

static int bpf_start(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err)
{
	struct tap_run *run = calloc(1, sizeof *run);
	int r;

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	memcpy(run->fd, opened->fd, sizeof run->fd);
	run->n_fd = opened->n_fd;
	run->timer = run->poll_fd = -1;
	r = run->n_fd < BPF_N_FDS
		? -EINVAL
		: ring_open(&run->ring, run->fd[BPF_FD_RING], REC_RING_BYTES);
	if (r == 0)
		r = map_counters(run);
	if (r == 0)
		r = make_poll_fd(run);
	if (r < 0) {
		bpf_stop(run);
		return err_sys(
		    err, r, "cannot map or poll the ring of the bpf programs");
	}
	read_boot(run);
	*ret = run;
	return 0;
}

static int bpf_fd(const struct tap_run *run)
{
	return run->poll_fd;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Times of the kernel go by the boot; what they mean is told beside them. */
static void tell_clock(struct tap_run *run, struct buf *to)
{
	int64_t before = clock_ns(CLOCK_BOOTTIME);
	int64_t real = clock_ns(CLOCK_REALTIME);
	int64_t after = clock_ns(CLOCK_BOOTTIME);
	int64_t offset = real - before - (after - before) / 2;
	struct rec_clock rec = {
	    .head = {.magic = REC_MAGIC,
		.version = REC_VERSION,
		.type = REC_CLOCK,
		.size = sizeof rec,
		.time = (uint64_t)before},
	    .real_offset = offset,
	};

	if (run->clock_told && llabs(offset - run->offset) < CLOCK_SLACK)
		return;
	memcpy(rec.boot, run->boot, sizeof rec.boot);
	buf_add(to, &rec, sizeof rec);
	run->clock_told = true;
	run->offset = offset;
}

static int bpf_read(struct tap_run *run, struct buf *to, struct err *err)
{
	uint64_t expired;
	size_t before;
	int r;

	/* Only so is the timer no longer readable. */
	if (read(run->timer, &expired, sizeof expired) < 0 && errno != EAGAIN)
		return err_sys(err, -errno, "cannot read a timer");
	tell_clock(run, to);
	before = to->n;
	r = ring_read(&run->ring, to, READ_MAX);
	if (r >= 0 && to->n > before) {
		int set = look_again(run);

		r = set < 0 ? set : r;
	}
	if (r < 0)
		return err_sys(err, r,
		    "cannot read the ring of the bpf "
		    "programs");
	return r ? TAP_MORE : TAP_IDLE;
}

static int bpf_reopened(
    struct tap_run *run, const struct tap_opened *opened, struct err *err)
{
	return err_set(err, -EINVAL, "bpf never asks to be opened anew");
}

/* What was taken from the ring is gone from it. */
static void bpf_place(const struct tap_run *run, size_t unread, struct buf *ret)
{
}

static uint64_t bpf_lost(struct tap_run *run, const char **ret_where)
{
	uint64_t n = 0;

	for (size_t i = 1; i < REC_N_TYPES; i++)
		n += __atomic_load_n(&run->lost[i], __ATOMIC_RELAXED);
	run->lost[0] = n;
	*ret_where = "the ring of the bpf programs was full";
	return n > run->base ? n - run->base : 0;
}

const struct tap tap_bpf = {
    .name = "bpf",
    .source = "bpf",
    .help = "processes, TCP connections, watched files and changes of user "
	    "of login sessions, from programs in the kernel",
    .open = bpf_open,
    .refresh = bpf_refresh,
    .start = bpf_start,
    .fd = bpf_fd,
    .read = bpf_read,
    .reopened = bpf_reopened,
    .place = bpf_place,
    .lost = bpf_lost,
    .stop = bpf_stop,
};
