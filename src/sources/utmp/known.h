/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which events of a file that is read whole again and again were told before:
 * by their ids, whatever becomes of the rows that they were in and whatever the
 * clock says. What a restart must know of it fits into the place of a tap: the
 * ids of the latest events, and since when these are all. An event that was
 * added meanwhile with a time before all of them counts as told.
 */
#ifndef SOURCES_UTMP_KNOWN_H
#define SOURCES_UTMP_KNOWN_H

#include "base/buf.h"
#include "base/map.h"

#define KNOWN_LATEST 24
/* Ids that are kept, unless a single reading has more. */
#define KNOWN_MAX    ((size_t)1 << 20)

struct known {
	struct map ids;
	struct {
		uint64_t id;
		int64_t time; /* microseconds */
	} latest[KNOWN_LATEST];
	unsigned n_latest;
	size_t seen;   /* events of this reading */
	bool begun;    /* a whole reading is known */
	bool resumed;  /* `latest` is what an earlier run knew */
	int64_t since; /* all events from then on are in `latest` */
};

#define KNOWN_INIT ((struct known){.since = INT64_MIN})

void known_free(struct known *k);
/* What known_place() said; false, and nothing changed: it never said that. */
bool known_resume(struct known *k, const char *place);
/* Appends printable ASCII, less than 450 bytes; nothing before a reading. */
void known_place(const struct known *k, struct buf *ret);

/*
 * Take one event of a reading; whether it is to be told. Of the first reading,
 * when nothing was resumed, none is.
 */
bool known_take(struct known *k, uint64_t id, int64_t time);
/* The reading is over. */
void known_read(struct known *k);

#endif
