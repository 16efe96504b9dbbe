/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hub as a store: an engine of store/store.h whose `path` is the directory of
 * a profile. Only what asks is there: what writes, or looks at chains, is NULL.
 *
 * Rows come in pages, each of them as the hub was when it was asked: what came
 * to it in between may be among those of later pages.
 */
#ifndef WIRE_REMOTE_H
#define WIRE_REMOTE_H

#include "store/store.h"

extern const struct store_ops store_remote;

#endif
