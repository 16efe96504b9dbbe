/* SPDX-License-Identifier: Apache-2.0 */
#include "store/plan_sets.h"

#include <errno.h>

/* Looking up the blocks of more tracks than this costs more than it saves. */
#define TRACKS_MAX 4096

static int add_ids(
    struct track_set *set, struct sql *s, sqlite3_stmt *st, struct err *err)
{
	int r;

	while ((r = sql_step(s, st, err)) > 0)
		if (!map_put(
			&set->ids, id_from_sql(sqlite3_column_int64(st, 0)))) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
	return r;
}

static int session_tracks(struct plan *p, struct sql *s, struct err *err)
{
	int64_t session = id_to_sql(p->q.session);
	int r = sql_number(s, "SELECT session FROM track WHERE id = ?1",
	    &session, err, "u", p->q.session);
	sqlite3_stmt *st;

	if (r < 0 && r != -ENOENT)
		return r;
	p->session.on = true;
	if (!map_put(&p->session.ids, p->q.session) ||
	    !map_put(&p->session.ids, id_from_sql(session)))
		return -ENOMEM;
	st = sql_get(s,
	    "SELECT id FROM track WHERE session = ?1 AND session <> id", &r,
	    err);
	if (!st)
		return r;
	sql_bind(st, "i", session);
	return add_ids(&p->session, s, st, err);
}

/* Tracks of the sessions of one user or person. */
static int named_tracks(struct track_set *set, struct sql *s, const char *text,
    int64_t name, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(s, text, &r, err);

	set->on = true;
	if (!st)
		return r;
	if (name == 0)
		return 0;
	sql_bind(st, "i", name);
	return add_ids(set, s, st, err);
}

static int addr_tracks(
    struct plan *p, struct sql *s, struct str addr, struct err *err)
{
	char last = addr.n ? addr.p[addr.n - 1] : 0;
	struct str end = arena_dup(&p->mem, addr);
	int r;
	sqlite3_stmt *st;

	p->addr.on = true;
	if (!end.p)
		return -ENOMEM;
	st = sql_get(s,
	    "WITH s(id) AS (SELECT session.id FROM session JOIN name"
	    " ON name.id = session.addr"
	    " WHERE name.name >= ?1 AND (name.name = ?1 OR name.name < ?2))"
	    "SELECT id FROM s UNION ALL SELECT t.id FROM s JOIN track t"
	    " ON t.session = s.id AND t.session <> t.id",
	    &r, err);
	if (!st)
		return r;
	/* Behind '.' comes '/', behind ':' comes ';'. */
	if (last == '.' || last == ':') {
		char *c = arena_alloc(&p->mem, addr.n);

		if (!c)
			return -ENOMEM;
		memcpy(c, addr.p, addr.n);
		c[addr.n - 1] = (char)(last + 1);
		end = str_make(c, addr.n);
	}
	sql_bind(st, "ss", addr, end);
	return add_ids(&p->addr, s, st, err);
}

static int tracks_blocks(struct track_set *blocks, const struct map *tracks,
    struct sql *s, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(
	    s, "SELECT block FROM block_track WHERE track = ?1", &r, err);

	if (!st)
		return r;
	blocks->on = true;
	for (size_t i = 0; i < tracks->cap; i++) {
		if (!tracks->slots[i].used)
			continue;
		sql_bind(st, "u", tracks->slots[i].key);
		while ((r = sql_step(s, st, err)) > 0)
			if (!map_put(&blocks->ids,
				(uint64_t)sqlite3_column_int64(st, 0))) {
				sqlite3_reset(st);
				return -ENOMEM;
			}
		if (r < 0)
			return r;
	}
	return 0;
}

#define TRACKS_OF(column)                                                      \
	"SELECT id FROM session WHERE " column " = ?1 UNION ALL"               \
	" SELECT t.id FROM session s JOIN track t ON t.session = s.id"         \
	" AND t.session <> t.id WHERE s." column " = ?1"

static int named_sets(
    struct plan *p, struct plan_sets *sets, struct sql *s, struct err *err)
{
	int64_t name;
	int r = 0;

	for (size_t i = 0; i < p->q.n_user && r == 0; i++) {
		r = catalogue_find_name(s, p->q.user[i], &sets->users[i], err);
		if (r == 0)
			r = named_tracks(&p->user, s, TRACKS_OF("user"),
			    sets->users[i], err);
	}
	for (size_t i = 0; i < p->q.n_person && r == 0; i++) {
		r = catalogue_find_name(s, p->q.person[i], &name, err);
		if (r == 0)
			r = named_tracks(
			    &p->person, s, TRACKS_OF("person"), name, err);
	}
	for (size_t i = 0; i < p->q.n_addr && r == 0; i++)
		r = addr_tracks(p, s, p->q.addr[i], err);
	return r;
}

int plan_find_sets(
    struct plan *p, struct plan_sets *sets, struct sql *s, struct err *err)
{
	const struct track_set *must;
	int r = 0;

	for (size_t i = 0; i < p->q.n_host && r == 0; i++)
		r = catalogue_find_host(s, p->q.host[i], &sets->hosts[i], err);
	if (r == 0)
		r = named_sets(p, sets, s, err);
	if (r == 0 && p->q.session)
		r = session_tracks(p, s, err);
	must = p->session.on ? &p->session : &p->person;
	if (r == 0 && must->on && must->ids.n <= TRACKS_MAX)
		r = tracks_blocks(&sets->must, &must->ids, s, err);
	if (r == 0 && p->user.on && p->user.ids.n <= TRACKS_MAX)
		r = tracks_blocks(&sets->user, &p->user.ids, s, err);
	return r;
}
