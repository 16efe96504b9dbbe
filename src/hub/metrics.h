/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the hub gets on, for whoever watches over it. */
#ifndef HUB_METRICS_H
#define HUB_METRICS_H

#include "hub/hub.h"

/*
 * GET /v1/health, for anybody: 503 once what was taken has waited longer than
 * HEALTH_LATE to be found, or the disk has no room. How the outputs are is a
 * word of it only: they hold up nothing.
 */
#define HEALTH_LATE ((int64_t)30 * 1000000)
void metrics_health(
    struct hub *h, const struct http_call *call, struct http_reply *reply);

/*
 * GET /metrics, in the text format 0.0.4 of Prometheus, for who has a token.
 * Of hosts only those that the account may see. It is not told in the trail:
 * it tells nothing that hosts said.
 */
void metrics_send(
    struct hub *h, const struct http_call *call, struct http_reply *reply);

#endif
