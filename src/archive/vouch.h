/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the events of a host vouch for, held against its recordings: the digest
 * in each channel.close, and over those in each session.close
 * (docs/recordings.md).
 */
#ifndef ARCHIVE_VOUCH_H
#define ARCHIVE_VOUCH_H

#include "trail/verify.h"

struct vouch_result {
	uint64_t recordings, sessions; /* that were compared */
	unsigned verdicts;	       /* bit set of enum verdict */
};

/*
 * Of the chain "recordings:HOST" of the store open as dirfd; of "events:HOST"
 * where there is no such chain; and so of "recordings:import:HOST" and
 * "import:HOST". Other chains vouch for nothing. Findings name
 * "recording" and its number, or the chain of events and a frame of it. What
 * retention removed in front of either is no finding. Memory: about 300 bytes
 * for each recording.
 */
int vouch_check(int dirfd, const char *chain,
    void (*report)(void *ctx, const struct finding *f), void *ctx,
    struct vouch_result *ret, struct err *err);

#endif
