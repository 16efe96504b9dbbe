/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts whose chains forked, as they were restored from a copy: the hub keeps
 * what it has, and, where its administrator says so (sshtrail-hub resolve),
 * takes what the host sends as its next history, CHAIN:2 and so on. That begins
 * where the two part, so that nothing is there twice; a signed hole stands for
 * what they share. To find that place the host sends all from its first frame
 * on: until then the chain is compared, and nothing of it kept. Where the first
 * ones are gone at the host, it shows the tree of them that it signed: what it
 * was is not compared, and the history begins behind it at the earliest.
 */
#ifndef HUB_HISTORY_H
#define HUB_HISTORY_H

#include "hub/hub.h"
#include "wire/batch.h"

/*
 * As hub_chain_open(), of the newest history of what a host calls `name`; where
 * that has not begun, (*ret)->shared is not NULL.
 */
int history_open(struct hub *h, const struct host_entry *host, const char *name,
    struct hub_chain **ret, struct err *err);

/*
 * Compare frames of a batch, (*rest), with the history before. What is shared
 * is taken off; at the first that is another the history begins, as a chain
 * like others: 1; 0: all of it is shared.
 */
int history_compare(struct hub *h, const struct host_entry *host,
    const char *name, struct hub_chain *c, struct str *rest, struct err *err);

/*
 * The batch begins with the first frame that the host has, and shows the tree
 * of those before. 0; -EBADMSG: it shows no such thing.
 */
int history_skip_absent(const struct host_entry *host, const char *name,
    struct hub_chain *c, const struct batch *b, struct err *err);

/* The bit of a chain in host_entry.forked. */
unsigned history_bit(const char *name);

/* Of what is kept, or was compared. */
const struct merkle *hub_chain_tree(const struct hub_chain *c);

#endif
