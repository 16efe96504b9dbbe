/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of masks that come with the program. */
#ifndef CORE_MASK_RULES_H
#define CORE_MASK_RULES_H

#include "core/mask.h"

/* Ended by one without `before`. */
extern const struct mask_rule mask_rules[];

#endif
