/* SPDX-License-Identifier: Apache-2.0 */
/* What terminals show, from the sshtrail-rec that is in each of them. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fdpass.h"
#include "sources/bpf/clock.h"
#include "sources/pty/record.h"
#include "sources/rec/admit.h"
#include "sources/rec/peer.h"
#include "sources/rec/spool.h"
#include "sources/rec/wire.h"

/* Connected at once, in all and of one user. */
#define GUESTS_MAX	512
#define GUESTS_USER_MAX 256
#define READ_MAX	((size_t)256 << 10)
#define EVENTS_MAX	8
#define REST_NSEC	5000000

/* One that is connected, a command that it became, or a file of its. */
struct guest {
	struct peer peer;
	int sock;  /* -1: closed, or the place is free; of a file: that */
	int pidfd; /* -1: none */
	bool file;
	bool begun, spent;	/* its head was read; and all */
	struct wire_spool head; /* of a file */
	uint64_t taken, kept;	/* bytes of it; as was said last */
	struct buf in;		/* what is no whole message yet */
};

struct tap_run {
	int poll_fd; /* epoll of the next three */
	int receive_fd;
	int guests_fd; /* epoll of the guests: their numbers are its data */
	int timer;     /* runs while they are not waited for */
	bool yields;
	unsigned n_files; /* that are not spent */
	struct record_clock clock;
	uint64_t serials;
	struct guest *guests; /* GUESTS_MAX */
	struct buf bytes;     /* of the guest at work */
};

/* The data of descriptors in poll_fd. */
enum { DOOR, GUESTS, TIMER, N_SORTS };

static bool is_free(const struct guest *g)
{
	return g->sock < 0 && g->pidfd < 0;
}

static int add(int epoll, int fd, uint32_t data)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = data};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static int watch(const struct tap_run *run, const struct guest *g, int fd)
{
	return add(run->guests_fd, fd, (uint32_t)(g - run->guests));
}

/* A free place, unless all have one or this user has too many. */
static struct guest *find_place(struct tap_run *run, uint32_t uid)
{
	struct guest *place = NULL;
	size_t n = 0;

	for (size_t i = 0; i < GUESTS_MAX; i++) {
		struct guest *g = &run->guests[i];

		if (is_free(g))
			place = g;
		else
			n += g->peer.who.uid == uid;
	}
	return n < GUESTS_USER_MAX ? place : NULL;
}

static void let_in(
    struct tap_run *run, const struct peer_who *who, int sock, int pidfd)
{
	const uint64_t answer = WIRE_RECORD;
	struct guest *g = find_place(run, who->uid);
	const bool file = who->pid == 0;

	if (!g || (!file && watch(run, g, sock) < 0)) {
		fd_close(&sock);
		fd_close(&pidfd);
		return;
	}
	*g = (struct guest){.peer = {.who = *who, .serial = ++run->serials},
	    .sock = sock,
	    .pidfd = pidfd,
	    .file = file,
	    .in = BUF_INIT};
	run->n_files += file;
	if (!file)
		send(sock, &answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void open_door(struct tap_run *run)
{
	int fds[FDPASS_FDS_MAX];
	struct peer_who who;
	struct err ignored;
	unsigned n;

	while (fdpass_receive(
		   run->receive_fd, &who, sizeof who, fds, &n, &ignored) > 0) {
		/* Only a recorder, which has a process, has two. */
		if (n == 1 || (n == 2 && who.pid))
			let_in(run, &who, fds[0], n == 2 ? fds[1] : -1);
		for (unsigned i = n == 2 && !who.pid ? 0 : 2; i < n; i++)
			close(fds[i]);
	}
}

static void put_out(struct guest *g, struct buf *to)
{
	peer_gone(&g->peer, record_clock_now(), to);
	fd_close(&g->sock);
	fd_close(&g->pidfd);
	buf_free(&g->in);
}

/* Its socket is closed: of a command the process goes on. */
static void hang_up(struct tap_run *run, struct guest *g, struct buf *to)
{
	const bool waits = g->peer.command && g->pidfd >= 0;

	fd_close(&g->sock);
	if (!waits || watch(run, g, g->pidfd) < 0)
		put_out(g, to);
}

/* --- files --- */

/* Of a boot before this one: its times are to be read in another way. */
static bool is_of_before(const struct tap_run *run, const struct guest *g)
{
	return memcmp(g->head.boot, run->clock.boot, sizeof g->head.boot) != 0;
}

static void tell_file_clock(
    struct tap_run *run, const struct guest *g, struct buf *to)
{
	struct rec_clock rec = {
	    .head = {REC_PEER_MAGIC, PTY_VERSION, REC_CLOCK, sizeof rec, 0, 0},
	    .real_offset = g->head.real_offset};

	memcpy(rec.boot, g->head.boot, sizeof rec.boot);
	buf_add(to, &rec, sizeof rec);
	run->clock.told = false;
}

static int begin_file(struct guest *g)
{
	int r = spool_begin(buf_str(&g->in), &g->peer.who);

	if (r < 0)
		return r;
	memcpy(&g->head, g->in.p, sizeof g->head);
	buf_consume(&g->in, sizeof g->head);
	g->begun = true;
	return 0;
}

/* True: there may be more in it. */
static bool take_file(struct tap_run *run, struct guest *g, struct buf *to)
{
	char *room = buf_reserve(&g->in, READ_MAX);
	ssize_t n = room ? read(g->sock, room, READ_MAX) : 0;
	const bool more = n > 0;

	if (more)
		g->in.n += (size_t)n;
	if (!g->begun && begin_file(g) < 0)
		return false;
	if (is_of_before(run, g))
		tell_file_clock(run, g, to);
	n = peer_take(&g->peer, buf_str(&g->in),
	    is_of_before(run, g) ? INT64_MAX : record_clock_now(), to);
	if (n >= 0)
		buf_consume(&g->in, (size_t)n);
	if (more && n >= 0 && !g->peer.closed)
		return true;
	peer_gone(&g->peer, g->peer.time, to);
	return false;
}

static void read_files(struct tap_run *run, struct buf *to)
{
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		struct guest *g = &run->guests[i];

		if (is_free(g) || !g->file || g->spent || take_file(run, g, to))
			continue;
		g->spent = true;
		run->n_files--;
		buf_free(&g->in);
	}
	record_clock_tell(&run->clock, to);
}

/* What it held is kept. */
static void empty_file(struct guest *g)
{
	/* One that cannot be emptied comes again, and so do its events. */
	if (ftruncate(g->sock, 0) == 0)
		fd_close(&g->sock);
}

/* How many bytes it had. */
static size_t read_guest(struct tap_run *run, struct guest *g, struct buf *to)
{
	size_t got;
	char *room;
	ssize_t n;

	if (g->sock < 0) {
		put_out(g, to);
		return 0;
	}
	buf_clear(&run->bytes);
	buf_add_str(&run->bytes, buf_str(&g->in));
	room = buf_reserve(&run->bytes, READ_MAX);
	n = room ? recv(g->sock, room, READ_MAX, MSG_DONTWAIT) : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		hang_up(run, g, to);
		return 0;
	}
	got = (size_t)n;
	run->bytes.n += got;
	n = peer_take(&g->peer, buf_str(&run->bytes), record_clock_now(), to);
	if (n < 0 || g->peer.closed) {
		put_out(g, to);
		return got;
	}
	if (g->peer.opened && !g->peer.command)
		fd_close(&g->pidfd);
	g->taken += (size_t)n;
	buf_free(&g->in);
	buf_add_str(&g->in, str_from(buf_str(&run->bytes), (size_t)n));
	return got;
}

/*
 * A terminal that shows much tells it in many small messages, and to be woken
 * by each of them costs more than to read it.
 */
static int rest(struct tap_run *run, bool resting)
{
	const struct itimerspec in = {
	    .it_value.tv_nsec = resting ? REST_NSEC : 0};
	struct epoll_event ev = {
	    .events = resting ? 0 : EPOLLIN, .data.u32 = GUESTS};

	if (timerfd_settime(run->timer, 0, &in, NULL) < 0 ||
	    epoll_ctl(run->poll_fd, EPOLL_CTL_MOD, run->guests_fd, &ev) < 0)
		return -errno;
	return 0;
}

/* An enum tap_state or a negative errno. */
static int read_guests(struct tap_run *run, struct buf *to)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(run->guests_fd, events, EVENTS_MAX, 0), r;
	size_t got = 0;

	if (n < 0)
		return errno == EINTR ? TAP_MORE : -errno;
	for (int i = 0; i < n; i++)
		got += read_guest(run, &run->guests[events[i].data.u32], to);
	r = rest(run, n > 0 && n < EVENTS_MAX && got < READ_MAX / 2);
	return r < 0 ? r : n > 0 ? TAP_MORE : TAP_IDLE;
}

static int rec_read(struct tap_run *run, struct buf *to, struct err *err)
{
	struct epoll_event events[N_SORTS];
	int n = epoll_wait(run->poll_fd, events, N_SORTS, 0);
	int state = TAP_IDLE;
	uint64_t expired;

	if (n < 0 && errno != EINTR)
		return err_sys(err, -errno, "epoll_wait");
	record_clock_tell(&run->clock, to);
	for (int i = 0; i < n && state >= 0; i++) {
		if (events[i].data.u32 == TIMER &&
		    read(run->timer, &expired, sizeof expired) < 0)
			continue;
		if (events[i].data.u32 == DOOR)
			open_door(run);
		else if (state == TAP_IDLE)
			state = read_guests(run, to);
	}
	if (state < 0)
		return err_sys(err, state, "cannot wait for recorders");
	if (run->n_files)
		read_files(run, to);
	return run->n_files ? TAP_MORE : state;
}

static void rec_stop(struct tap_run *run)
{
	struct buf unheard = BUF_INIT;

	for (size_t i = 0; i < GUESTS_MAX; i++)
		put_out(&run->guests[i], &unheard);
	buf_free(&unheard);
	buf_free(&run->bytes);
	free(run->guests);
	fd_close(&run->receive_fd);
	fd_close(&run->guests_fd);
	fd_close(&run->timer);
	fd_close(&run->poll_fd);
	free(run);
}

static int make_poll_fd(struct tap_run *run)
{
	const int flags = TFD_NONBLOCK | TFD_CLOEXEC;
	int r;

	run->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	run->guests_fd = epoll_create1(EPOLL_CLOEXEC);
	run->timer = timerfd_create(CLOCK_MONOTONIC, flags);
	if (run->poll_fd < 0 || run->guests_fd < 0 || run->timer < 0)
		return -errno;
	r = add(run->poll_fd, run->receive_fd, DOOR);
	if (r == 0)
		r = add(run->poll_fd, run->guests_fd, GUESTS);
	return r < 0 ? r : add(run->poll_fd, run->timer, TIMER);
}

static int rec_start(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err)
{
	struct tap_run *run = calloc(1, sizeof *run);
	int r;

	if (run)
		run->guests = calloc(GUESTS_MAX, sizeof *run->guests);
	if (run && !run->guests) {
		free(run);
		run = NULL;
	}
	if (run) {
		for (size_t i = 0; i < GUESTS_MAX; i++)
			run->guests[i].sock = run->guests[i].pidfd = -1;
		record_clock_init(&run->clock, REC_PEER_MAGIC, PTY_VERSION);
		run->receive_fd = opened->fd[ADMIT_FD_RECEIVE];
		run->yields = opened->yields;
	}
	for (unsigned i = 0; i < opened->n_fd; i++)
		if (!run || i != ADMIT_FD_RECEIVE)
			close(opened->fd[i]);
	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	/* In another stream than the kernel's terminals, but one recorder. */
	run->serials = (uint64_t)1 << 63;
	r = make_poll_fd(run);
	if (r < 0) {
		rec_stop(run);
		return err_sys(err, r, "cannot wait for recorders");
	}
	*ret = run;
	return 0;
}

static int rec_fd(const struct tap_run *run)
{
	return run->poll_fd;
}

static int rec_reopened(
    struct tap_run *run, const struct tap_opened *opened, struct err *err)
{
	return err_set(err, -EINVAL, "recorders are never opened anew");
}

/*
 * What was received is gone from the sockets. But it is kept by now, and the
 * recorders can forget it.
 */
static void rec_place(const struct tap_run *run, size_t unread, struct buf *ret)
{
	for (size_t i = 0; i < GUESTS_MAX; i++) {
		struct guest *g = &run->guests[i];

		if (g->file && g->spent && g->sock >= 0)
			empty_file(g);
		if (g->file || g->sock < 0 || g->kept == g->taken)
			continue;
		g->kept = g->taken;
		send(g->sock, &g->kept, sizeof g->kept,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

/* What a recorder could not keep is told in its messages. */
static unsigned rec_lost(
    struct tap_run *run, struct tap_loss ret[static TAP_LOSSES_MAX])
{
	return 0;
}

static const char *rec_doing(const struct tap_run *run)
{
	return run->yields ? "nothing: the tap \"terminals\" records without it"
			   : NULL;
}

const struct tap tap_rec = {
    .name = "rec",
    .source = "rec",
    .help = "what terminals show, from sshtrail-rec, where the kernel cannot "
	    "tell it",
    .yields_to = "terminals",
    .alone = true,
    .open = admit_open,
    .refresh = admit_refresh,
    .release = admit_release,
    .tender = &admit_tender,
    .start = rec_start,
    .fd = rec_fd,
    .read = rec_read,
    .reopened = rec_reopened,
    .place = rec_place,
    .lost = rec_lost,
    .doing = rec_doing,
    .stop = rec_stop,
};
