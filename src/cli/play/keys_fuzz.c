/* SPDX-License-Identifier: Apache-2.0 */
/* What is typed comes to an end, and is the same however it is divided. */
#include "cli/play/keys.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEYS_MAX 4096

struct taken {
	uint32_t v[KEYS_MAX];
	size_t n;
};

static void take(struct taken *t, struct str *in, bool whole)
{
	uint32_t key;

	while (keys_take(in, whole, &key)) {
		if (key > KEY_UNKNOWN || t->n == KEYS_MAX)
			__builtin_trap();
		t->v[t->n++] = key;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct taken all, parts;
	struct str in = str_make(data, size), part = str_make(data, 0);

	if (size > KEYS_MAX)
		return 0;
	all.n = parts.n = 0;
	take(&all, &in, false);
	take(&all, &in, true);
	for (size_t i = 0; i < size; i++) {
		part.n++;
		take(&parts, &part, false);
	}
	take(&parts, &part, true);
	if (in.n || part.n || parts.n != all.n ||
	    memcmp(parts.v, all.v, all.n * sizeof *all.v) != 0)
		__builtin_trap();
	return 0;
}
