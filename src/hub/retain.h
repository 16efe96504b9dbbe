/* SPDX-License-Identifier: Apache-2.0 */
/* The hub removes by itself what a policy does not want kept any longer. */
#ifndef HUB_RETAIN_H
#define HUB_RETAIN_H

#include "archive/policy.h"
#include "hub/hub.h"

struct retain {
	struct hub *hub;
	struct policy policy;
	bool configured;
	struct loop_timer timer;
};

/*
 * Read the policy, where the configuration names one, before the sandbox is
 * entered. -EINVAL: it is not understood. Free it in any case.
 */
int retain_begin(struct retain *t, struct hub *h, struct err *err);
/*
 * From a minute after now on, as often as configured. It keeps the loop for as
 * long as the index takes to be made again, where there was something.
 */
void retain_start(struct retain *t, struct loop *l);
void retain_free(struct retain *t);

#endif
