/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hub's outputs. In its sandbox the hub runs no program and reaches nobody,
 * so a process that is forked before, the keeper, runs "sshtrail forward" on
 * its store, and again, later and later, when that ends. It reads nothing but
 * the hub's word to begin, and ends with the hub, however that ends.
 */
#ifndef HUB_KEEPER_H
#define HUB_KEEPER_H

#include "base/loop.h"
#include "hub/config.h"
#include "outputs/names.h"

struct keeper {
	struct output_names names; /* none: there is no keeper */
	int fd;			   /* to it; -1: it is not there */
	bool running;		   /* what it keeps */
	uint64_t ended;		   /* so often that ended by itself */
	struct loop_watch watch;
};

#define KEEPER_INIT                                                            \
	{                                                                      \
		.fd = -1                                                       \
	}

/*
 * Fork it, where cfg names outputs; with one thread, and before secrets are
 * read. It waits for keeper_start().
 */
int keeper_begin(
    struct keeper *k, const struct hub_config *cfg, struct err *err);
/* The store is there. What the keeper tells comes by the loop. */
int keeper_start(struct keeper *k, struct loop *l);
/* When this returns, the outputs have ended; after 10 s they may not have. */
void keeper_end(struct keeper *k);

/* What the forwarder of an output said last. */
struct output_state {
	uint64_t sent, rejected;
	uint64_t behind;	 /* events not looked at yet */
	uint64_t behind_seconds; /* age of the event sent last, if any is */
	int64_t failing;	 /* time; 0: it works */
};

/* -ENOENT: nothing yet. `store` is that of the hub. */
int output_state_read(
    struct output_state *ret, const char *store, const char *name);

#endif
