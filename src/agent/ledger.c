/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ledger.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/layout.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/when.h"

/*
 * What may have been read again after a crash: that much was synced between
 * two savings of the places at the most.
 */
#define RECENT_EVENTS 16384
/* Of so many chains of imports: it takes some 50 ms each. */
#define IMPORTS_MAX   16
#define SOURCE	      "sshtraild"

struct ledger {
	struct archive *archive;
	struct str host, boot; /* in `text` */
	struct arena text;
	struct map
	    recent; /* id of an event: how often the chain's end has it */
	bool unsynced, uncommitted, urgent;
	int64_t left_open; /* time of the chain's end, or 0 */
	struct ledger_stats stats;
};

static bool is_own(const struct event *ev)
{
	return str_eqz(ev->source, SOURCE);
}

static int count_id(struct ledger *l, const struct event *ev)
{
	uint64_t *n;

	if (!event_has(ev, F_ID))
		return 0;
	n = map_put(&l->recent, ev->v[F_ID].u);
	if (!n)
		return -ENOMEM;
	++*n;
	return 0;
}

static int remember(void *ctx, const struct event *ev)
{
	struct ledger *l = ctx;

	l->left_open =
	    ev->kind == EVENT_AGENT_STOP && is_own(ev) ? 0 : ev->time;
	return count_id(l, ev);
}

static int remember_imported(void *ctx, const struct event *ev)
{
	struct ledger *l = ctx;

	return str_eq(ev->host, l->host) ? count_id(l, ev) : 0;
}

struct imports {
	struct ledger *ledger;
	unsigned n;
	struct err *err;
};

/* What an import took of our logs while no daemon ran, or this one was late. */
static int remember_import(void *ctx, const char *chain)
{
	struct imports *m = ctx;

	if (!str_starts(str_z(chain), STR("import:")) || ++m->n > IMPORTS_MAX)
		return 0;
	return archive_recent(m->ledger->archive, chain, RECENT_EVENTS,
	    remember_imported, m->ledger, m->err);
}

static int begin(struct ledger *l, const char *dir, int lockfd, struct err *err)
{
	struct str chain =
	    arena_printf(&l->text, "events:%.*s%c", STR_ARG(l->host), '\0');
	struct imports m = {l, 0, err};
	int r = archive_open_locked(&l->archive, dir, lockfd, err);

	if (r == 0 && !chain.p)
		r = err_sys(err, -ENOMEM, "%s", dir);
	if (r == 0)
		r = archive_begin(l->archive, chain.p, err);
	if (r == 0)
		r = archive_recent(
		    l->archive, chain.p, RECENT_EVENTS, remember, l, err);
	if (r == 0)
		r = layout_each_chain(
		    archive_dirfd(l->archive), remember_import, &m, err);
	return r;
}

int ledger_open(struct ledger **ret, const char *dir, int lockfd,
    struct str host, struct str boot, struct err *err)
{
	struct ledger *l = calloc(1, sizeof *l);
	int r;

	if (!l)
		return fd_close(&lockfd), err_sys(err, -ENOMEM, "%s", dir);
	l->host = arena_dup(&l->text, host);
	l->boot = arena_dup(&l->text, boot);
	r = begin(l, dir, lockfd, err);
	if (r == 0 && (!l->host.p || !l->boot.p))
		r = err_sys(err, -ENOMEM, "%s", dir);
	if (r < 0) {
		ledger_close(l);
		return r;
	}
	*ret = l;
	return 0;
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	archive_close(l->archive);
	map_free(&l->recent);
	arena_free(&l->text);
	free(l);
}

const uint8_t *ledger_id_key(const struct ledger *l)
{
	return archive_id_key(l->archive);
}

struct archive *ledger_archive(struct ledger *l)
{
	return l->archive;
}

struct str ledger_host(const struct ledger *l)
{
	return l->host;
}

struct str ledger_boot(const struct ledger *l)
{
	return l->boot;
}

/* Read once more from a place before the end of the chain. */
static bool is_known(struct ledger *l, const struct event *ev)
{
	uint64_t *n =
	    event_has(ev, F_ID) ? map_get(&l->recent, ev->v[F_ID].u) : NULL;

	if (!n || *n == 0)
		return false;
	--*n;
	l->stats.repeated++;
	return true;
}

static bool is_urgent(enum event_kind kind)
{
	return kind == EVENT_AUTH_OK || kind == EVENT_SESSION_OPEN ||
	       kind == EVENT_SESSION_CLOSE || kind == EVENT_GAP;
}

int ledger_add(struct ledger *l, struct event *ev, struct err *err)
{
	int r;

	if (l->recent.n && is_known(l, ev))
		return 0;
	if (ev->host.n == 0)
		ev->host = l->host;
	if (ev->boot.n == 0)
		ev->boot = l->boot;
	r = archive_append(l->archive, ev, err);
	if (r < 0)
		return r;
	l->unsynced = l->uncommitted = true;
	l->urgent = l->urgent || is_urgent(ev->kind);
	l->stats.events++;
	l->stats.logins += ev->kind == EVENT_AUTH_OK;
	if (ev->time > l->stats.last)
		l->stats.last = ev->time;
	return 0;
}

static void describe_self(struct event *ev, enum event_kind kind)
{
	event_init(ev, kind);
	ev->time = time_now();
	ev->source = STR(SOURCE);
	ev->trust = TRUST_DAEMON;
}

int ledger_note(struct ledger *l, enum event_kind kind, const char *op,
    const char *reason, struct err *err)
{
	struct event ev;

	describe_self(&ev, kind);
	event_set_str(&ev, F_OP, str_z(op));
	if (reason)
		event_set_str(&ev, F_REASON, str_z(reason));
	return ledger_add(l, &ev, err);
}

static void describe_gap(struct event *ev, const char *what, const char *reason)
{
	describe_self(ev, EVENT_GAP);
	event_set_str(ev, F_OP, STR("lost"));
	event_set_str(ev, F_SERVICE, str_z(what));
	event_set_str(ev, F_REASON, str_z(reason));
}

int ledger_gap(struct ledger *l, const char *tap, uint64_t lost,
    const char *where, struct err *err)
{
	struct event ev;

	describe_gap(&ev, tap, where);
	if (lost)
		event_set_int(&ev, F_LOST, (int64_t)lost);
	return ledger_add(l, &ev, err);
}

int ledger_gap_since(struct ledger *l, const char *tap, int64_t since,
    uint64_t lost, const char *reason, struct err *err)
{
	struct event ev;

	describe_gap(&ev, tap, reason);
	if (lost)
		event_set_int(&ev, F_LOST, (int64_t)lost);
	event_set_int(&ev, F_SINCE, since);
	event_set_int(&ev, F_UNTIL, ev.time);
	return ledger_add(l, &ev, err);
}

int64_t ledger_left_open(const struct ledger *l)
{
	return l->left_open;
}

bool ledger_unsynced(const struct ledger *l)
{
	return l->unsynced;
}

bool ledger_uncommitted(const struct ledger *l)
{
	return l->uncommitted;
}

bool ledger_urgent(const struct ledger *l)
{
	return l->urgent;
}

int ledger_guard(struct ledger *l, struct err *err)
{
	int r = archive_guard(l->archive, err);

	if (r <= 0)
		return r;
	return ledger_gap(l, "trail", 0,
	    "somebody removed or replaced the segment of the events that is "
	    "being written: it was put back with all that it held",
	    err);
}

bool ledger_is_wanted(const struct ledger *l)
{
	return archive_wanted(l->archive);
}

bool ledger_is_lent(const struct ledger *l)
{
	return archive_is_lent(l->archive);
}

int ledger_lend(struct ledger *l, struct err *err)
{
	int r = ledger_commit(l, err);

	if (r == 0)
		archive_lend(l->archive);
	return r;
}

int ledger_take_back(struct ledger *l)
{
	return archive_take_back(l->archive);
}

int ledger_go_on(struct ledger *l, struct err *err)
{
	return archive_go_on(l->archive, err);
}

int ledger_sync(struct ledger *l, struct err *err)
{
	int r = l->unsynced ? archive_sync(l->archive, err) : 0;

	if (r == 0)
		l->unsynced = l->urgent = false;
	return r;
}

int ledger_commit(struct ledger *l, struct err *err)
{
	int r = l->uncommitted ? archive_commit(l->archive, err) : 0;

	if (r == 0)
		l->unsynced = l->uncommitted = l->urgent = false;
	return r;
}

const struct ledger_stats *ledger_stats(const struct ledger *l)
{
	return &l->stats;
}
