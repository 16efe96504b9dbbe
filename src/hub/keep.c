/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/keep.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop.h"
#include "hub/place.h"
#include "outputs/names.h"

#define SECOND	    ((int64_t)1000000)
#define AGAIN_FIRST SECOND
#define AGAIN_LAST  (60 * SECOND)
/* What ran as long began well. */
#define RAN_WELL    (60 * SECOND)
/* Until what was asked to end is killed. */
#define END_WITHIN  (5 * SECOND)

struct run {
	struct loop loop;
	struct loop_signals signals;
	struct loop_watch hub;
	struct loop_timer timer; /* a program runs: to kill it; else: begin */
	const struct hub_config *cfg;
	struct output_names names;
	pid_t pid; /* 0: none */
	int64_t begun, again;
	bool ending, reloading;
};

/* The hub may not look for long: it is then told less. */
static void tell(const struct run *run, char what)
{
	struct buf b = BUF_INIT;

	buf_add_char(&b, what);
	for (size_t i = 0; what == KEPT_RUNS && i < run->names.n; i++)
		buf_printf(&b, "%s\n", run->names.v[i]);
	if (!buf_error(&b))
		(void)send(run->hub.fd, b.p, b.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	buf_free(&b);
}

/* What cannot be read stays as it was. */
static void read_names(struct run *run)
{
	struct output_names names;
	struct err err = {""};

	if (output_names_read(&names, run->cfg->outputs, &err) == 0) {
		output_names_free(&run->names);
		run->names = names;
		return;
	}
	output_names_free(&names);
	fprintf(stderr, "sshtrail-hub: %s\n", err.text);
}

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

static void execute(const struct run *run)
{
	const struct hub_config *cfg = run->cfg;
	char program[PATH_MAX], state[PATH_MAX];
	const char *const fixed[] = {program, "forward", "--store", cfg->store,
	    "--config", cfg->outputs, "--state", state, "--"};
	const size_t n = sizeof fixed / sizeof *fixed;
	const char **argv = calloc(n + run->names.n + 1, sizeof *argv);

	if (!argv)
		return;
	find_program(cfg, program);
	snprintf(state, sizeof state, "%s/" HUB_OUTPUTS_DIR, cfg->store);
	memcpy(argv, fixed, sizeof fixed);
	for (size_t i = 0; i < run->names.n; i++)
		argv[n + i] = run->names.v[i];
	execv(program, (char *const *)(uintptr_t)argv);
	fprintf(stderr, "sshtrail-hub: cannot run %s: %s\n", program,
	    strerror(errno));
}

static _Noreturn void run_program(const struct run *run, pid_t keeper)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == keeper)
		execute(run);
	_exit(127);
}

static void ended(struct run *run)
{
	if (loop_now() - run->begun > RAN_WELL)
		run->again = AGAIN_FIRST;
	tell(run, KEPT_ENDED);
	loop_timer_start(&run->loop, &run->timer, run->again, 0);
	run->again *= 2;
	if (run->again > AGAIN_LAST)
		run->again = AGAIN_LAST;
}

static void begin(struct run *run)
{
	const pid_t self = getpid();

	read_names(run);
	if (run->names.n) {
		run->begun = loop_now();
		run->pid = fork();
	}
	if (run->pid == 0 && run->names.n)
		run_program(run, self);
	if (run->pid >= 0) {
		tell(run, KEPT_RUNS);
		return;
	}
	run->pid = 0;
	ended(run);
}

static void end_program(struct run *run)
{
	kill(run->pid, SIGTERM);
	loop_timer_start(&run->loop, &run->timer, END_WITHIN, 0);
}

static void end(struct run *run)
{
	if (run->ending)
		return;
	run->ending = true;
	loop_unwatch(&run->loop, &run->hub);
	if (run->pid)
		end_program(run);
	else
		loop_stop(&run->loop, 0);
}

static void reload(struct run *run)
{
	run->again = AGAIN_FIRST;
	run->reloading = run->pid != 0;
	loop_timer_stop(&run->loop, &run->timer);
	if (run->pid)
		end_program(run);
	else
		begin(run);
}

static void on_timer(struct loop *l, struct loop_timer *t)
{
	struct run *run = t->ctx;

	(void)l;
	if (run->pid)
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
	loop_timer_stop(l, &run->timer);
	if (run->ending)
		loop_stop(l, 0);
	else if (run->reloading)
		reload(run);
	else
		ended(run);
}

/* The hub's word, or its end. */
static void on_hub(struct loop *l, struct loop_watch *w, unsigned what)
{
	struct run *run = w->ctx;
	char byte;

	(void)l;
	(void)what;
	if (recv(w->fd, &byte, 1, MSG_DONTWAIT) != 1)
		end(run);
	else if (byte == KEEP_RELOAD)
		reload(run);
	else if (!run->pid)
		begin(run);
}

/* `again`: the hub gave its word to begin to one that is gone. */
static _Noreturn void keep(int fd, const struct hub_config *cfg, bool again)
{
	static const int signals[] = {SIGCHLD, SIGTERM, SIGINT};
	struct run run = {.cfg = cfg, .again = AGAIN_FIRST};
	int r;

	run.hub = (struct loop_watch){.fd = fd, .ready = on_hub, .ctx = &run};
	run.timer = (struct loop_timer){.due = on_timer, .ctx = &run};
	run.signals = (struct loop_signals){.got = on_signal, .ctx = &run};
	r = loop_init(&run.loop);
	if (r == 0)
		r = loop_signals_start(&run.loop, &run.signals, signals, 3);
	if (r == 0)
		r = loop_watch(&run.loop, &run.hub, LOOP_READ);
	if (r == 0 && again)
		ended(&run);
	if (r == 0)
		r = loop_run(&run.loop);
	_exit(r < 0);
}

/* Nothing is done in this process but that: what befalls the keeper ends. */
void keep_outputs(int fd, const struct hub_config *cfg)
{
	const pid_t guard = getpid();

	prctl(PR_SET_NAME, "sshtrail-keep");
	/* It is for the hub, and sent to all of its service. */
	signal(SIGHUP, SIG_IGN);
	for (bool again = false;; again = true) {
		int status = 0;
		pid_t pid = fork();

		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			if (getppid() != guard)
				_exit(0);
			keep(fd, cfg, again);
		}
		if (pid > 0 && waitpid(pid, &status, 0) == pid &&
		    WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return;
		poll(NULL, 0, 1000);
	}
}
