/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that reads hostile bytes gives up all that it does not need before
 * it reads the first one. What is left to it afterwards:
 *
 *   ids           the given user and group, no other group, no way back
 *   capabilities  none, in any set; nothing can be gained by running a program
 *   files         only below the given paths (Landlock), and what is open
 *   network       only sockets that are open already (see SANDBOX_CONNECT)
 *   memory        nothing can be mapped or made executable any more
 *   calls         those that reading descriptors, writing files, SQLite,
 *                 threads and a poll loop take (seccomp)
 *
 * Other calls fail with EPERM, so that a library which tries something needless
 * goes on without it. Calls that such a process never makes by itself, and that
 * whoever took it over would want, kill it with SIGSYS: to run a program, to
 * reach into another process, to open or connect a socket, to mount, to load
 * code into the kernel (the table is in sandbox_calls.c). The parent sees the
 * signal, and the kernel writes an audit record of it. Mind that getpwnam(),
 * syslog() and getaddrinfo() open sockets: call them before.
 *
 * What follows from a process that no debugger may look at (PR_SET_DUMPABLE):
 * no core is written, and LeakSanitizer cannot work in it and is switched off.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* A file, or a directory with all below it, that exists. */
struct sandbox_path {
	const char *path;
	bool write; /* else it can be read only */
};

/* What few processes need in addition. */
enum sandbox_need {
	/*
	 * bpf() to look up in maps whose descriptors it has, and to ask what
	 * they are: what libbpf does to read a ring buffer. Never to load.
	 */
	SANDBOX_BPF_MAPS = 1 << 0,
	/*
	 * To connect to others by IPv4 and IPv6, and to look up their names;
	 * never to listen. What that reads (/etc/resolv.conf and so on) must be
	 * among the paths.
	 */
	SANDBOX_CONNECT = 1 << 1,
};

struct sandbox {
	/*
	 * Neither may be 0. A process that is not root must name the ids that
	 * it has; it then keeps its groups and its bounding set.
	 */
	uid_t uid;
	gid_t gid;
	const struct sandbox_path *paths;
	size_t n_paths;
	unsigned needs;	    /* of enum sandbox_need */
	unsigned files_max; /* descriptors it may have; 0: as many as now */
};

/* For a status that people read. */
struct sandbox_state {
	int landlock_abi; /* 0: this kernel has none, or it is switched off */
	char note[256];	  /* what is not enforced and why; empty: all is */
};

/*
 * Enter it, for good. To be called while the process has one thread (-EBUSY
 * otherwise): all threads made later are inside.
 *
 * A missing Landlock is told in *ret, as older kernels have none; whatever else
 * fails is an error. The process is then neither outside nor inside, and must
 * exit.
 */
int sandbox_enter(
    const struct sandbox *s, struct sandbox_state *ret, struct err *err);

#endif
