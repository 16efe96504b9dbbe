/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash behind the look-up of key and kind names. The tables for it are
 * made while building, by event_slots_gen.c, which looks for a multiplier
 * that gives every name a slot of its own.
 */
#ifndef CORE_EVENT_HASH_H
#define CORE_EVENT_HASH_H

#include "base/str.h"

#define EVENT_SLOTS 512 /* a power of two; slot 0xff is free */

static inline uint64_t name_load(const char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

/* First and last bytes and length; reads nothing outside s. */
static inline uint64_t name_mix(struct str s)
{
	uint64_t a, b;

	if (s.n >= 8) {
		a = name_load(s.p, 8);
		b = name_load(s.p + s.n - 8, 8);
	} else if (s.n >= 4) {
		a = name_load(s.p, 4);
		b = name_load(s.p + s.n - 4, 4);
	} else {
		a = s.n ? (uint8_t)s.p[0] : 0;
		b = s.n ? (uint8_t)s.p[s.n / 2] |
			      (uint64_t)(uint8_t)s.p[s.n - 1] << 8
			: 0;
	}
	return (a ^ b << 23 ^ b >> 41) + s.n;
}

static inline unsigned name_slot(struct str s, uint64_t multiplier)
{
	uint64_t h = name_mix(s) * multiplier;

	return (unsigned)((h ^ h >> 29) * multiplier >> 55);
}

#endif
