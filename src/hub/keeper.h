/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hub's outputs. In its sandbox the hub runs no program and reaches nobody,
 * so a process that is forked before, the keeper, runs "sshtrail forward" on
 * its store, and again, later and later, when that ends. It reads nothing but
 * the hub's words and the names of the outputs, and ends with the hub, however
 * that ends; another one takes its place when it is killed.
 */
#ifndef HUB_KEEPER_H
#define HUB_KEEPER_H

#include "base/loop.h"
#include "hub/config.h"
#include "outputs/names.h"

/* What the forwarder of an output said last. */
struct output_state {
	bool told; /* something by now; else the rest is zero */
	uint64_t sent, rejected;
	uint64_t behind;	 /* events not looked at yet */
	uint64_t behind_seconds; /* age of the event sent last, if any is */
	int64_t failing;	 /* time; 0: it works */
};

struct keeper {
	struct output_names names;   /* of those that run, or should */
	struct output_state *states; /* as many; see keeper_look() */
	int64_t looked;		     /* loop_now() */
	int fd;			     /* to it; -1: it is not there */
	bool running;		     /* what it keeps */
	bool reloading; /* keeper_reload() has not come to its end */
	uint64_t ended; /* so often that ended by itself */
	struct loop_watch watch;
	/* That end: they run anew, or there is nothing that does. May be NULL.
	 */
	void (*reloaded)(void *ctx);
	void *ctx;
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
/* The outputs end, and begin anew with what their directory has then. */
void keeper_reload(struct keeper *k);
/* When this returns, the outputs have ended; after 10 s they may not have. */
void keeper_end(struct keeper *k);

/*
 * Fill k->states, from files of `store`, that of the hub, at most once a
 * second. False: no memory.
 */
bool keeper_look(struct keeper *k, const char *store);

/* Of one output; not told: no such file, or it cannot be read. */
void output_state_read(
    struct output_state *ret, const char *store, const char *name);

#endif
