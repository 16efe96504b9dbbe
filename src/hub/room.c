/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/room.h"

#include <errno.h>
#include <stdio.h>

#include "base/disk.h"
#include "base/loop.h"
#include "base/when.h"

uint64_t room_left(const struct hub *h)
{
	struct disk disk;

	return disk_look(h->cfg->store, &disk) == 0 ? disk.free : 0;
}

void hub_fail(struct hub *h, int r)
{
	h->failed = 0;
	if (!disk_is_full(r))
		h->failed = r;
	else if (!h->full)
		h->full = h->no_room = true;
	if (h->failed < 0 && h->loop)
		loop_stop(h->loop, h->failed);
}

/* What was synced is there when it is opened again. */
static void close_store(struct hub *h)
{
	senders_full(&h->senders);
	hub_close_chains(h);
	archive_close(h->archive);
	h->archive = NULL;
}

/* -EAGAIN: somebody else has the store, who must give it up soon. */
static int open_store(struct hub *h, struct err *err)
{
	int lockfd = -1, r = archive_lock(h->cfg->store, &lockfd, err);

	if (r == 0)
		r = archive_open_locked(
		    &h->archive, h->cfg->store, lockfd, err);
	if (r == 0)
		r = hub_begin_own(h, err);
	if (r < 0) {
		archive_close(h->archive);
		h->archive = NULL;
	}
	return r;
}

static int reopen(struct hub *h, struct err *err)
{
	int r = open_store(h, err);

	if (r == -EAGAIN || disk_is_full(r))
		return 0;
	h->full = r < 0;
	return r;
}

static int tell(struct hub *h, bool none)
{
	char reason[160], span[TIME_SPAN_LEN];

	time_format_span(loop_now() - h->no_room_since, span);
	if (none)
		snprintf(reason, sizeof reason,
		    "hardly any room is left on the disk of the hub's store: "
		    "hosts keep what they would send");
	else
		snprintf(reason, sizeof reason,
		    "there is room again on the disk of the hub's store: for "
		    "%s nothing was taken from hosts",
		    span);
	return hub_note(h, EVENT_ALERT, STR_NONE, "room", reason);
}

int room_follow(struct hub *h, struct err *err)
{
	const uint64_t left = room_left(h);
	const bool none = left < (h->no_room ? 2 * ROOM_MIN : ROOM_MIN);
	const bool changed = h->no_room != none;
	int r = 0;

	if (h->full && h->archive)
		close_store(h);
	if (!h->no_room_since && (none || h->full))
		h->no_room_since = loop_now();
	if (h->full && !none)
		r = reopen(h, err);
	if (r < 0 || h->full)
		return r;
	h->no_room = none;
	r = changed ? tell(h, none) : 0;
	if (!none)
		h->no_room_since = 0;
	if (r < 0)
		*err = h->failure;
	return disk_is_full(r) ? 0 : r;
}
