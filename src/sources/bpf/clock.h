/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the times of records (record.h), which go by the boot, are to be read: a
 * record of the clock among them, and another one when it was set.
 */
#ifndef SOURCES_BPF_CLOCK_H
#define SOURCES_BPF_CLOCK_H

#include "base/boot_id.h"
#include "base/buf.h"

struct record_clock {
	uint32_t magic; /* of the records */
	uint16_t version;
	int64_t offset; /* told last */
	bool told;
	char boot[BOOT_ID_LEN + 1]; /* empty: not known */
};

void record_clock_init(
    struct record_clock *c, uint32_t magic, uint16_t version);

/* Append a record of the clock, if none was yet or its offset has changed. */
void record_clock_tell(struct record_clock *c, struct buf *to);

/* CLOCK_BOOTTIME in nanoseconds. */
uint64_t record_clock_now(void);

#endif
