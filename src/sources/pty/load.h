/* SPDX-License-Identifier: Apache-2.0 */
/* Into the kernel: the half of the tap that needs root. */
#ifndef SOURCES_PTY_LOAD_H
#define SOURCES_PTY_LOAD_H

#include "sources/bpf/reader.h"

/* tap_opened.fd goes on behind those of the reader; links follow. */
enum pty_fd {
	PTY_FD_BELL = READER_N_FDS, /* PTY_BY_CALLS only */
	PTY_FD_CALLS,		    /* the program to be attached at need */
};

/* tap_opened.kept[0]: how terminals are watched. */
enum pty_way { PTY_BY_DRIVER, PTY_BY_CALLS };

/*
 * Loads the programs and attaches them, but for the one at the end of system
 * calls (tend.h); tells the kernel of terminals that are open; fills
 * descriptors (but READER_BOOT, which becomes -1), way and note. -ENOENT: this
 * kernel takes neither set of programs, or we may not load any.
 */
int pty_load(struct tap_opened *ret, bool input, struct err *err);

/* Programs that did not run become losses of the tap. */
void pty_count_missed(const struct tap_opened *opened);

/* Attach the program behind a descriptor; returns that of the link. */
int pty_attach_calls(int program);

#endif
