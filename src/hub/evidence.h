/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/evidence: bundles (archive/bundle.h); /api/v1/frames: recordings. */
#ifndef HUB_EVIDENCE_H
#define HUB_EVIDENCE_H

#include "hub/api.h"

/* In one bundle, so that its memory has a bound. */
#define EVIDENCE_EVENTS_MAX 200000

/* 0, or a negative errno with err set. -EACCES: not for viewers. */
int evidence_begin(struct api_call *c, struct err *err);
/* -ENOENT: there is no such recording for this account. */
int frames_begin(struct api_call *c, struct err *err);

#endif
