/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/screens: moments at which a text stood on a screen. */
#ifndef HUB_SCREENS_H
#define HUB_SCREENS_H

#include "hub/api.h"

/* Of one answer; the cursor of the last one goes on behind it. */
#define SCREENS_ROWS_MAX 10000

/* 0, or a negative errno with err set: -EINVAL: not what screens answer. */
int screens_begin(struct api_call *c, struct err *err);

#endif
