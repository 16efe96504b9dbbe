/* SPDX-License-Identifier: Apache-2.0 */
/* What a store knows of a recording, as one JSON object. */
#ifndef WIRE_RECORDING_JSON_H
#define WIRE_RECORDING_JSON_H

#include "store/store.h"

void recording_to_json(struct buf *b, const struct recording *r);
/* Texts lie in the arena. -EBADMSG: malformed; -ENOMEM. */
int recording_from_json(
    struct recording *ret, struct str json, struct arena *a);

#endif
