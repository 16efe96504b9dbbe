/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of records of programs in the kernel, each with a struct rec_head:
 * where they begin, and how their times are to be read.
 */
#ifndef SOURCES_BPF_RECORDS_H
#define SOURCES_BPF_RECORDS_H

#include "sources/bpf/record.h"
#include "sources/source.h"

struct records {
	uint32_t magic;
	uint16_t version;
	const char *expected; /* what a record of it is called; static */
	/* `record` is as long as its head says. What the sink returned. */
	int (*take)(struct source_run *run, struct str record, uint64_t offset,
	    struct source_sink *sink);
	bool skip;	     /* within bytes that are no record */
	bool clock_known;    /* a clock record was seen: */
	int64_t real_offset; /* as in struct rec_clock */
	char boot[32];
	bool boot_known;
};

/* As source->probe(), for records of this magic and version. */
int records_probe(struct str head, uint32_t magic, uint16_t version);

/*
 * As source->feed(), for the run that r is of. Bytes that are no record are one
 * mistake, until the next record begins.
 */
ssize_t records_feed(struct records *r, struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink);

/* Take a clock record; false: it is none. */
bool records_clock(struct records *r, struct str record);

/*
 * Nanoseconds since 1970 of a time of the kernel's (since boot); false before
 * the first clock record, and for times that no event can have.
 */
bool records_time(const struct records *r, uint64_t boot, int64_t *ret);

/* Without dashes; empty: not known. A slice of r. */
struct str records_boot(const struct records *r);

#endif
