/* SPDX-License-Identifier: Apache-2.0 */
/* Whose sessions are: of those that fit a query, or of any. */
#ifndef ARCHIVE_PEOPLE_H
#define ARCHIVE_PEOPLE_H

#include "base/map.h"
#include "store/store.h"

struct people {
	struct store *store;
	struct intern names;
	struct map users; /* session: number of its user's name */
	bool chosen;	  /* there are no others */
};

/*
 * Where q has a user, a person or an address: of the sessions that have it, at
 * its time. A negative errno, told in err; free it also then.
 */
int people_open(
    struct people *p, struct store *s, const struct query *q, struct err *err);
/* Whether the session is one of them. */
bool people_has(const struct people *p, uint64_t session);
/* Its user, who lives as long as p; empty: not known. */
int people_user(
    struct people *p, uint64_t session, struct str *ret, struct err *err);
void people_free(struct people *p);

#endif
