/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story/journey.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "cli/rows.h"

/* Less than this a login takes, and clocks differ unnoticed. */
#define LEAD_MIN ((int64_t)2 * USEC_PER_SEC)

void journey_init(struct journey *j, struct cli *c)
{
	*j = (struct journey){.cli = c};
	hops_init(&j->hops);
}

void journey_free(struct journey *j)
{
	hops_free(&j->hops);
	free(j->members);
	map_free(&j->clocks);
}

static int no_memory(struct journey *j)
{
	return cli_fail(j->cli, "cannot tell the story: out of memory; ask for "
				"less time with --since and --until");
}

static struct journey_member *add_member(struct journey *j)
{
	size_t at = j->hops.n;

	if (array_grow(&j->members, at, &j->cap, sizeof *j->members) < 0)
		return NULL;
	j->members[at] = (struct journey_member){.part = JOURNEY_NOT};
	return &j->members[at];
}

static bool is_asked(const struct session *s, struct str name)
{
	return str_eq(s->person, name) || str_eq(s->sum.user, name);
}

static int add_session(
    struct journey *j, const struct session *s, struct str name)
{
	struct journey_member *m = add_member(j);

	if (!m)
		return -ENOMEM;
	m->fp = arena_dup(&j->hops.text, s->sum.fp);
	if (name.n && is_asked(s, name))
		m->part = JOURNEY_ASKED;
	return hops_add(&j->hops, s);
}

/* All logins of the time, of any host. */
static int load_sessions(
    struct journey *j, const struct query *q, struct str name)
{
	const struct query all = {
	    .since = q->since, .until = q->until, .order = ORDER_OLDEST_FIRST};
	struct session_rows rows;
	struct session s;
	int r = session_rows_open(&rows, j->cli, &all, false), code;

	if (r != CLI_FOUND)
		return r;
	while ((code = session_rows_next(&rows, &s)) > 0)
		if (add_session(j, &s, name) < 0) {
			r = no_memory(j);
			break;
		}
	session_rows_close(&rows);
	return code < 0 ? CLI_FAILED : r;
}

static bool note(void *ctx, const struct event *ev)
{
	struct journey *j = ctx;

	return hops_note(&j->hops, ev) == 0;
}

/* Connections, and programs that log in elsewhere, in the time. */
static int load_events(struct journey *j, const struct query *q)
{
	struct query ask = {.until = q->until, .order = ORDER_OLDEST_FIRST};
	const char *name;
	int r;

	ask.since = q->since < INT64_MIN + HOP_RUN_REACH
			? INT64_MIN
			: q->since - HOP_RUN_REACH;
	hops_want(ask.want);
	query_want(&ask, F_LOGIN_USER);
	ask.kinds = HOP_KINDS_NET;
	r = rows_events(j->cli, &ask, note, j, NULL, NULL);
	ask.kinds = (uint64_t)1 << EVENT_EXEC;
	for (size_t i = 0; r == CLI_FOUND && (name = hops_program(i)); i++) {
		ask.cmd = str_z(name);
		r = rows_events(j->cli, &ask, note, j, NULL, NULL);
	}
	return r;
}

static size_t count_parts(const struct journey *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->hops.n; i++)
		n += j->members[i].part != JOURNEY_NOT;
	return n;
}

static int mark_same_key(struct journey *j)
{
	struct intern keys = INTERN_INIT;
	int r = 0;

	for (size_t i = 0; i < j->hops.n && r == 0; i++) {
		const struct journey_member *m = &j->members[i];

		if (m->part == JOURNEY_ASKED && m->fp.n &&
		    intern_add(&keys, m->fp) == INTERN_NONE)
			r = -ENOMEM;
	}
	for (size_t i = 0; i < j->hops.n && r == 0; i++) {
		struct journey_member *m = &j->members[i];

		if (m->part == JOURNEY_NOT && m->fp.n &&
		    intern_find(&keys, m->fp) != INTERN_NONE)
			m->part = JOURNEY_KEY;
	}
	intern_free(&keys);
	return r;
}

/* Back to where each came from, and on to what came of them. */
static void mark_hops(struct journey *j)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < j->hops.n; i++) {
			const size_t from = j->hops.v[i].from;
			struct journey_member *m = &j->members[i], *f;

			if (from == HOP_NOWHERE)
				continue;
			f = &j->members[from];
			if (!m->part == !f->part)
				continue;
			*(m->part ? &f->part : &m->part) = JOURNEY_HOP;
			more = true;
		}
	}
}

/* The steps back to the begin; a circle of wrong conclusions has none. */
static void measure_depths(struct journey *j)
{
	for (size_t i = 0; i < j->hops.n; i++) {
		size_t at = i;
		unsigned depth = 0;

		while (j->hops.v[at].from != HOP_NOWHERE && depth < j->hops.n) {
			at = j->hops.v[at].from;
			depth++;
		}
		if (depth == j->hops.n)
			j->hops.v[i].from = HOP_NOWHERE;
		else
			j->members[i].depth = depth;
	}
}

int64_t journey_lead(const struct journey *j, struct str host)
{
	uint32_t number = intern_find(&j->hops.hosts, host);
	const uint64_t *lead =
	    number == INTERN_NONE ? NULL : map_get(&j->clocks, number);

	return lead ? (int64_t)*lead : 0;
}

/* A login that its own host dates otherwise than the host it came from. */
static int note_clock(struct journey *j, const struct hop *hop)
{
	const struct hop *from = &j->hops.v[hop->from];
	uint32_t number = intern_add(&j->hops.hosts, hop->host);
	uint64_t *lead;

	if (number == INTERN_NONE)
		return -ENOMEM;
	if (str_eq(hop->host, from->host) || map_get(&j->clocks, number))
		return 0;
	lead = map_put(&j->clocks, number);
	if (!lead)
		return -ENOMEM;
	*lead = (uint64_t)journey_lead(j, from->host);
	if (hop->later > LEAD_MIN || hop->later < 0)
		*lead += (uint64_t)hop->later;
	return 0;
}

static int measure_clocks(struct journey *j)
{
	unsigned deepest = 0;
	int r = 0;

	for (size_t i = 0; i < j->hops.n; i++)
		if (j->members[i].part && j->members[i].depth > deepest)
			deepest = j->members[i].depth;
	/* A host's clock is known once that of the one before is. */
	for (unsigned d = 1; d <= deepest; d++)
		for (size_t i = 0; i < j->hops.n && r == 0; i++)
			if (j->members[i].part && j->members[i].depth == d &&
			    j->hops.v[i].why == HOP_PORT)
				r = note_clock(j, &j->hops.v[i]);
	return r;
}

static int find_asked(struct journey *j, const char *name)
{
	uint64_t id;
	size_t at;
	int r;

	if (count_parts(j))
		return CLI_FOUND;
	r = cli_find_session(j->cli, name, &id);
	if (r != CLI_FOUND)
		return r;
	at = hops_find(&j->hops, id);
	if (at == HOP_NOWHERE)
		return cli_fail(j->cli,
		    "session %s is not a login of the time asked for; see "
		    "--since and --until",
		    name);
	j->members[at].part = JOURNEY_ASKED;
	return CLI_FOUND;
}

int journey_find(struct journey *j, const struct query *q, const char *name)
{
	int r = load_sessions(j, q, str_z(name));

	if (r == CLI_FOUND)
		r = find_asked(j, name);
	if (r == CLI_FOUND)
		r = load_events(j, q);
	if (r != CLI_FOUND)
		return r;
	hops_finish(&j->hops);
	measure_depths(j);
	if (mark_same_key(j) < 0)
		return no_memory(j);
	mark_hops(j);
	j->n_members = count_parts(j);
	if (j->n_members > JOURNEY_MAX)
		return cli_fail(j->cli,
		    "%zu sessions belong to it, more than %d: ask for less "
		    "time with --since and --until",
		    j->n_members, JOURNEY_MAX);
	return measure_clocks(j) < 0 ? no_memory(j) : CLI_FOUND;
}
