/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the collector writes: the events of one host into its chain of the
 * store, synced in groups, committed now and then, and nothing of it twice
 * after a restart.
 */
#ifndef AGENT_LEDGER_H
#define AGENT_LEDGER_H

#include "archive/archive.h"

struct ledger;

/*
 * Open the store in `dir`, whose lock `lockfd` is taken over, and begin the
 * chain "events:HOST". `boot`: the boot id of the kernel, 32 hexadecimal
 * digits.
 */
int ledger_open(struct ledger **ret, const char *dir, int lockfd,
    struct str host, struct str boot, struct err *err);
/* What is not committed becomes visible with the next opening. NULL is fine. */
void ledger_close(struct ledger *l);

const uint8_t *ledger_id_key(const struct ledger *l);
struct archive *ledger_archive(struct ledger *l);
struct str ledger_host(const struct ledger *l);
struct str ledger_boot(const struct ledger *l);

/*
 * Time of the last event of a run before that did not end with a stop of its
 * own; 0: it did, or there was none.
 */
int64_t ledger_left_open(const struct ledger *l);

/*
 * Append one event; host and boot are filled in where it names none. What the
 * chain's end held already when the ledger was opened is left out.
 */
int ledger_add(struct ledger *l, struct event *ev, struct err *err);

/* An event of the daemon itself: kind, and why. */
int ledger_note(struct ledger *l, enum event_kind kind, const char *op,
    const char *reason, struct err *err);
/* `lost` records are missing; 0: it is not known how many. */
int ledger_gap(struct ledger *l, const char *tap, uint64_t lost,
    const char *where, struct err *err);
/* Of what was from then until now; the rest as before. */
int ledger_gap_since(struct ledger *l, const char *tap, int64_t since,
    uint64_t lost, const char *reason, struct err *err);

/* True when there is something that ledger_sync() or _commit() would do. */
bool ledger_unsynced(const struct ledger *l);
bool ledger_uncommitted(const struct ledger *l);
/* True when what is not synced should not wait: a login, a logout. */
bool ledger_urgent(const struct ledger *l);

/*
 * To be called often: that what is written stays in its place. What was
 * removed and is put back is told in a gap; fails where it cannot be.
 */
int ledger_guard(struct ledger *l, struct err *err);

/*
 * To lend the store to who wants to write to it, see archive/archive.h.
 * ledger_take_back() gives 1: it is ours again; once its files are the
 * collector's, ledger_go_on().
 */
bool ledger_is_wanted(const struct ledger *l);
bool ledger_is_lent(const struct ledger *l);
int ledger_lend(struct ledger *l, struct err *err);
int ledger_take_back(struct ledger *l);
int ledger_go_on(struct ledger *l, struct err *err);

int ledger_sync(struct ledger *l, struct err *err);
int ledger_commit(struct ledger *l, struct err *err);

struct ledger_stats {
	uint64_t events, repeated, logins;
	int64_t last; /* time of the newest event; 0: none yet */
};
const struct ledger_stats *ledger_stats(const struct ledger *l);

#endif
