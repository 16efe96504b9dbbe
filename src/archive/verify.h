/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what a store keeps is what was written, of all its chains. */
#ifndef ARCHIVE_VERIFY_H
#define ARCHIVE_VERIFY_H

#include "archive/vouch.h"
#include "trail/prune.h"
#include "trail/verify.h"

/*
 * Verify every chain, and recordings against what events vouch for; `report`
 * gets the chain's name. Frames that are missing in front are a finding where
 * no signed hole tells of them. The public key is that
 * of DIR unless `pub` is given. *ret_sound: all are.
 */
struct archive_verify_sink {
	void (*finding)(void *ctx, const char *chain, const struct finding *f);
	void (*chain)(void *ctx, const char *chain,
	    const struct verify_result *r, const struct vouch_result *v);
	/* What is missing in front, as its signed hole tells. */
	void (*hole)(
	    void *ctx, const char *chain, const struct trail_hole *hole);
	void *ctx;
};
int archive_verify(const char *dir, const struct sign_public *pub,
    const struct archive_verify_sink *sink, bool *ret_sound, struct err *err);

#endif
