/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The programs last executed on a host, by pid: enough to tell what was typed
 * at a shell, and whose a process was. A fixed ring: as pids are given out in
 * order, the oldest give way.
 */
#ifndef CORE_PROCS_H
#define CORE_PROCS_H

#include "core/event.h"

#define PROCS_MAX 8192 /* a power of two */

struct proc {
	uint32_t pid; /* 0: free */
	bool shell;   /* reads commands from a terminal */
	bool setup;   /* runs for a login, not for who logged in */
	uint64_t ses; /* audit session it is of */
};

struct procs {
	struct proc *slots; /* PROCS_MAX, made when first needed; or NULL */
};

/* NULL when not known. */
const struct proc *procs_find(const struct procs *p, int64_t pid);
/* Note an EXEC event of session `ses`. -ENOMEM. */
int procs_exec(struct procs *p, const struct event *ev, uint64_t ses);
/* -ENOMEM. */
int procs_put(struct procs *p, const struct proc *proc);
void procs_exit(struct procs *p, int64_t pid);
/* Forget all processes; the memory is given back. */
void procs_clear(struct procs *p);

/* Whether argv starts a shell that reads commands: no script and no -c. */
bool argv_is_shell(struct str argv);

#endif
