/* SPDX-License-Identifier: Apache-2.0 */
/* The masks of a store: our rules (core/mask.h) and those of DIR/masks. */
#ifndef ARCHIVE_MASKS_H
#define ARCHIVE_MASKS_H

#include "base/err.h"
#include "core/mask.h"

/*
 * Read them; DIR/masks need not be there. -EINVAL: a line of it is wrong. Free
 * with mask_free(), also after a failure.
 */
int archive_masks(struct mask *m, const char *dir, struct err *err);

#endif
