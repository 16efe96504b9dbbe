/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/shipping.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/shipper.h"
#include "wire/member.h"

/* The hub knows what it has: a new shipper goes on where the old one was. */
#define AGAIN_USEC ((int64_t)5000000)

static bool has_joined(const struct agent *a)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/" MEMBER_DIR "/member", a->store);
	return access(path, F_OK) == 0;
}

/* In the child: nothing of what the monitor opened is for it. */
static _Noreturn void become_shipper(const struct shipping *s, pid_t parent)
{
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* A signal to the group is the monitor's to act on. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	exit(shipper_run(s->agent, s->say) < 0);
}

static void start(struct shipping *s)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		become_shipper(s, parent);
	if (pid < 0)
		loop_timer_start(s->loop, &s->again, AGAIN_USEC, 0);
	else
		s->pid = pid;
}

static void on_again(struct loop *l, struct loop_timer *t)
{
	(void)l;
	start(t->ctx);
}

void shipping_start(struct shipping *s, const struct agent *a, struct loop *l,
    void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2))))
{
	if (s->pid || !a->ships || !has_joined(a))
		return;
	*s = (struct shipping){.agent = a, .loop = l, .say = say};
	s->again = (struct loop_timer){.due = on_again, .ctx = s};
	start(s);
}

void shipping_reap(struct shipping *s)
{
	int status;

	if (!s->pid || waitpid(s->pid, &status, WNOHANG) != s->pid)
		return;
	s->pid = 0;
	if (WIFSIGNALED(status))
		s->say("the shipper was killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	loop_timer_start(s->loop, &s->again, AGAIN_USEC, 0);
}

void shipping_stop(struct shipping *s)
{
	if (s->loop)
		loop_timer_stop(s->loop, &s->again);
	if (s->pid) {
		kill(s->pid, SIGTERM);
		waitpid(s->pid, NULL, 0);
	}
	*s = (struct shipping){.pid = 0};
}
