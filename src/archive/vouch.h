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

struct vouch;

/*
 * Of a host's chains in the store open as dirfd, of which `chain` is one:
 * "events:HOST" and "recordings:HOST", or "import:HOST" and
 * "recordings:import:HOST". NULL in *ret: other chains, and recordings without
 * events, are vouched for by nothing. Returns 1 when `chain` is that of the
 * recordings, 0 else.
 */
int vouch_open(
    struct vouch **ret, int dirfd, const char *chain, struct err *err);

/*
 * The next frame of the host's events; behind vouch_recordings(), of its
 * recordings. Where some are damaged or gone, those that are left still count.
 * Memory: about 300 bytes for each recording.
 */
void vouch_frame(struct vouch *v, const struct frame *f);

/* The chain whose frames come now; NULL: there is none. */
const char *vouch_recordings(struct vouch *v);

/*
 * When all frames have come. Findings name "recording" and its number, or the
 * chain of events and a frame of it. What retention removed in front of either
 * is no finding.
 */
int vouch_end(struct vouch *v,
    void (*report)(void *ctx, const struct finding *f), void *ctx,
    struct vouch_result *ret, struct err *err);

void vouch_close(struct vouch *v);

#endif
