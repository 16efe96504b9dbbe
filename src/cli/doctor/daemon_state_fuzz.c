/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor/daemon_state.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever answers on the socket: what is told of it can be used. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct daemon_state d;

	if (daemon_state_parse(&d, str_make(data, size), &a)) {
		if (!d.store.p || strlen(d.store.p) != d.store.n ||
		    d.n_taps > DAEMON_TAPS_MAX)
			abort();
		for (size_t i = 0; i < d.n_taps; i++)
			if (!d.taps[i].name.p)
				abort();
	}
	arena_free(&a);
	return 0;
}
