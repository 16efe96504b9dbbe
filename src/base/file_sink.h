/* SPDX-License-Identifier: Apache-2.0 */
/* Where files go, one behind the other. */
#ifndef BASE_FILE_SINK_H
#define BASE_FILE_SINK_H

#include "base/str.h"

/* What either returns if negative stops, and is returned by who calls it. */
struct file_sink {
	/* The next file, "name" or "directory/name". */
	int (*begin)(void *ctx, const char *name);
	/* More of it. */
	int (*add)(void *ctx, struct str bytes);
	void *ctx;
};

#endif
