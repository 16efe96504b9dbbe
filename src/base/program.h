/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program of the system to its end and keeps what it printed. Nothing
 * of the caller's environment reaches it, and no shell is between.
 */
#ifndef BASE_PROGRAM_H
#define BASE_PROGRAM_H

#include "base/buf.h"
#include "base/err.h"

/* What it prints beyond is dropped. */
#define PROGRAM_OUTPUT_MAX ((size_t)1 << 20)

struct program {
	int status; /* exit status, or 128 + the signal that ended it */
	struct buf out, err;
};

/*
 * argv[0] is an absolute path, or a name that is looked for in the
 * directories of the system. PATH and LC_ALL=C are its environment, its
 * standard input is empty. 0, whatever its status; -ENOENT: not installed;
 * -ETIMEDOUT: it ran for `seconds` and was killed. Free with program_free(),
 * also after a failure.
 */
int program_run(struct program *ret, const char *const *argv, unsigned seconds,
    struct err *err);
void program_free(struct program *p);

/* Whether a program of this name is installed in the system's directories. */
bool program_installed(const char *name);

/* The first line of what it said on standard error, else on standard output. */
struct str program_said(const struct program *p);

/*
 * 0 where its status is 0; else -EINVAL, with "WHAT refuses: " and all that it
 * said on standard error, its lines parted by "; ".
 */
int program_check(const struct program *p, struct err *err, const char *what);

#endif
