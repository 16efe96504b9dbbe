/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rec/handover.h"
#include "rec/pair.h"

/* What is read at once, and waits at most for sshd to take it. */
#define OUT_BYTES ((size_t)64 << 10)
#define OUT_MAX	  ((size_t)256 << 10)
#define IN_BYTES  ((size_t)4096)
/* Of a terminal's 4096 one is never used (the kernel's n_tty.c). */
#define HELD	  4095
#define IN_MAX	  ((size_t)64 << 10)
/* What others write when the shell has ended is shown up to here. */
#define REST_MAX  ((size_t)256 << 10)
/* Majors of /dev/pts/N, each of 256 (the kernel's devices.txt). */
#define PTS_FIRST 136
#define PTS_LAST  143

struct relay {
	struct loop loop;
	struct loop_signals signals;
	struct sigaction child_before;
	struct loop_watch in, out, master;
	struct handover hand;
	const struct settings *settings;
	struct pair pair;
	struct termios modes; /* sshd's terminal, as it was */
	struct winsize size;
	int flags[2]; /* of standard input and output, where it is taken */
	bool taken;
	struct buf to_out, to_master;
	pid_t child;
	bool strict;
	bool full; /* so much waits for sshd that no more is read */
	bool exited;
	size_t rest; /* bytes shown since */
	bool drained;
	int status;
	enum relay_end end;
};

static void stop(struct relay *r, enum relay_end end)
{
	r->end = end;
	loop_stop(&r->loop, 0);
}

/* What each of the three descriptors is waited for. */
static void update(struct relay *r)
{
	bool shows;

	r->full = r->to_out.n >= (r->full ? OUT_MAX / 4 : OUT_MAX);
	shows = !r->full && !handover_full(&r->hand) && !r->drained;

	loop_want(&r->loop, &r->master,
	    (shows ? LOOP_READ : 0) | (r->to_master.n ? LOOP_WRITE : 0));
	loop_want(&r->loop, &r->in, r->to_master.n < IN_MAX ? LOOP_READ : 0);
	loop_want(&r->loop, &r->out, r->to_out.n ? LOOP_WRITE : 0);
	if (r->drained && r->to_out.n == 0)
		stop(r, RELAY_EXITED);
	else if (r->strict && r->hand.lossy)
		stop(r, RELAY_REFUSED);
}

/* As much as goes; false: the other end is gone. */
static bool write_some(int fd, struct buf *b)
{
	while (b->n) {
		ssize_t n = write(fd, b->p, b->n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		buf_consume(b, (size_t)n);
	}
	return true;
}

static void show(struct relay *r)
{
	if (!write_some(r->out.fd, &r->to_out))
		stop(r, RELAY_HUNG_UP);
}

/* All that the terminal has at hand, up to OUT_BYTES. */
static void read_master(struct relay *r)
{
	const size_t before = r->to_out.n;
	ssize_t n = HELD;

	/* Less than a terminal holds was all, but at the very end. */
	while ((n >= HELD || (r->exited && n > 0)) &&
	       r->to_out.n - before < OUT_BYTES) {
		char *to = buf_reserve(&r->to_out, OUT_BYTES);

		n = to ? read(r->pair.master, to, OUT_BYTES) : 0;
		if (n > 0)
			r->to_out.n += (size_t)n;
	}
	if (r->exited) {
		r->rest += r->to_out.n - before;
		r->drained = n <= 0 || r->rest > REST_MAX;
	}
	handover_output(&r->hand, str_from(buf_str(&r->to_out), before));
	show(r);
}

static void on_master(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct relay *r = w->ctx;

	(void)l;
	if (what & LOOP_READ)
		read_master(r);
	if (what & LOOP_WRITE)
		write_some(r->pair.master, &r->to_master);
	update(r);
}

static void on_out(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct relay *r = w->ctx;

	(void)l;
	(void)what;
	show(r);
	update(r);
}

static void record_input(struct relay *r, struct str bytes)
{
	struct termios now;

	if (!settings_records_input(r->settings))
		return;
	/* Of the master it tells how the user's side is set. */
	if (tcgetattr(r->pair.master, &now) == 0 && now.c_lflag & ECHO)
		handover_input(&r->hand, bytes);
	else
		handover_masked(&r->hand);
}

static void on_in(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct relay *r = w->ctx;
	char *to = buf_reserve(&r->to_master, IN_BYTES);
	ssize_t n = -1;

	(void)l;
	if (what & LOOP_READ && to)
		n = read(w->fd, to, IN_BYTES);
	if (n == 0 || (n < 0 && (errno == EIO || !(what & LOOP_READ)))) {
		stop(r, RELAY_HUNG_UP);
		return;
	}
	if (n < 0)
		return;
	record_input(r, str_make(to, (size_t)n));
	r->to_master.n += (size_t)n;
	write_some(r->pair.master, &r->to_master);
	update(r);
}

static void on_room(void *ctx)
{
	update(ctx);
}

/* --- signals --- */

static void follow_size(struct relay *r)
{
	struct winsize size;

	if (ioctl(r->in.fd, TIOCGWINSZ, &size) < 0)
		return;
	ioctl(r->pair.master, TIOCSWINSZ, &size);
	if (size.ws_row != r->size.ws_row || size.ws_col != r->size.ws_col)
		handover_size(&r->hand, size.ws_row, size.ws_col);
	r->size = size;
}

static void reap(struct relay *r)
{
	if (waitpid(r->child, &r->status, WNOHANG) != r->child)
		return;
	r->exited = true;
	read_master(r);
	update(r);
}

static void on_signal(
    struct loop *l, struct loop_signals *s, const struct signalfd_siginfo *info)
{
	struct relay *r = s->ctx;
	const int signal = (int)info->ssi_signo;

	(void)l;
	if (signal == SIGWINCH)
		follow_size(r);
	else if (signal == SIGCHLD)
		reap(r);
	else if (signal == SIGHUP)
		stop(r, RELAY_HUNG_UP);
	else if (!r->exited)
		/* The client's, which sshd gives to the shell's group. */
		kill(-r->child, signal);
}

/* --- begin and end --- */

/* N of /dev/pts/N; UINT32_MAX: it is none. */
static uint32_t index_of(int tty)
{
	struct stat st;
	unsigned at;

	if (fstat(tty, &st) < 0)
		return UINT32_MAX;
	at = major(st.st_rdev);
	return at < PTS_FIRST || at > PTS_LAST
		   ? UINT32_MAX
		   : (at - PTS_FIRST) * 256 + minor(st.st_rdev);
}

/* Raw, and not to block. */
static int take_outer(struct relay *r)
{
	struct termios raw = r->modes;

	cfmakeraw(&raw);
	for (int fd = 0; fd < 2; fd++) {
		r->flags[fd] = fcntl(fd, F_GETFL);
		if (r->flags[fd] < 0 ||
		    fcntl(fd, F_SETFL, r->flags[fd] | O_NONBLOCK) < 0)
			return -errno;
	}
	r->taken = true;
	return tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0 ? -errno : 0;
}

static void give_outer_back(struct relay *r)
{
	if (!r->taken)
		return;
	tcsetattr(STDIN_FILENO, TCSANOW, &r->modes);
	for (int fd = 0; fd < 2; fd++)
		fcntl(fd, F_SETFL, r->flags[fd]);
}

static int watch_all(struct relay *r)
{
	static const int signals[] = {SIGCHLD, SIGWINCH, SIGHUP, SIGTERM,
	    SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM};
	const struct sigaction plain = {.sa_handler = SIG_DFL};
	int error;

	r->in =
	    (struct loop_watch){.fd = STDIN_FILENO, .ready = on_in, .ctx = r};
	r->out =
	    (struct loop_watch){.fd = STDOUT_FILENO, .ready = on_out, .ctx = r};
	r->master = (struct loop_watch){
	    .fd = r->pair.master, .ready = on_master, .ctx = r};
	r->signals = (struct loop_signals){.got = on_signal, .ctx = r};
	sigaction(SIGCHLD, &plain, &r->child_before);
	error = loop_signals_start(
	    &r->loop, &r->signals, signals, sizeof signals / sizeof *signals);
	if (error == 0)
		error = loop_watch(&r->loop, &r->in, LOOP_READ);
	if (error == 0)
		error = loop_watch(&r->loop, &r->out, 0);
	if (error == 0)
		error = loop_watch(&r->loop, &r->master, LOOP_READ);
	return error;
}

static int begin(struct relay *r, const struct errand *e, struct err *err)
{
	int error = pair_open(&r->pair, &r->modes, &r->size, err);

	if (error < 0)
		return error;
	error = watch_all(r);
	if (error == 0)
		error = take_outer(r);
	if (error == 0) {
		r->child =
		    pair_run(&r->pair, e, &r->signals.before, &r->child_before);
		error = r->child < 0 ? r->child : 0;
	}
	return error < 0 ? err_sys(err, error, "cannot record") : 0;
}

static void finish(struct relay *r)
{
	handover_end(&r->hand, r->exited ? r->status : -1);
	give_outer_back(r);
	pair_close(&r->pair);
	loop_signals_stop(&r->loop, &r->signals);
	loop_free(&r->loop);
	buf_free(&r->to_out);
	buf_free(&r->to_master);
}

/*
 * Nobody else opens sshd's terminal while we are there: what is written to it
 * beside us would be seen and not recorded.
 */
static void lock_outer(bool locked)
{
	ioctl(STDIN_FILENO, locked ? TIOCEXCL : TIOCNXCL);
}

static enum relay_end relay(
    struct relay *r, const struct errand *e, struct err *err)
{
	const struct wire_message open = {.index = index_of(STDIN_FILENO),
	    .rows = r->size.ws_row,
	    .cols = r->size.ws_col};
	enum handover_answer answer =
	    handover_begin(&r->hand, &r->loop, r->settings, &open);

	r->hand.room = on_room;
	r->hand.ctx = r;
	if (answer == HANDOVER_ASIDE)
		return RELAY_ASIDE;
	if (answer == HANDOVER_AWAY && r->strict)
		return RELAY_AWAY;
	if (begin(r, e, err) < 0)
		return RELAY_BROKEN;
	r->end = RELAY_HUNG_UP;
	loop_run(&r->loop);
	return r->end;
}

enum relay_end relay_run(const struct errand *e, const struct settings *s,
    bool strict, int *ret_status, struct err *err)
{
	struct relay r = {.settings = s,
	    .strict = strict,
	    .pair = {.master = -1, .slave = -1},
	    .to_out = BUF_INIT,
	    .to_master = BUF_INIT};
	enum relay_end end;

	lock_outer(true);
	if (tcgetattr(STDIN_FILENO, &r.modes) < 0 ||
	    ioctl(STDIN_FILENO, TIOCGWINSZ, &r.size) < 0 ||
	    loop_init(&r.loop) < 0) {
		err_sys(err, -errno, "cannot record");
		lock_outer(false);
		return RELAY_BROKEN;
	}
	end = relay(&r, e, err);
	finish(&r);
	lock_outer(false);
	*ret_status = r.status;
	return end;
}
