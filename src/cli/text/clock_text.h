/* SPDX-License-Identifier: Apache-2.0 */
/* Times of many rows as text; asks the C library once per quarter hour. */
#ifndef CLI_TEXT_CLOCK_TEXT_H
#define CLI_TEXT_CLOCK_TEXT_H

#include "base/when.h"

struct clock_text {
	int64_t block;	/* quarter hour that `offset` belongs to */
	int64_t offset; /* seconds east of UTC */
	bool known;
};

/* "2026-11-22 11:49:28" in the local zone; lives in `ret`. */
struct str clock_format(
    struct clock_text *c, int64_t us, char ret[static TIME_LOCAL_LEN]);

#endif
