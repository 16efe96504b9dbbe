/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forwarder of one output: takes what comes to a store, in windows of
 * sequence numbers and within each in the order of time, sends it in batches,
 * and keeps the place reached only behind what was accepted. So each event
 * that fits arrives at least once; after a crash the last batch comes again,
 * with the same identities.
 *
 * One process runs one output: a slow one delays no other.
 */
#ifndef OUTPUTS_FORWARD_H
#define OUTPUTS_FORWARD_H

#include <signal.h>

#include "core/mask.h"
#include "outputs/output.h"
#include "store/store.h"

/* In the state directory, for output NAME: NAME.place, NAME.dead, NAME.dead.1,
 * NAME.lock and NAME.status, a line of JSON. */
struct forward {
	const char *name;
	const struct output_config *cfg;
	const struct query *filter; /* times, windows, order are not read */
	const struct mask *mask;    /* for secrets; NULL: they are sent too */
	/* Opens and closes the store; it is opened anew after failures. */
	int (*open)(void *ctx, struct store **ret, struct err *err);
	void (*close)(void *ctx);
	/* Tells what a person should know, a line each. */
	void (*tell)(void *ctx, const char *text);
	void *ctx;
	const volatile sig_atomic_t *stop;
	bool once; /* end when all is sent, or after FORWARD_TRIES failures */
};

#define FORWARD_TRIES 3

struct forward_counts {
	uint64_t sent, rejected, batches;
	uint64_t behind;      /* numbers of chains not looked at yet */
	int64_t behind_time;  /* microseconds since the last event sent */
	int64_t last_success; /* 0: none yet */
};

/*
 * Run until *stop, or with `once` until the end. -EBUSY: another process runs
 * this output. -EBADMSG: its place is damaged. Errors of the other side and of
 * the store are told and tried again, but with `once`.
 */
int forward_run(
    const struct forward *f, struct forward_counts *ret, struct err *err);

/* One marked event through the output; what was said is in ret_said. */
int forward_test(const struct output_config *cfg, const char *host,
    struct buf *ret_said, struct err *err);

#endif
