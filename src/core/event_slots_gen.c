/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs while building: prints the slot tables for event.c, so that nobody has
 * to keep them in step with EVENT_FIELDS and EVENT_KINDS by hand.
 */
#include <stdio.h>

#include "core/event.h"
#include "core/event_hash.h"

_Static_assert(EVENT_SLOTS == 512, "name_slot() gives 9 bits");
_Static_assert(EVENT_N_FIELDS < 0xff, "a slot is one byte");

#define X(c, json, ...) json,
static const char *const field_names[] = {EVENT_FIELDS(X)};
static const char *const kind_names[] = {EVENT_KINDS(X)};
#undef X

static bool slots_fill(const char *const *names, unsigned n, uint64_t mult,
    uint8_t slots[static EVENT_SLOTS])
{
	memset(slots, 0xff, EVENT_SLOTS);
	for (unsigned i = 0; i < n; i++) {
		unsigned slot = name_slot(str_z(names[i]), mult);

		if (slots[slot] != 0xff)
			return false;
		slots[slot] = (uint8_t)i;
	}
	return true;
}

static int slots_print(const char *what, const char *const *names, unsigned n)
{
	uint8_t slots[EVENT_SLOTS];
	uint64_t mult = 0x9e3779b97f4a7c15u;

	for (unsigned tries = 0; !slots_fill(names, n, mult, slots); tries++) {
		if (tries > 50000000) {
			fprintf(stderr, "no hash for the %s names\n", what);
			return 1;
		}
		mult = mult * 6364136223846793005u + 1442695040888963407u;
		mult |= 1;
	}
	printf(
	    "#define %s_MULTIPLIER 0x%llxu\n", what, (unsigned long long)mult);
	printf(
	    "static const unsigned char %s_SLOTS[%d] = {", what, EVENT_SLOTS);
	for (unsigned i = 0; i < EVENT_SLOTS; i++)
		printf("%s%u,", i % 16 ? " " : "\n\t", slots[i]);
	printf("\n};\n");
	return 0;
}

int main(void)
{
	return slots_print("FIELD", field_names, EVENT_N_FIELDS) ||
	       slots_print("KIND", kind_names, EVENT_N_KINDS);
}
