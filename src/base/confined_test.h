/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: children that enter a sandbox, and files around it. */
#ifndef BASE_CONFINED_TEST_H
#define BASE_CONFINED_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/sandbox.h"

/* In a child: the parent sees that it failed, the log where. */
#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition)) {                                            \
			dprintf(2, "# %s:%d: %s is false (%s)\n", __FILE__,    \
			    __LINE__, #condition, strerror(errno));            \
			_exit(1);                                              \
		}                                                              \
	} while (0)

#define NOBODY 65534

struct call;

enum folder { HOME, READONLY, OUTSIDE, N_FOLDERS };

/* All files are anybody's: only the sandbox stands before them. */
struct confined {
	char dir[40];
	char folders[N_FOLDERS][64]; /* of dir, each with a file "file" */
	struct sandbox_path paths[2];
	struct sandbox sandbox; /* HOME can be written, READONLY read */
	bool is_root;		/* is the parent */
	int pair[2];		/* connected sockets */
	const struct call *call;
};

static inline int confined_make_folder(const char *folder)
{
	CLEANUP_FD int fd = -1;
	char path[128];

	snprintf(path, sizeof path, "%s/file", folder);
	if (mkdir(folder, 0777) < 0 || chmod(folder, 0777) < 0)
		return -1;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	return fd < 0 ? -1 : fchmod(fd, 0666);
}

static inline int confined_set_up(void **state)
{
	static const char *const names[] = {"home", "readonly", "outside"};
	struct confined *c = calloc(1, sizeof *c);

	if (!c)
		return -1;
	*state = c;
	snprintf(c->dir, sizeof c->dir, "/tmp/sshtrail-sandbox-XXXXXX");
	if (!mkdtemp(c->dir) || chmod(c->dir, 0755) < 0)
		return -1;
	for (int i = 0; i < N_FOLDERS; i++) {
		snprintf(c->folders[i], sizeof c->folders[i], "%s/%s", c->dir,
		    names[i]);
		if (confined_make_folder(c->folders[i]) < 0)
			return -1;
	}
	c->is_root = geteuid() == 0;
	c->paths[0] = (struct sandbox_path){c->folders[HOME], true};
	c->paths[1] = (struct sandbox_path){c->folders[READONLY], false};
	c->sandbox.uid = c->is_root ? NOBODY : getuid();
	c->sandbox.gid = c->is_root ? NOBODY : getgid();
	c->sandbox.paths = c->paths;
	c->sandbox.n_paths = 2;
	return 0;
}

/* Fails when a child left a file behind. */
static inline int confined_tear_down(void **state)
{
	struct confined *c = *state;
	int r = 0;

	for (int i = 0; i < N_FOLDERS; i++) {
		char path[128];

		snprintf(path, sizeof path, "%s/file", c->folders[i]);
		r |= unlink(path) | rmdir(c->folders[i]);
	}
	r |= rmdir(c->dir);
	free(c);
	return r;
}

static inline int confined_open(
    const struct confined *c, enum folder folder, const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", c->folders[folder], name);
	return open(path, flags | O_CLOEXEC, 0600);
}

static inline struct sandbox_state confined_enter(const struct confined *c)
{
	struct sandbox_state state;
	struct err err = {""};

	if (sandbox_enter(&c->sandbox, &state, &err)) {
		dprintf(2, "# %s\n", err.text);
		_exit(2);
	}
	return state;
}

/* The wait status of a child that does it. */
static inline int confined_run(
    struct confined *c, void (*child)(struct confined *c))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		child(c);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static inline void assert_works(
    struct confined *c, void (*child)(struct confined *c))
{
	assert_int_equal(confined_run(c, child), 0);
}

static inline void assert_dies(
    struct confined *c, void (*child)(struct confined *c), int signal)
{
	int status = confined_run(c, child);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), signal);
}

static inline void need_root(const struct confined *c)
{
	if (!c->is_root) {
		print_message("# this needs root\n");
		skip();
	}
}

static inline void need_landlock(void)
{
	/* Asks for the version. */
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1) {
		print_message("# this needs a kernel with Landlock\n");
		skip();
	}
}

#endif
