/* SPDX-License-Identifier: Apache-2.0 */
/* One record to one event. */
#ifndef SOURCES_BPF_BUILD_H
#define SOURCES_BPF_BUILD_H

#include "base/arena.h"
#include "sources/bpf/pieces.h"
#include "sources/bpf/records.h"

#define BPF_NAME "bpf"

struct source_run {
	struct source_input in;
	struct records records;
	struct pieces pieces;
	struct arena mem; /* of the event being built */
};

/* As records->take(): what is not understood is counted. */
int build_record(struct source_run *run, struct str record, uint64_t offset,
    struct source_sink *sink);

#endif
