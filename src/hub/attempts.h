/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who failed to show who he is, lately: so that nobody guesses for long. What
 * is kept is bounded; the one that was quiet longest is forgotten first.
 */
#ifndef HUB_ATTEMPTS_H
#define HUB_ATTEMPTS_H

#include "base/str.h"

#define ATTEMPTS_KEPT	256
#define ATTEMPTS_MAX	10 /* of one address, within ... */
#define ATTEMPTS_WITHIN ((int64_t)60 * 1000000)

struct attempts {
	struct attempt {
		char address[64];
		int64_t since, last;
		unsigned n;
	} v[ATTEMPTS_KEPT];
	size_t n;
};

/* Microseconds for which nothing is to be looked at from there; 0: it may. */
int64_t attempts_wait(struct attempts *a, const char *address, int64_t now);
/* One that failed. */
void attempts_failed(struct attempts *a, const char *address, int64_t now);

#endif
