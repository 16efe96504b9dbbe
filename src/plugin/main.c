/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auditd's plugin (auditd-plugins(5)): hands the records that auditd writes to
 * its standard input on to sshtraild. It never lets auditd wait: what the
 * daemon does not take yet it keeps, up to QUEUE_MAX, and so it does while
 * there is none.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fdpass.h"
#include "base/loop.h"
#include "plugin/queue.h"
#include "sources/audit/plugin_wire.h"

#define READ_MAX     ((size_t)256 << 10)
#define AGAIN_USEC   ((int64_t)300000)
/* auditd waits for nobody at its end, and the host goes down. */
#define LAST_USEC    ((int64_t)2000000)
#define EXIT_FAILED  4
#define EXIT_MISUSED 2

struct plugin {
	struct sockaddr_un daemon;
	struct loop loop;
	struct loop_signals signals;
	struct loop_watch in, out; /* out.fd -1: nobody takes it */
	struct loop_timer again, last;
	struct buf input; /* a line that has no end yet */
	bool skip;	  /* the rest of one that is too long */
	bool ending;	  /* nothing more comes */
	struct queue queue;
};

static void hang_up(struct plugin *p)
{
	loop_unwatch(&p->loop, &p->out);
	fd_close(&p->out.fd);
	queue_again(&p->queue);
	loop_timer_start(&p->loop, &p->again, AGAIN_USEC, 0);
}

static void hand_on(struct plugin *p)
{
	struct str next;

	while (p->out.fd >= 0 && (next = queue_next(&p->queue)).n) {
		ssize_t n = send(
		    p->out.fd, next.p, next.n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			queue_sent(&p->queue, (size_t)n);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			loop_want(&p->loop, &p->out, LOOP_READ | LOOP_WRITE);
		else
			hang_up(p);
		return;
	}
	if (p->out.fd >= 0)
		loop_want(&p->loop, &p->out, LOOP_READ);
	if (p->ending && !queue_next(&p->queue).n)
		loop_stop(&p->loop, 0);
}

/* Who listens there: nobody but root may get the records. */
static bool is_trusted(int fd)
{
	struct ucred who;

	return fdpass_peer(fd, &who) == 0 &&
	       (who.uid == 0 || who.uid == geteuid());
}

static void call(struct plugin *p)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&p->daemon,
		sizeof p->daemon) == 0 &&
	    is_trusted(fd)) {
		p->out.fd = fd;
		if (loop_watch(&p->loop, &p->out, LOOP_READ) == 0) {
			hand_on(p);
			return;
		}
		p->out.fd = -1;
	}
	fd_close(&fd);
	loop_timer_start(&p->loop, &p->again, AGAIN_USEC, 0);
}

static void on_again(struct loop *l, struct loop_timer *t)
{
	struct plugin *p = t->ctx;

	(void)l;
	if (p->out.fd < 0)
		call(p);
}

/* It takes more, or is gone: it never says anything. */
static void on_out(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct plugin *p = w->ctx;
	char byte;

	(void)l;
	if (what & LOOP_READ && recv(w->fd, &byte, 1, MSG_DONTWAIT) == 0)
		hang_up(p);
	else
		hand_on(p);
}

static void end(struct plugin *p)
{
	if (p->ending)
		return;
	p->ending = true;
	loop_unwatch(&p->loop, &p->in);
	loop_timer_start(&p->loop, &p->last, LAST_USEC, 0);
	if (p->out.fd < 0)
		call(p);
	hand_on(p);
}

static void on_last(struct loop *l, struct loop_timer *t)
{
	struct plugin *p = t->ctx;

	fprintf(stderr,
	    "sshtrail-audit-plugin: sshtraild did not take %zu bytes\n",
	    p->queue.bytes.n);
	loop_stop(l, -EPIPE);
}

static void take_lines(struct plugin *p)
{
	struct str rest = buf_str(&p->input), line;
	size_t at, dropped = 0;

	while ((at = str_find_char(rest, '\n')) != STR_NPOS) {
		line = str_upto(rest, at);
		rest = str_from(rest, at + 1);
		if (!p->skip)
			dropped += queue_add(&p->queue, line);
		p->skip = false;
	}
	p->skip = p->skip || rest.n >= PLUGIN_LINE_MAX;
	buf_consume(&p->input, p->input.n - (p->skip ? 0 : rest.n));
	/*
	 * A daemon that is there listens to the kernel, too, and counts what it
	 * had by no way.
	 */
	if (p->out.fd < 0)
		queue_count_lost(&p->queue, dropped);
}

/* False: there is nothing at hand. */
static bool read_some(struct plugin *p)
{
	char *to = buf_reserve(&p->input, READ_MAX);
	ssize_t n = to ? read(p->in.fd, to, READ_MAX) : -1;

	if (!to || (n < 0 && errno != EAGAIN && errno != EINTR) || n == 0) {
		end(p);
		return false;
	}
	if (n < 0)
		return errno == EINTR;
	p->input.n += (size_t)n;
	take_lines(p);
	return true;
}

static void on_in(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct plugin *p = w->ctx;

	(void)l;
	(void)what;
	read_some(p);
	hand_on(p);
}

static void on_signal(
    struct loop *l, struct loop_signals *s, const struct signalfd_siginfo *info)
{
	struct plugin *p = s->ctx;

	(void)l;
	/* auditd read its configuration again; there is none here. */
	if (info->ssi_signo == SIGHUP)
		return;
	while (!p->ending && read_some(p))
		;
	end(p);
}

static int start(struct plugin *p)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	int flags = fcntl(STDIN_FILENO, F_GETFL), r = loop_init(&p->loop);

	if (r == 0 &&
	    (flags < 0 || fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) < 0))
		r = -errno;
	if (r == 0)
		r = loop_signals_start(&p->loop, &p->signals, signals,
		    sizeof signals / sizeof *signals);
	if (r == 0)
		r = loop_watch(&p->loop, &p->in, LOOP_READ);
	if (r == 0)
		call(p);
	return r;
}

static int run(struct plugin *p)
{
	int r;

	p->signals = (struct loop_signals){.got = on_signal, .ctx = p};
	p->in =
	    (struct loop_watch){.fd = STDIN_FILENO, .ready = on_in, .ctx = p};
	p->out = (struct loop_watch){.fd = -1, .ready = on_out, .ctx = p};
	p->again = (struct loop_timer){.due = on_again, .ctx = p};
	p->last = (struct loop_timer){.due = on_last, .ctx = p};
	r = start(p);
	if (r == 0)
		r = loop_run(&p->loop);
	loop_free(&p->loop);
	fd_close(&p->out.fd);
	queue_free(&p->queue);
	buf_free(&p->input);
	return r;
}

int main(int argc, char **argv)
{
	struct plugin p = {.daemon = {.sun_family = AF_UNIX},
	    .queue = QUEUE_INIT,
	    .input = BUF_INIT};
	const char *path = argc > 1 ? argv[1] : PLUGIN_SOCKET;
	int r;

	if (argc > 2 || strlen(path) >= sizeof p.daemon.sun_path ||
	    path[0] != '/') {
		fputs("usage: sshtrail-audit-plugin [SOCKET]\n"
		      "Run by auditd: see sshtrail setup audit-plugin.\n",
		    stderr);
		return EXIT_MISUSED;
	}
	memcpy(p.daemon.sun_path, path, strlen(path) + 1);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	r = run(&p);
	if (r < 0 && r != -EPIPE)
		fprintf(stderr, "sshtrail-audit-plugin: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILED : 0;
}
