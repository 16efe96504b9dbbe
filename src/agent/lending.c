/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/lending.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "archive/archive.h"
#include "base/fd.h"
#include "base/loop.h"
#include "sources/tap.h"

/* How often to look whether an import has ended. */
#define LOOK_MS	      100
/* Taps that are quiet for so long are settled. */
#define SETTLE_USEC   ((int64_t)TAP_INTERVAL_MS * 1000)
/* Less than who asks has, see archive/lock.c. */
#define PATIENCE_USEC ((int64_t)20000000)

int lending_begin(
    struct lending *l, const struct agent *a, int *ret_lockfd, struct err *err)
{
	struct pollfd link = {.fd = a->link_fd, .events = POLLIN};
	struct link_message m = {.what = LINK_WAITS};
	struct err why = {""};
	int r;

	*ret_lockfd = -1;
	r = archive_lock(a->store, ret_lockfd, &why);

	*l = (struct lending){.link_fd = a->link_fd};
	if (r == -EAGAIN) {
		snprintf(m.text, sizeof m.text, "%s", why.text);
		if (link_send(a->link_fd, &m) < 0)
			return -ECANCELED;
	}
	while (r == -EAGAIN)
		r = poll(&link, 1, LOOK_MS) == 0
			? archive_lock(a->store, ret_lockfd, &why)
			: -ECANCELED;
	if (r < 0)
		fd_close(ret_lockfd);
	return r < 0 ? err_set(err, r, "%s", why.text) : 0;
}

bool lending_is_due(const struct lending *l)
{
	return l->wanted_at != 0;
}

static bool may_lend(struct lending *l, int64_t idle_since)
{
	int64_t now = loop_now();

	if (!l->wanted_at)
		l->wanted_at = now;
	/* What a source holds back for more has come out by then. */
	return (idle_since > l->wanted_at &&
		   now - l->wanted_at >= 2 * SETTLE_USEC) ||
	       now - l->wanted_at > PATIENCE_USEC;
}

int lending_look(struct lending *l, struct ledger *ledger, int64_t idle_since,
    struct err *err)
{
	const struct link_message give = {.what = LINK_GIVE};
	int r;

	if (l->asked)
		return 0;
	if (!ledger_is_lent(ledger)) {
		if (!ledger_is_wanted(ledger))
			l->wanted_at = 0;
		else if (may_lend(l, idle_since))
			return ledger_lend(ledger, err);
		return 0;
	}
	l->wanted_at = 0;
	r = ledger_take_back(ledger);
	if (r <= 0)
		return r;
	l->asked = true;
	return link_send(l->link_fd, &give);
}

int lending_given(struct lending *l, struct ledger *ledger,
    const struct link_message *m, struct err *err)
{
	l->asked = false;
	return m->error ? err_set(err, m->error, "%s", m->text)
			: ledger_go_on(ledger, err);
}
