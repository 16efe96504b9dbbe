/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/teller.h"

#include <stdio.h>
#include <time.h>

#include "archive/layout.h"
#include "base/fd.h"

#define CHAIN	   "events:"
/* More names are not kept. */
#define NONE_MAX   4096
/* What a file system's clock may stand still for, in nanoseconds. */
#define TICK	   ((int64_t)50000000)
#define NSEC(time) ((int64_t)(time).tv_sec * 1000000000 + (time).tv_nsec)

void teller_chain(struct teller *t, int dirfd, const char *chain)
{
	struct str name = layout_written_as(chain);

	t->dirfd = dirfd;
	t->other[0] = '\0';
	if (!str_skip(&name, STR(CHAIN)) || name.n > TELLER_NAME)
		name = STR("");
	snprintf(t->name, sizeof t->name, "%.*s", STR_ARG(name));
}

/*
 * Whether the directory is as it was, so that no chain was made since. What
 * changed just now may change again within the same tick of the clock.
 */
static bool is_unchanged(struct teller *t)
{
	struct timespec now;
	struct stat st;
	bool same;

	if (fstatat(t->dirfd, LAYOUT_TRAIL, &st, 0) < 0 ||
	    clock_gettime(CLOCK_REALTIME, &now) < 0)
		return false;
	same = st.st_dev == t->seen.st_dev && st.st_ino == t->seen.st_ino &&
	       st.st_nlink == t->seen.st_nlink &&
	       NSEC(st.st_mtim) == NSEC(t->seen.st_mtim);
	if (!same)
		intern_clear(&t->none);
	t->seen = st;
	return NSEC(now) - NSEC(st.st_mtim) > TICK;
}

static bool tells_itself(struct teller *t, struct str host)
{
	char chain[sizeof CHAIN + TELLER_NAME];
	CLEANUP_FD int fd = -1;
	bool unchanged;

	if (str_eqz(host, t->other))
		return true;
	if (host.n == 0 || host.n > TELLER_NAME)
		return false;
	unchanged = is_unchanged(t);
	if (unchanged && intern_find(&t->none, host) != INTERN_NONE)
		return false;
	snprintf(chain, sizeof chain, CHAIN "%.*s", STR_ARG(host));
	if (layout_open_chain(t->dirfd, chain, false, &fd, NULL) < 0) {
		if (t->none.n >= NONE_MAX)
			intern_clear(&t->none);
		if (unchanged)
			(void)intern_add(&t->none, host);
		return false;
	}
	snprintf(t->other, sizeof t->other, "%.*s", STR_ARG(host));
	return true;
}

int teller_check(struct teller *t, struct event *ev)
{
	const struct str old = event_str(ev, F_INFERRED);

	if (!t->name[0] || str_eqz(ev->host, t->name) ||
	    str_eq(ev->source, STR(TELLER_HUB)) || !tells_itself(t, ev->host))
		return 0;
	buf_clear(&t->inferred);
	if (old.n)
		buf_printf(&t->inferred, "%.*s; ", STR_ARG(old));
	buf_printf(&t->inferred, "host: it says %s, which sends its own trail",
	    t->other);
	event_set_str(ev, F_INFERRED, buf_str(&t->inferred));
	event_set_str(ev, F_SENDER, str_z(t->name));
	ev->host = str_z(t->name);
	ev->trust = TRUST_NETWORK;
	t->corrected++;
	return buf_error(&t->inferred);
}

void teller_free(struct teller *t)
{
	buf_free(&t->inferred);
	intern_free(&t->none);
}
