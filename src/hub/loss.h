/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Something that is lost again and again, and told as a gap: at once, and then
 * not more often than each LOSS_EVERY, whatever a sender does. Pure.
 */
#ifndef HUB_LOSS_H
#define HUB_LOSS_H

#include <stddef.h>
#include <stdint.h>

#define LOSS_EVERY ((int64_t)60 * 1000000)

struct loss {
	uint64_t n;	/* since the start */
	uint64_t told;	/* of these */
	int64_t at;	/* loop_now(), when it was told last; 0: never */
	int64_t since;	/* time of the first that is not told yet */
	int64_t latest; /* time of the last */
};

/* `n` more, at time `time`. */
void loss_add(struct loss *l, uint64_t n, int64_t time);
/* How many are to be told now (loop_now()), and count as told; 0: none. */
uint64_t loss_due(struct loss *l, int64_t now);
/* What is not told yet of these n is due at once, as at an end. */
void loss_hurry(struct loss *l, size_t n);

#endif
