/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the catalogue knows of recordings of terminals: from the events
 * channel.open and channel.close that name one.
 */
#ifndef STORE_RECORDING_H
#define STORE_RECORDING_H

#include "store/sql.h"
#include "store/store.h"

struct writer;

/* For each event that is added. */
int recording_learn(struct writer *w, const struct event *ev, struct err *err);

struct recording_sink {
	int (*row)(void *ctx, const struct recording *r);
	void *ctx;
};

int recording_rows(struct sql *s, const struct recording_query *q,
    const struct recording_sink *sink, struct err *err);

#endif
