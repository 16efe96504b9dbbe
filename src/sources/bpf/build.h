/* SPDX-License-Identifier: Apache-2.0 */
/* One record to one event. */
#ifndef SOURCES_BPF_BUILD_H
#define SOURCES_BPF_BUILD_H

#include "base/arena.h"
#include "sources/bpf/pieces.h"
#include "sources/source.h"

#define BPF_NAME "bpf"

struct source_run {
	struct source_input in;
	bool skip;	     /* within bytes that are no record */
	bool clock_known;    /* a clock record was seen: */
	int64_t real_offset; /* as in struct rec_clock */
	char boot[32];
	bool boot_known;
	struct pieces pieces;
	struct arena mem; /* of the event being built */
};

/*
 * `record` is as long as its head says. What is not understood is counted.
 * Returns what the sink returned, else 0.
 */
int build_record(struct source_run *run, struct str record, uint64_t offset,
    struct source_sink *sink);

#endif
