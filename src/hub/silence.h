/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts that fall silent: each gives a sign of life once a minute, and who does
 * not is told as an event, and again when it is back.
 */
#ifndef HUB_SILENCE_H
#define HUB_SILENCE_H

#include "hub/place.h"

struct heard {
	char id[HOST_ID_LEN + 1], name[CERT_NAME_MAX + 1];
	int64_t at;  /* loop_now(), when it was heard last */
	bool silent; /* told */
};

struct silence {
	struct heard *v;
	size_t n, cap;
};

/* A host was heard. *ret_since: it was silent since then; 0: it was not. */
int silence_heard(struct silence *s, const struct host_entry *h, int64_t now,
    int64_t *ret_since);
/*
 * Tell of each host that was not heard for `limit` and is not known to be
 * silent. A non-zero return of fn stops.
 */
int silence_check(struct silence *s, int64_t now, int64_t limit,
    int (*fn)(void *ctx, const struct heard *h), void *ctx);
void silence_free(struct silence *s);

#endif
