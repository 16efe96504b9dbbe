/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that vouch for imported recordings, and the chain that these lie in.
 * They wait until what they vouch for is on the disk: for many recordings at
 * once, as each commit costs as much as a small recording.
 */
#ifndef CLI_IMPORT_VOUCHERS_H
#define CLI_IMPORT_VOUCHERS_H

#include "archive/archive.h"
#include "cli/import/run.h"

/*
 * Opens the chain recordings:CHAIN of the run, where it is not open yet. From
 * now on events of the run wait here; import_run_free() closes it.
 */
int vouchers_open(struct import_run *run, struct err *err);

struct trail *vouchers_trail(const struct vouchers *v);

/* The event comes into the chain of events later, and is counted now. */
int vouchers_add(
    struct import_run *run, const struct event *ev, struct err *err);

/*
 * Whether the recording that `close` is the end of is in the store, or was
 * added in this run. < 0: the store could not be asked.
 */
int vouchers_know(
    struct import_run *run, const struct event *close, struct err *err);

/* The run's archive has another store now. */
int vouchers_look_anew(struct import_run *run, struct err *err);

/* All that waits is durable, signed and visible. With `much`: if it is much. */
int vouchers_commit(struct import_run *run, bool much, struct err *err);

void vouchers_close(struct vouchers *v);

#endif
