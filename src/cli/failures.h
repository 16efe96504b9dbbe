/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failed logins told once each: sshd's log line, btmp (twice for a user that
 * does not exist) and audit (USER_LOGIN, USER_ERR) tell of one attempt. Of
 * accounts of one host within 3 seconds whose user, address and process do
 * not exclude each other the best stands for all. Two log lines are always
 * two attempts; so are records that no line tells.
 */
#ifndef CLI_FAILURES_H
#define CLI_FAILURES_H

#include "core/event.h"

/* Accounts that are held back; of more the first are let go early. */
#define FAILURES_HELD_MAX 1024

struct failure;

struct failures {
	bool (*row)(void *ctx, const struct event *ev);
	void *ctx;
	struct failure *held; /* a ring, in the order of coming */
	size_t first, n;
	uint64_t told; /* attempts handed to row() */
	bool done;     /* row() wants no more */
	bool no_memory;
};

/*
 * How many attempts it stands for: a line that came again and again is written
 * once with their number. 1 where it says a million or more: anybody may have
 * written it.
 */
uint64_t failure_times(const struct event *ev);

/* row() returns false when it wants no more. -ENOMEM. */
int failures_init(struct failures *a,
    bool (*row)(void *ctx, const struct event *ev), void *ctx);
void failures_free(struct failures *a);
/*
 * The next AUTH_FAIL event, in the order of time, upwards or downwards; it is
 * copied. False when no more is wanted, or memory is short.
 */
bool failures_add(struct failures *a, const struct event *ev);
/* No more come: hand out what is held. -ENOMEM when memory was short. */
int failures_finish(struct failures *a);

#endif
