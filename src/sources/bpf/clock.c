/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/clock.h"

#include <stdlib.h>
#include <time.h>

#include "sources/bpf/record.h"

#define NS_PER_S    1000000000
/* How far the wall clock may go astray before its offset is told again. */
#define CLOCK_SLACK 1000000

void record_clock_init(struct record_clock *c, uint32_t magic, uint16_t version)
{
	*c = (struct record_clock){.magic = magic, .version = version};
	(void)boot_id_read(c->boot);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

void record_clock_tell(struct record_clock *c, struct buf *to)
{
	int64_t before = clock_ns(CLOCK_BOOTTIME);
	int64_t real = clock_ns(CLOCK_REALTIME);
	int64_t after = clock_ns(CLOCK_BOOTTIME);
	int64_t offset = real - before - (after - before) / 2;
	struct rec_clock rec = {
	    .head = {.magic = c->magic,
		.version = c->version,
		.type = REC_CLOCK,
		.size = sizeof rec,
		.time = (uint64_t)before},
	    .real_offset = offset,
	};

	if (c->told && llabs(offset - c->offset) < CLOCK_SLACK)
		return;
	memcpy(rec.boot, c->boot, sizeof rec.boot);
	buf_add(to, &rec, sizeof rec);
	c->told = true;
	c->offset = offset;
}

uint64_t record_clock_now(void)
{
	return (uint64_t)clock_ns(CLOCK_BOOTTIME);
}
