/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings that other programs made, into the chain recordings:CHAIN beside
 * the chain of the events, which vouch for them.
 */
#ifndef CLI_IMPORT_RECORDING_H
#define CLI_IMPORT_RECORDING_H

#include "cli/import/run.h"

/*
 * Import f, whose format is one of recordings, unless all of its files are
 * known. What is damaged in it is counted and passed over. Fails only for the
 * store or want of memory.
 */
int import_recording(
    struct import_run *run, const struct import_file *f, struct err *err);

#endif
