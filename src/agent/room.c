/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

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

static bool get_free(const char *store, uint64_t *ret)
{
	struct statvfs fs;

	if (statvfs(store, &fs) < 0)
		return false;
	*ret = (uint64_t)fs.f_bavail * fs.f_frsize;
	return true;
}

static void path_of(const struct room *r, char ret[static 4096])
{
	snprintf(ret, 4096, "%s/reserve", r->store);
}

static void make_reserve(struct room *r)
{
	char path[4096];
	CLEANUP_FD int fd = -1;

	path_of(r, path);
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	r->held = posix_fallocate(fd, 0, (off_t)r->reserve) == 0 &&
		  ftruncate(fd, (off_t)r->reserve) == 0;
	if (!r->held)
		unlink(path);
}

static void give_back(struct room *r)
{
	char path[4096];

	path_of(r, path);
	unlink(path);
	r->held = false;
}

/* To a better level only with a quarter more, so that it does not flutter. */
static bool is_below(uint64_t left, uint64_t limit, bool was_below)
{
	return left < (was_below ? limit + limit / 4 : limit);
}

static enum room_level look(struct room *r)
{
	uint64_t left;

	if (r->reserve == 0 || !get_free(r->store, &left))
		return r->level;
	if (r->held && left < r->reserve / 16)
		give_back(r);
	else if (!r->held && left > 2 * r->reserve)
		make_reserve(r);
	if (!get_free(r->store, &left))
		return r->level;
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
	char path[4096];

	*r = (struct room){.store = store, .reserve = reserve};
	path_of(r, path);
	/* Of a run before, perhaps with another size. */
	unlink(path);
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
	return ledger_gap_since(l, r->since, skipped,
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

bool room_is_full(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EFBIG;
}

bool room_is_back(const char *store, uint64_t reserve)
{
	uint64_t need = reserve / 4 > LEAST ? reserve / 4 : LEAST, left;

	return get_free(store, &left) && left >= need;
}
