/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "rec/environment.h"

#define EXIT_NOT_RUN 127

static int set_up(
    struct pair *p, const struct termios *modes, const struct winsize *size)
{
	p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (p->master < 0 || unlockpt(p->master) < 0)
		return -errno;
	if (ptsname_r(p->master, p->name, sizeof p->name))
		return -errno;
	p->slave = ioctl(p->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->slave < 0)
		p->slave = open(p->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (p->slave < 0 || tcsetattr(p->slave, TCSANOW, modes) < 0 ||
	    ioctl(p->slave, TIOCSWINSZ, size) < 0)
		return -errno;
	return 0;
}

int pair_open(struct pair *ret, const struct termios *modes,
    const struct winsize *size, struct err *err)
{
	int r;

	*ret = (struct pair){.master = -1, .slave = -1};
	r = set_up(ret, modes, size);
	if (r < 0)
		pair_close(ret);
	return r < 0 ? err_sys(err, r, "cannot open a terminal") : 0;
}

void pair_close(struct pair *p)
{
	fd_close(&p->slave);
	fd_close(&p->master);
}

/* In the child. What was no terminal before stays as it was. */
static void take_terminal(const struct pair *p)
{
	setsid();
	ioctl(p->slave, TIOCSCTTY, 0);
	for (int fd = 0; fd <= 2; fd++)
		if (fd < 2 || isatty(fd))
			dup2(p->slave, fd);
}

static _Noreturn void become(const struct pair *p, const struct errand *e,
    const sigset_t *mask, const struct sigaction *child)
{
	char tty[sizeof p->name + sizeof "SSH_TTY="];
	int r;

	take_terminal(p);
	snprintf(tty, sizeof tty, "SSH_TTY=%s", p->name);
	environment_replace(e->env, tty, 7);
	sigaction(SIGCHLD, child, NULL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	r = errand_run(e);
	dprintf(2, "%s: %s\n", e->shell, strerror(-r));
	_exit(EXIT_NOT_RUN);
}

pid_t pair_run(const struct pair *p, const struct errand *e,
    const sigset_t *mask, const struct sigaction *child)
{
	pid_t pid = fork();

	if (pid == 0)
		become(p, e, mask, child);
	return pid < 0 ? -errno : pid;
}
