/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output through one big buffer. The first rows go out at once, later
 * ones in growing pieces, so a slow search shows what it finds and a long
 * listing costs few system calls.
 */
#ifndef CLI_TEXT_OUT_H
#define CLI_TEXT_OUT_H

#include "base/buf.h"

struct out {
	struct buf b; /* append to it, then out_row() */
	int fd;
	int error; /* negative errno of the first failed write */
	uint64_t written;
	/* Called once before the first write; may change fd. NULL: nothing. */
	void (*start)(struct out *o, void *ctx);
	void *start_ctx;
};

#define OUT_INIT(descriptor)                                                   \
	((struct out){BUF_INIT, (descriptor), 0, 0, NULL, NULL})

/* Write what is buffered. */
void out_flush(struct out *o);

/* A row is complete. False: nobody reads any more, stop. */
bool out_row(struct out *o);

/* Flush; 0, or the first error. A reader that went away is not an error. */
int out_end(struct out *o);

#endif
