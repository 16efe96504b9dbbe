/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: a directory that is removed afterwards, and files in it. */
#ifndef CLI_IMPORT_SCRATCH_TEST_H
#define CLI_IMPORT_SCRATCH_TEST_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/calls_test.h"

#define LOG_LINE                                                               \
	"2026-03-01T10:00:00.000000+00:00 web-1 sshd[100]: Connection from "   \
	"192.0.2.7 port 4000 on 192.0.2.1 port 22\n"

struct scratch {
	char dir[40];
	char path[4096]; /* of the last scratch_path() */
};

static inline int scratch_make(void **state)
{
	struct scratch *s = calloc(1, sizeof *s);

	if (!s)
		return -1;
	snprintf(s->dir, sizeof s->dir, "sshtrail-import-XXXXXX");
	*state = s;
	return mkdtemp(s->dir) ? 0 : -1;
}

static inline int scratch_remove(void **state)
{
	struct scratch *s = *state;
	int r = fd_remove_tree(s->dir);

	free(s);
	return r;
}

/* Valid until the next call. */
static inline const char *scratch_path(struct scratch *s, const char *name)
{
	snprintf(s->path, sizeof s->path, "%s/%s", s->dir, name);
	return s->path;
}

static inline const char *scratch_file(
    struct scratch *s, const char *name, struct str content)
{
	CLEANUP_FD int fd = open(scratch_path(s, name),
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, content.p, content.n), 0);
	return s->path;
}

/* The struct takes what it will free; tests that fill it give literals. */
static inline char *literal(const char *z)
{
	return (char *)(uintptr_t)z;
}

#endif
