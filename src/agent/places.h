/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where each tap goes on after a restart: the file `places` in the store, one
 * line "TAP PLACE" each. It may lag behind the trail, never be ahead of it.
 */
#ifndef AGENT_PLACES_H
#define AGENT_PLACES_H

#include "base/buf.h"
#include "base/err.h"

#define PLACES_MAX 16

struct places {
	int dirfd;
	struct {
		char name[32];
		struct buf place;
	} v[PLACES_MAX];
	size_t n;
	struct buf saved; /* the file as it is */
	bool open;
};

/* No file yet, or one that cannot be read: no places. */
int places_open(struct places *p, const char *dir, struct err *err);
void places_close(struct places *p);

/* NULL: none. */
const char *places_get(const struct places *p, const char *tap);
/* An empty place forgets it. -ENOMEM, or -ENOSPC beyond PLACES_MAX. */
int places_set(struct places *p, const char *tap, struct str place);

/* Put the file in place atomically, when something changed. */
int places_save(struct places *p, struct err *err);

#endif
