/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments out of EXECVE records, in whatever order these come: one record,
 * several that continue each other, arguments in pieces (aN[i] with aN_len),
 * empty arguments that old kernels left out.
 */
#ifndef SOURCES_AUDIT_ARGV_H
#define SOURCES_AUDIT_ARGV_H

#include "base/arena.h"
#include "base/buf.h"

#define ARGV_MAX_ARGS  ((size_t)65536)
#define ARGV_MAX_BYTES ((size_t)256 << 10)

struct argv {
	struct buf list; /* the arguments, each followed by a NUL */
	size_t n;	 /* how many */
	bool cut;	 /* beyond a limit, or a NUL within an argument */
	bool partial;	 /* fewer arguments than argc tells */
	/* Pieces, where they do not come in order. */
	struct argv_piece *pieces;
	size_t n_pieces, cap_pieces;
};

#define ARGV_INIT                                                              \
	((struct argv){                                                        \
	    {NULL, 0, 0, ARGV_MAX_BYTES + 1, 0}, 0, false, false, NULL, 0, 0})

void argv_free(struct argv *v);

/*
 * Read the bodies of all EXECVE records of an event. Returns 0 or -ENOMEM;
 * the result stands until the next call.
 */
int argv_parse(struct argv *v, const struct str *bodies, size_t n);

#endif
