/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where records go: one descriptor a type, in one file each, and one line in
 * the array of output.c.
 */
#ifndef OUTPUTS_OUTPUT_H
#define OUTPUTS_OUTPUT_H

#include "outputs/config.h"

enum record_state {
	RECORD_WAITS,	 /* not sent, or not known: send it again */
	RECORD_ACCEPTED, /* the other side has it */
	RECORD_REJECTED, /* it never will: `reason` */
};

#define RECORD_REASON_MAX 200

struct record {
	struct str text; /* in the output's format */
	char eid[EVENT_EID_LEN];
	enum record_state state;
	char reason[RECORD_REASON_MAX]; /* printable; of RECORD_REJECTED */
};

struct output {
	const struct output_ops *ops;
	/* What the other side said last, for people. */
	char said[256];
	/* Microseconds that it asked to be left alone; 0: it did not. */
	int64_t retry_after;
	/* Microseconds between two batches, set by open; 0: none. */
	int64_t pause;
};

struct output_ops {
	const char *name;
	/*
	 * The texts of cfg stay until it is closed. Nobody is connected yet,
	 * but what cfg names must be there and make sense.
	 */
	int (*open)(struct output **ret, const struct output_config *cfg,
	    struct err *err);
	/*
	 * Send those of n records that wait, in their order, and set their
	 * state. 0: those that still wait are to be sent again, later. An
	 * error: all that wait are; what is wrong, in err, may pass.
	 */
	int (*send)(struct output *o, struct record *records, size_t n,
	    struct err *err);
	void (*close)(struct output *o);
};

extern const struct output_ops *const outputs[]; /* by enum output_type */

/* State and reason of a record that is refused; the reason is made plain. */
void record_reject(struct record *r, struct str reason);

#endif
