/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /api/v1/evidence: bundles (archive/bundle.h) made by a thread each, which has
 * the store open for itself, and hands on what it makes as the client takes it.
 */
#ifndef HUB_EVIDENCE_H
#define HUB_EVIDENCE_H

#include "hub/api.h"

/* At a time; each may read the whole store. */
#define EVIDENCE_MAKERS_MAX 2
/* In one, so that its memory has a bound. */
#define EVIDENCE_EVENTS_MAX 200000
/* Made ahead of a client that is slow. */
#define EVIDENCE_AHEAD	    ((size_t)256 << 10)

/* 0, or a negative errno with err set. -EACCES: not for viewers. */
int evidence_begin(struct api_call *c, struct err *err);

#endif
