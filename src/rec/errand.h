/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be run: the user's own shell, as sshd would run it if
 * sshtrail-rec were not there.
 */
#ifndef REC_ERRAND_H
#define REC_ERRAND_H

#include "base/buf.h"
#include "sources/rec/settings.h"

struct errand {
	const char *shell; /* its file */
	char *argv[4];	   /* "-bash", or "bash", "-c", COMMAND */
	char **env;	   /* the user's, with SHELL as it is */
	struct arena texts;
};

/*
 * As login shell sshtrail-rec is called "-sshtrail-rec", or "sshtrail-rec -c
 * COMMAND"; as ForceCommand it has no arguments, and SSH_ORIGINAL_COMMAND.
 * 0; -EINVAL: called in another way; -ENOMEM.
 */
int errand_find(
    struct errand *ret, const struct settings *s, int argc, char **argv);

/*
 * Become it, with the group that the process really has. Returns only when that
 * fails: a negative errno.
 */
int errand_run(const struct errand *e);

/* Its arguments, a NUL behind each, cut at `max`; true: they were longer. */
bool errand_describe(const struct errand *e, size_t max, struct buf *to);

#endif
