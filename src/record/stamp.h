/* SPDX-License-Identifier: Apache-2.0 */
/* Times as formats of recordings write them: seconds with a fraction. */
#ifndef RECORD_STAMP_H
#define RECORD_STAMP_H

#include "base/buf.h"

#define NS_PER_S  ((uint64_t)1000000000)
#define NS_PER_MS ((uint64_t)1000000)
#define NS_PER_US ((uint64_t)1000)

/* Nothing is recorded for longer than a hundred years. */
#define STAMP_MAX (UINT64_C(100) * 366 * 86400 * NS_PER_S)

/*
 * A number of JSON, or one with digits before and behind a point: times 10 to
 * the power of `scale`, which makes nanoseconds of it; more digits are cut
 * off. False: it is none, negative, or larger than STAMP_MAX.
 */
bool stamp_parse_scaled(struct str s, int scale, uint64_t *ret_ns);

/* Of seconds, of milliseconds. */
static inline bool stamp_parse(struct str s, uint64_t *ret_ns)
{
	return stamp_parse_scaled(s, 9, ret_ns);
}

static inline bool stamp_parse_ms(struct str s, uint64_t *ret_ns)
{
	return stamp_parse_scaled(s, 6, ret_ns);
}

/* "12.345678", with as many digits behind the point, at most 9; cut off. */
void stamp_add(struct buf *b, uint64_t ns, unsigned digits);

/*
 * Intervals told to others, whose sum must not drift from the time although
 * each is rounded: what comes after `told` up to `now`, both since the begin,
 * in whole `unit`s (nanoseconds); *told is moved on by it.
 */
static inline uint64_t stamp_interval(
    uint64_t *told, uint64_t now, uint64_t unit)
{
	uint64_t since = now > *told ? (now - *told) / unit * unit : 0;

	*told += since;
	return since;
}

#endif
