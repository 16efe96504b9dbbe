/* SPDX-License-Identifier: Apache-2.0 */
/* What events tell about persons, accounts, and events before them. */
#include <errno.h>

#include "store/writer.h"

/* An identity map says who it is; the comment of a key is a hint. */
enum { RANK_MAP, RANK_COMMENT };

/*
 * The latest statement counts, whichever is read first; of two at one time,
 * the greater.
 */
static int learn_person(struct writer *w, struct str what, int rank,
    int64_t time, struct str person, struct err *err)
{
	int64_t id, name;
	int r;

	if (what.n == 0 || person.n == 0)
		return 0;
	r = writer_name(w, what, &id, err);
	if (r == 0)
		r = writer_name(w, person, &name, err);
	if (r < 0)
		return r;
	r = sql_run(&w->sql,
	    "INSERT INTO identity VALUES(?1, ?2, ?3, ?4)"
	    " ON CONFLICT DO UPDATE SET time = excluded.time,"
	    " person = excluded.person"
	    " WHERE excluded.time > time OR (excluded.time = time AND"
	    " (SELECT name FROM name WHERE id = excluded.person) >"
	    " (SELECT name FROM name WHERE id = person))",
	    err, "iiii", id, (int64_t)rank, time, name);
	w->persons_changed |= sqlite3_changes(w->sql.db) > 0;
	return r;
}

static int put_account(struct writer *w, int64_t host, int64_t uid,
    int64_t time, int64_t name, struct err *err)
{
	int r = sql_run(&w->sql,
	    "INSERT INTO account VALUES(?1, ?2, ?3, ?4)"
	    " ON CONFLICT DO UPDATE SET time = excluded.time,"
	    " name = excluded.name"
	    " WHERE excluded.name <> name AND (excluded.time > time OR"
	    " (excluded.time = time AND"
	    " (SELECT name FROM name WHERE id = excluded.name) >"
	    " (SELECT name FROM name WHERE id = account.name)))",
	    err, "iiii", host, uid, time, name);

	w->accounts_changed |= sqlite3_changes(w->sql.db) > 0;
	return r;
}

/* The same name once more changes nothing, and most events tell just that. */
static int learn_name(struct writer *w, int64_t host, int64_t uid, int64_t time,
    int64_t name, struct err *err)
{
	const uint64_t key = (uint64_t)host << 32 | (uint64_t)uid;
	uint64_t *known = map_get(&w->accounts, key);
	int64_t now;
	int r;

	if (known && *known == (uint64_t)name)
		return 0;
	r = put_account(w, host, uid, time, name, err);
	if (r == 0)
		r = sql_number(&w->sql,
		    "SELECT name FROM account WHERE host = ?1 AND uid = ?2",
		    &now, err, "ii", host, uid);
	if (r < 0)
		return r;
	if (w->accounts.n >= CACHE_MAX)
		map_clear(&w->accounts);
	known = map_put(&w->accounts, key);
	if (!known)
		return -ENOMEM;
	*known = (uint64_t)now;
	return 0;
}

static int learn_account(
    struct writer *w, const struct event *ev, int64_t uid, struct err *err)
{
	int64_t host, name;
	int r;

	if (uid < 0 || uid >= AUDIT_UNSET || ev->v[F_USER].s.n == 0)
		return 0;
	r = writer_host(w, ev->host, &host, err);
	if (r == 0)
		r = writer_name(w, ev->v[F_USER].s, &name, err);
	return r < 0 ? r : learn_name(w, host, uid, ev->time, name, err);
}

int writer_learn(struct writer *w, const struct event *ev, struct err *err)
{
	const struct str op = event_str(ev, F_OP);
	int r = 0;

	if (ev->kind != EVENT_ACCOUNT && ev->kind != EVENT_SESSION_OPEN)
		return 0;
	if (event_has(ev, F_USER)) {
		if (event_has(ev, F_AUID))
			r = learn_account(w, ev, ev->v[F_AUID].i, err);
		else if (ev->kind == EVENT_ACCOUNT && event_has(ev, F_UID))
			r = learn_account(w, ev, ev->v[F_UID].i, err);
	}
	if (r < 0 || ev->kind != EVENT_ACCOUNT)
		return r;
	if (str_eqz(op, "key"))
		return learn_person(w, event_str(ev, F_FP), RANK_COMMENT,
		    ev->time, event_str(ev, F_COMMENT), err);
	if (!str_eqz(op, "identity"))
		return 0;
	r = learn_person(w, event_str(ev, F_FP), RANK_MAP, ev->time,
	    event_str(ev, F_PERSON), err);
	if (r == 0)
		r = learn_person(w, event_str(ev, F_CERT_ID), RANK_MAP,
		    ev->time, event_str(ev, F_PERSON), err);
	return r;
}
