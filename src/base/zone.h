/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The zone that local times are of, see base/when.h. It belongs to the whole
 * process (TZ), so these are for programs with one thread as yet.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/str.h"

/* Bytes of a zone's name, and a NUL. */
#define ZONE_NAME_LEN 64

/* UTC, or a name of the host's zone database, as "Europe/Berlin". */
bool zone_known(struct str name);

/*
 * Make it the process's zone: such a name, or a rule of tzset(3), as
 * "CET-1CEST". -EINVAL: neither; -ENOMEM. The zone is then as it was.
 */
int zone_set(const char *name);

/* For a while: a known zone, then what was there before. */
struct zone_before {
	bool set; /* TZ was */
	char tz[256];
};
/* -EINVAL, -ENAMETOOLONG (TZ is longer than that), -ENOMEM: not entered. */
int zone_enter(struct str name, struct zone_before *ret);
void zone_leave(const struct zone_before *before);

#endif
