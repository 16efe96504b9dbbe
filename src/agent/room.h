/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the disk of the store, and what is given up while it gets scarce:
 * first what terminals show, then files and connections; logins and commands
 * last. For these a file is allocated in advance, the reserve, and given back
 * to the file system when all else is used up.
 */
#ifndef AGENT_ROOM_H
#define AGENT_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/ledger.h"
#include "agent/recorder.h"

enum room_level {
	ROOM_ENOUGH,
	ROOM_LOW,   /* less than the reserve is left beside it */
	ROOM_SHORT, /* less than a quarter of it */
};

struct room {
	const char *store;
	char path[4096];  /* of the reserve */
	uint64_t reserve; /* bytes; 0: nothing is watched */
	bool held;	  /* the file is there */
	enum room_level level;
	int64_t since;	  /* time; of a level that is not ROOM_ENOUGH */
	uint64_t skipped; /* events since then */
};

/* `store` must stay. The reserve is made by room_follow(). */
void room_open(struct room *r, const char *store, uint64_t reserve);

/*
 * Look again, which costs little. What is given up from now on, or no more, is
 * told by a gap. Fails only as the ledger does.
 */
int room_follow(struct room *r, struct ledger *l, struct recorder *recorder,
    struct err *err);

/* Whether an event of this kind is kept at the level of now; else it counts. */
bool room_keeps(struct room *r, enum event_kind kind);

/* Whether there is room by now to go on after a full disk. */
bool room_is_back(const char *store, uint64_t reserve);

#endif
