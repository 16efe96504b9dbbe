/* SPDX-License-Identifier: Apache-2.0 */
/* What sshtraild answers to "status json", as far as it is used here. */
#ifndef CLI_DOCTOR_DAEMON_STATE_H
#define CLI_DOCTOR_DAEMON_STATE_H

#include "base/arena.h"

#define DAEMON_TAPS_MAX 32

struct daemon_tap {
	struct str name, note;
	bool open;
	uint64_t lost;
};

struct daemon_state {
	struct str store; /* its directory, with a NUL behind it */
	struct str host;
	struct daemon_tap taps[DAEMON_TAPS_MAX];
	size_t n_taps;
};

/*
 * Unknown keys are passed over, taps beyond the maximum too. False: it is not
 * such an object, or there is no memory. Strings are in `a`.
 */
bool daemon_state_parse(
    struct daemon_state *ret, struct str json, struct arena *a);

/* NULL: it has no tap of that name. */
const struct daemon_tap *daemon_tap_find(
    const struct daemon_state *d, const char *name);

/* Whether a tap of this name is open. */
bool daemon_takes(const struct daemon_state *d, const char *name);

#endif
