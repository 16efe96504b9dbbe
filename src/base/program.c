/* SPDX-License-Identifier: Apache-2.0 */
#include "base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"

static const char *const dirs[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};
static char path_variable[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
static char locale_variable[] = "LC_ALL=C";

static bool find(const char *name, char ret[static PATH_MAX])
{
	if (name[0] == '/') {
		snprintf(ret, PATH_MAX, "%s", name);
		return access(ret, X_OK) == 0;
	}
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		snprintf(ret, PATH_MAX, "%s/%s", dirs[i], name);
		if (access(ret, X_OK) == 0)
			return true;
	}
	return false;
}

bool program_installed(const char *name)
{
	char path[PATH_MAX];

	return find(name, path);
}

static int spawn(
    pid_t *ret, const char *path, const char *const *argv, int out, int err)
{
	char *const environment[] = {path_variable, locale_variable, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t signals;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (r) {
		posix_spawn_file_actions_destroy(&actions);
		return -r;
	}
	posix_spawn_file_actions_addopen(
	    &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
	/* We ignore SIGPIPE; a program of the system does not expect that. */
	sigfillset(&signals);
	posix_spawnattr_setsigdefault(&attr, &signals);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	r = posix_spawn(ret, path, &actions, &attr,
	    (char *const *)(uintptr_t)argv, environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* False: nothing follows. */
static bool take(int fd, struct buf *to)
{
	char dropped[4096];
	char *at = dropped;
	ssize_t n;

	if (to->n < PROGRAM_OUTPUT_MAX && !(at = buf_reserve(to, 4096)))
		at = dropped;
	n = read(fd, at, 4096);
	if (n > 0 && at != dropped)
		to->n += (size_t)n;
	return n > 0 || (n < 0 && errno == EINTR);
}

static int64_t now_monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return time_from_kernel(t);
}

static int take_all(int out, int err, struct program *ret, int64_t end)
{
	struct pollfd p[] = {
	    {.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	struct buf *to[] = {&ret->out, &ret->err};

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		int64_t left = (end - now_monotonic()) / 1000;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(p, 2, (int)left) < 0 && errno != EINTR)
			return -errno;
		for (size_t i = 0; i < 2; i++)
			if (p[i].fd >= 0 && p[i].revents &&
			    !take(p[i].fd, to[i]))
				p[i].fd = -1;
	}
	return buf_error(&ret->out) ? buf_error(&ret->out)
				    : buf_error(&ret->err);
}

static int wait_status(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_run(struct program *ret, const char *const *argv, unsigned seconds,
    struct err *err)
{
	CLEANUP_FD int out_read = -1, out_write = -1, err_read = -1,
		       err_write = -1;
	int64_t end = now_monotonic() + (int64_t)seconds * USEC_PER_SEC;
	char path[PATH_MAX];
	int out[2], errors[2], r, status;
	pid_t pid;

	*ret = (struct program){0, BUF_INIT, BUF_INIT};
	if (!find(argv[0], path))
		return err_set(err, -ENOENT, "%s is not installed", argv[0]);
	if (pipe2(out, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot run %s", argv[0]);
	out_read = out[0];
	out_write = out[1];
	if (pipe2(errors, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot run %s", argv[0]);
	err_read = errors[0];
	err_write = errors[1];
	r = spawn(&pid, path, argv, out_write, err_write);
	if (r < 0)
		return err_sys(err, r, "cannot run %s", argv[0]);
	fd_close(&out_write);
	fd_close(&err_write);
	r = take_all(out_read, err_read, ret, end);
	if (r < 0)
		kill(pid, SIGKILL);
	status = wait_status(pid);
	if (r == -ETIMEDOUT)
		return err_set(
		    err, r, "%s did not end within %u s", argv[0], seconds);
	if (r < 0 || status < 0)
		return err_sys(
		    err, r < 0 ? r : status, "cannot run %s", argv[0]);
	ret->status = status;
	return 0;
}

void program_free(struct program *p)
{
	buf_free(&p->out);
	buf_free(&p->err);
}

struct str program_said(const struct program *p)
{
	struct str text = str_trim(buf_str(p->err.n ? &p->err : &p->out)), line;

	str_cut(&text, '\n', &line);
	return str_trim(line);
}

int program_check(const struct program *p, struct err *err, const char *what)
{
	struct str rest = str_trim(buf_str(p->err.n ? &p->err : &p->out)), line;
	char text[sizeof err->text] = "";
	size_t n = 0;

	if (p->status == 0)
		return 0;
	while (rest.n && n < sizeof text) {
		str_cut(&rest, '\n', &line);
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s",
		    n ? "; " : "", STR_ARG(str_trim(line)));
	}
	return err_set(
	    err, -EINVAL, "%s refuses: %s", what, n ? text : "it says nothing");
}
