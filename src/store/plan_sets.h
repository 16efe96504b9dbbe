/* SPDX-License-Identifier: Apache-2.0 */
/* Which tracks and blocks a query's session, user, person and address mean. */
#ifndef STORE_PLAN_SETS_H
#define STORE_PLAN_SETS_H

#include "store/plan.h"

struct plan_sets {
	int64_t hosts[QUERY_VALUES_MAX], users[QUERY_VALUES_MAX];
	struct track_set must; /* blocks with rows of the tracks asked for */
	struct track_set user; /* blocks with rows of the user's tracks */
};

int plan_find_sets(
    struct plan *p, struct plan_sets *sets, struct sql *s, struct err *err);

#endif
