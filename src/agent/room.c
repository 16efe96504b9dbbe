/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/room.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/disk.h"
#include "base/fd.h"
#include "base/when.h"

/* That gaps name. */
#define SERVICE "disk"
/* Less than this is never enough to go on after a full disk. */
#define LEAST	((uint64_t)1 << 20)
/* Kinds that are many, and whose loss hurts less than that of a login. */
#define BULK                                                                   \
	(1u << EVENT_FILE | 1u << EVENT_NET_CONNECT | 1u << EVENT_NET_LISTEN | \
	    1u << EVENT_FORWARD | 1u << EVENT_OTHER)

static void make_reserve(struct room *r)
{
	CLEANUP_FD int fd =
	    open(r->path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	r->held = posix_fallocate(fd, 0, (off_t)r->reserve) == 0 &&
		  ftruncate(fd, (off_t)r->reserve) == 0;
	if (!r->held)
		unlink(r->path);
}

static void give_back(struct room *r)
{
	unlink(r->path);
	r->held = false;
}

/* True when there is something else to be seen on the disk by now. */
static bool tend_reserve(struct room *r, uint64_t left)
{
	if (r->held && left < r->reserve / 16)
		return give_back(r), true;
	if (r->held || left <= 2 * r->reserve)
		return false;
	make_reserve(r);
	return true;
}

/* To a better level only with a quarter more, so that it does not flutter. */
static bool is_below(uint64_t left, uint64_t limit, bool was_below)
{
	return left < (was_below ? limit + limit / 4 : limit);
}

static enum room_level look(struct room *r)
{
	struct disk disk;
	uint64_t left;

	if (r->reserve == 0 || disk_look(r->store, &disk) < 0)
		return r->level;
	if (tend_reserve(r, disk.free) && disk_look(r->store, &disk) < 0)
		return r->level;
	left = disk.free;
	/* What the reserve would take is not for what comes in bulk. */
	if (!r->held)
		left = left > r->reserve ? left - r->reserve : 0;
	if (is_below(left, r->reserve / 4, r->level >= ROOM_SHORT))
		r->level = ROOM_SHORT;
	else if (is_below(left, r->reserve, r->level >= ROOM_LOW))
		r->level = ROOM_LOW;
	else
		r->level = ROOM_ENOUGH;
	return r->level;
}

void room_open(struct room *r, const char *store, uint64_t reserve)
{
	*r = (struct room){.store = store, .reserve = reserve};
	snprintf(r->path, sizeof r->path, "%s/reserve", store);
	/* Of a run before, perhaps with another size. */
	unlink(r->path);
}

int room_follow(struct room *r, struct ledger *l, struct recorder *recorder,
    struct err *err)
{
	static const char *const reasons[] = {
	    [ROOM_LOW] = "little room is left on the disk of the store: what "
			 "terminals show is not recorded",
	    [ROOM_SHORT] = "hardly any room is left on the disk of the store: "
			   "neither files nor connections are kept, nor what "
			   "terminals show",
	};
	enum room_level before = r->level, now = look(r);
	uint64_t skipped = r->skipped;

	if (now == before)
		return 0;
	recorder_pause(recorder, now >= ROOM_LOW);
	if (now != ROOM_ENOUGH) {
		if (before == ROOM_ENOUGH)
			r->since = time_now();
		return ledger_gap(l, SERVICE, 0, reasons[now], err);
	}
	r->skipped = 0;
	return ledger_gap_since(l, SERVICE, r->since, skipped,
	    "there was little room on the disk of the store: what terminals "
	    "showed was not recorded, and events were left out as far as they "
	    "are counted here",
	    err);
}

bool room_keeps(struct room *r, enum event_kind kind)
{
	if (r->level < ROOM_SHORT || !(BULK >> kind & 1))
		return true;
	r->skipped++;
	return false;
}

bool room_is_back(const char *store, uint64_t reserve)
{
	uint64_t need = reserve / 4 > LEAST ? reserve / 4 : LEAST;
	struct disk disk;

	return disk_look(store, &disk) == 0 && disk.free >= need;
}
