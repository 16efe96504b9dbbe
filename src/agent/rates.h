/* SPDX-License-Identifier: Apache-2.0 */
/* How much came per second, of late: counters, noted once in a second. */
#ifndef AGENT_RATES_H
#define AGENT_RATES_H

#include <stdint.h>

#define RATES_SECONDS 60

struct rates_sample {
	int64_t at; /* microseconds of a clock that is never set */
	uint64_t events, bytes;
};

struct rates {
	/* The oldest is `n` % the size of it, once all are in use. */
	struct rates_sample sample[RATES_SECONDS + 1];
	uint64_t n; /* ever noted */
};

/* To be called often: notes nothing within a second of the last one. */
void rates_note(struct rates *r, int64_t now, uint64_t events, uint64_t bytes);

struct rate {
	double seconds; /* that it is of: as long as asked, or since the first
			   sample; 0: nothing can be said yet */
	double events, bytes; /* per second */
};

/* Of the last `seconds`, at most RATES_SECONDS, until the sample noted last. */
struct rate rates_over(const struct rates *r, unsigned seconds);

#endif
