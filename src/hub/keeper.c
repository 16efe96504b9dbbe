/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/keeper.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "hub/place.h"

#define SECOND	    ((int64_t)1000000)
#define AGAIN_FIRST SECOND
#define AGAIN_LAST  (60 * SECOND)
/* What ran as long began well. */
#define RAN_WELL    (60 * SECOND)
/* Until what was asked to end is killed, and until that is not waited for. */
#define END_WITHIN  (5 * SECOND)
#define GONE_WITHIN (10 * SECOND)

/* What the keeper tells, a byte each. */
enum { TELL_RUNS = 'r', TELL_ENDED = 'e' };

/* --- in the keeper --- */

struct run {
	struct loop loop;
	struct loop_signals signals;
	struct loop_watch hub;
	struct loop_timer timer; /* to begin anew; while ending: to kill */
	const char *const *argv;
	pid_t pid; /* 0: none */
	int64_t begun, again;
	bool ending;
};

/* The hub may not look for long: it is then told less. */
static void tell(const struct run *run, char what)
{
	(void)send(run->hub.fd, &what, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void ended(struct run *run)
{
	if (loop_now() - run->begun > RAN_WELL)
		run->again = AGAIN_FIRST;
	tell(run, TELL_ENDED);
	loop_timer_start(&run->loop, &run->timer, run->again, 0);
	run->again *= 2;
	if (run->again > AGAIN_LAST)
		run->again = AGAIN_LAST;
}

static _Noreturn void run_program(const struct run *run, pid_t keeper)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == keeper)
		execv(run->argv[0], (char *const *)(uintptr_t)run->argv);
	fprintf(stderr, "sshtrail-hub: cannot run %s: %s\n", run->argv[0],
	    strerror(errno));
	_exit(127);
}

static void begin(struct run *run)
{
	const pid_t self = getpid();

	run->begun = loop_now();
	run->pid = fork();
	if (run->pid == 0)
		run_program(run, self);
	if (run->pid > 0) {
		tell(run, TELL_RUNS);
		return;
	}
	run->pid = 0;
	ended(run);
}

static void end(struct run *run)
{
	if (run->ending)
		return;
	run->ending = true;
	loop_unwatch(&run->loop, &run->hub);
	if (!run->pid) {
		loop_stop(&run->loop, 0);
		return;
	}
	kill(run->pid, SIGTERM);
	loop_timer_start(&run->loop, &run->timer, END_WITHIN, 0);
}

static void on_timer(struct loop *l, struct loop_timer *t)
{
	struct run *run = t->ctx;

	(void)l;
	if (run->ending)
		kill(run->pid, SIGKILL);
	else
		begin(run);
}

static void on_signal(
    struct loop *l, struct loop_signals *s, const struct signalfd_siginfo *info)
{
	struct run *run = s->ctx;

	if (info->ssi_signo != SIGCHLD) {
		end(run);
		return;
	}
	if (!run->pid || waitpid(run->pid, NULL, WNOHANG) != run->pid)
		return;
	run->pid = 0;
	if (run->ending)
		loop_stop(l, 0);
	else
		ended(run);
}

/* The hub's word to begin, or its end. */
static void on_hub(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct run *run = w->ctx;
	char byte;

	(void)l;
	(void)what;
	if (recv(w->fd, &byte, 1, MSG_DONTWAIT) != 1)
		end(run);
	else if (!run->pid)
		begin(run);
}

static _Noreturn void keep(int fd, const char *const *argv)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT};
	struct run run = {.argv = argv, .again = AGAIN_FIRST};
	int r;

	prctl(PR_SET_NAME, "sshtrail-keep");
	run.hub = (struct loop_watch){.fd = fd, .ready = on_hub, .ctx = &run};
	run.timer = (struct loop_timer){.due = on_timer, .ctx = &run};
	run.signals = (struct loop_signals){.got = on_signal, .ctx = &run};
	r = loop_init(&run.loop);
	if (r == 0)
		r = loop_signals_start(&run.loop, &run.signals, signals, 3);
	if (r == 0)
		r = loop_watch(&run.loop, &run.hub, LOOP_READ);
	if (r == 0)
		r = loop_run(&run.loop);
	_exit(r < 0);
}

/* --- in the hub --- */

/* Beside this program, or as configured. */
static void find_program(
    const struct hub_config *cfg, char ret[static PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);
	size_t dir = 0;

	if (n > 0)
		dir = (size_t)n - str_base_name(str_make(ret, (size_t)n)).n;
	if (cfg->program)
		snprintf(ret, PATH_MAX, "%s", cfg->program);
	else
		snprintf(ret + dir, PATH_MAX - dir, "sshtrail");
}

static _Noreturn void become_keeper(
    const struct keeper *k, const struct hub_config *cfg, int fd)
{
	char program[PATH_MAX], state[PATH_MAX];
	const char *const fixed[] = {program, "forward", "--store", cfg->store,
	    "--config", cfg->outputs, "--state", state, "--"};
	const size_t n = sizeof fixed / sizeof *fixed;
	const char **argv = calloc(n + k->names.n + 1, sizeof *argv);

	if (!argv)
		_exit(1);
	find_program(cfg, program);
	snprintf(state, sizeof state, "%s/" HUB_OUTPUTS_DIR, cfg->store);
	memcpy(argv, fixed, sizeof fixed);
	for (size_t i = 0; i < k->names.n; i++)
		argv[n + i] = k->names.v[i];
	keep(fd, argv);
}

int keeper_begin(
    struct keeper *k, const struct hub_config *cfg, struct err *err)
{
	int fds[2], r;
	pid_t pid;

	if (!cfg->outputs)
		return 0;
	r = output_names_read(&k->names, cfg->outputs, err);
	if (r < 0 || k->names.n == 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(err, -errno, "socketpair");
	k->fd = fds[0];
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		become_keeper(k, cfg, fds[1]);
	}
	r = pid < 0 ? err_sys(err, -errno, "cannot start a process") : 0;
	close(fds[1]);
	return r;
}

static void on_keeper(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct keeper *k = w->ctx;
	char told[64];
	ssize_t n = recv(w->fd, told, sizeof told, MSG_DONTWAIT);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		loop_unwatch(l, w);
		fd_close(&k->fd);
		k->running = false;
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		k->ended += told[i] == TELL_ENDED;
	k->running = told[n - 1] == TELL_RUNS;
}

int keeper_start(struct keeper *k, struct loop *l)
{
	if (k->fd < 0)
		return 0;
	k->watch =
	    (struct loop_watch){.fd = k->fd, .ready = on_keeper, .ctx = k};
	if (send(k->fd, "", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	return loop_watch(l, &k->watch, LOOP_READ);
}

void keeper_end(struct keeper *k)
{
	const int64_t until = loop_now() + GONE_WITHIN;
	struct pollfd p = {.fd = k->fd, .events = POLLIN};
	char told[64];

	if (k->fd >= 0)
		shutdown(k->fd, SHUT_WR);
	while (k->fd >= 0) {
		int64_t left = until - loop_now();

		if (left <= 0 ||
		    (poll(&p, 1, (int)(left / 1000) + 1) == 1 &&
			recv(k->fd, told, sizeof told, MSG_DONTWAIT) <= 0))
			fd_close(&k->fd);
	}
	output_names_free(&k->names);
}
