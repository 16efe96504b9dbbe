/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is there of whom nothing is known but the address, and who of them gives
 * way when there are too many: of the address of which there are most, who came
 * first. So nobody can take all room from the others, however many connections
 * he opens, and no bound has to be set that a network behind one address would
 * run into.
 */
#ifndef NET_CROWD_H
#define NET_CROWD_H

#include <sys/socket.h>

#include "base/map.h"

/* One of them, within what it stands for; zero: not there. */
struct crowd_member {
	uint64_t address; /* a hash of it; of IPv6 the first 64 bits count */
	bool is_in;
	struct crowd_member *next, **place;
};

struct crowd {
	struct crowd_member *first, **end; /* in the order in which they came */
	struct map counts;		   /* by address */
};

void crowd_init(struct crowd *c);
/* Its members have left before. */
void crowd_free(struct crowd *c);

/* -ENOMEM. `m` stays where it is until it leaves. */
int crowd_enter(
    struct crowd *c, struct crowd_member *m, const struct sockaddr *from);
/* Nothing happens where it is not in. */
void crowd_leave(struct crowd *c, struct crowd_member *m);

/* How many there are of the address of m, which is in. */
uint64_t crowd_count(const struct crowd *c, const struct crowd_member *m);
/* Who gives way; NULL: there is nobody. */
struct crowd_member *crowd_yields(const struct crowd *c);

#endif
