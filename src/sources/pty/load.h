/* SPDX-License-Identifier: Apache-2.0 */
/* Into the kernel: the half of the tap that needs root. */
#ifndef SOURCES_PTY_LOAD_H
#define SOURCES_PTY_LOAD_H

#include "sources/bpf/reader.h"

/* tap_opened.fd goes on behind those of the reader; links follow. */
enum pty_fd {
	PTY_FD_BELL = READER_N_FDS, /* these only where it is tended */
	PTY_FD_TENDED,		    /* programs to be attached at need */
};

/* tap_opened.kept[0]: how terminals are watched. */
enum pty_way { PTY_BY_DRIVER, PTY_BY_CALLS };
/* tap_opened.kept[1]: how many programs are to be tended (tend.h). */
#define PTY_TENDED_MAX 2

/* What is to be told but for the output of terminals. */
struct pty_wants {
	bool input;
	uint64_t commands; /* bytes of output of each command; 0: of none */
};

/*
 * Loads the programs and attaches them, but for the one that is tended; tells
 * the kernel of terminals that are open; fills descriptors,
 * which becomes -1), kept and note. Where commands cannot be watched, the note
 * says so. -ENOENT: this kernel takes neither set of programs for terminals, or
 * we may not load any.
 */
int pty_load(
    struct tap_opened *ret, const struct pty_wants *wants, struct err *err);

/* Programs that did not run become losses of the tap. */
void pty_count_missed(const struct tap_opened *opened);

/* Attach the program behind a descriptor; returns that of the link. */
int pty_attach(int program);

#endif
