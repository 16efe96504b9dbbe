/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_DOCTOR_CAPTURE_H
#define CLI_DOCTOR_CAPTURE_H

#include "cli/cli.h"
#include "cli/doctor/checks.h"
#include "cli/doctor/marker.h"

#define CAPTURE_NAME "capture"
#define CAPTURE_WHY  "only what was seen to be captured is known to be"

/* What was seen of a marker. */
struct capture {
	bool seen;
	char source[32];
	int64_t took; /* microseconds from its start until it was found */
};

/*
 * Run a marker and ask the daemon's store for its exec, for up to `seconds`.
 * The store is opened in c.
 */
void capture_prove(struct cli *c, const struct facts *f, const char *user,
    unsigned seconds, struct capture *ret, struct finding *finding);

/* The finding that follows; pure. */
void capture_judge(const struct facts *f, const struct marker *m,
    const struct capture *seen, struct finding *ret);

#endif
