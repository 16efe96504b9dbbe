/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story/timeline.h"

#include <stdlib.h>

#include "cli/rows.h"
#include "cli/story/facts.h"
#include "cli/story/story.h"
#include "cli/text/event_table.h"

/* One session on its way through its events. */
struct strand {
	uint64_t session;
	int64_t lead; /* of its host's clock */
	int64_t at;   /* when it begins, or its event happened: by one clock */
	bool begun;
	struct store_cursor *cursor;
	struct event ev;
	struct story_facts facts;
};

struct timeline {
	struct cli *cli;
	bool all;
	struct strand *strands;
	size_t n;     /* of them, ordered by when they begin */
	size_t first; /* those before it are through */
	struct event_table table;
	uint64_t printed;
};

static int cmp_strands(const void *x, const void *y)
{
	const struct strand *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (a->session > b->session) - (a->session < b->session);
}

static int gather(struct timeline *t, const struct journey *j)
{
	t->strands = calloc(j->n_members, sizeof *t->strands);
	if (!t->strands)
		return cli_fail(t->cli, "cannot tell the story: out of memory");
	for (size_t i = 0; i < j->hops.n; i++) {
		const struct hop *hop = &j->hops.v[i];
		int64_t lead;

		if (j->members[i].part == JOURNEY_NOT)
			continue;
		lead = journey_lead(j, hop->host);
		t->strands[t->n++] = (struct strand){
		    .session = hop->id, .lead = lead, .at = hop->start - lead};
	}
	qsort(t->strands, t->n, sizeof *t->strands, cmp_strands);
	return CLI_FOUND;
}

static struct query events_of(const struct strand *s)
{
	return (struct query){.since = INT64_MIN,
	    .until = INT64_MAX,
	    .session = s->session,
	    .order = ORDER_OLDEST_FIRST};
}

static bool note(void *ctx, const struct event *ev)
{
	struct strand *s = ctx;

	story_facts_note(&s->facts, ev);
	return !s->facts.no_memory;
}

static int note_facts(struct timeline *t, struct strand *s)
{
	struct query q = events_of(s);
	int r;

	story_facts_want(&q);
	if (story_facts_init(&s->facts) < 0)
		s->facts.no_memory = true;
	r = s->facts.no_memory ? CLI_FOUND
			       : rows_events(t->cli, &q, note, s, NULL, NULL);
	if (r == CLI_FOUND &&
	    (s->facts.no_memory || story_facts_finish(&s->facts) < 0))
		r = cli_fail(t->cli, "cannot tell the story: out of memory; "
				     "use --all");
	return r;
}

/* Its next event that is to be told; at its end the strand has no cursor. */
static int advance(struct timeline *t, struct strand *s)
{
	const struct store_ops *ops = t->cli->store->ops;
	struct err err = {""};
	int r;

	while ((r = ops->next_event(s->cursor, &s->ev, &err)) > 0) {
		if (!t->all && (story_is_minor(&s->ev) ||
				   story_facts_hide(&s->facts, &s->ev)))
			continue;
		s->at = s->ev.time - s->lead;
		return CLI_FOUND;
	}
	ops->cursor_close(s->cursor);
	s->cursor = NULL;
	story_facts_free(&s->facts);
	return r < 0 ? cli_fail_code(t->cli, r, &err) : CLI_FOUND;
}

static int begin(struct timeline *t, struct strand *s)
{
	struct query q = events_of(s);
	struct err err = {""};
	int r = t->all ? CLI_FOUND : note_facts(t, s);

	s->begun = true;
	if (r != CLI_FOUND) {
		story_facts_free(&s->facts);
		return r;
	}
	if (!t->cli->json)
		event_table_want(&q);
	if (!t->cli->json && !t->all)
		query_want(&q, F_PID);
	r = t->cli->store->ops->events(t->cli->store, &q, &s->cursor, &err);
	if (r < 0) {
		story_facts_free(&s->facts);
		return cli_fail_code(t->cli, r, &err);
	}
	return advance(t, s);
}

/* The strand whose event comes next, begun if it is not; NULL: all told. */
static int next_strand(struct timeline *t, struct strand **ret)
{
	*ret = NULL;
	while (t->first < t->n && t->strands[t->first].begun &&
	       !t->strands[t->first].cursor)
		t->first++;
	for (size_t i = t->first; i < t->n; i++) {
		struct strand *s = &t->strands[i];

		/* They are in order: none behind it begins before. */
		if (!s->begun && *ret && s->at > (*ret)->at)
			break;
		if (!s->begun) {
			int r = begin(t, s);

			if (r != CLI_FOUND)
				return r;
		}
		if (s->cursor && (!*ret || s->at < (*ret)->at))
			*ret = s;
	}
	return CLI_FOUND;
}

static bool print_event(struct timeline *t, const struct event *ev)
{
	t->printed++;
	return t->cli->json ? rows_event_json(t->cli, ev)
			    : event_table_row(&t->table, ev);
}

static int print_all(struct timeline *t)
{
	struct strand *s;
	int r;

	while ((r = next_strand(t, &s)) == CLI_FOUND && s) {
		if (!print_event(t, &s->ev))
			break;
		r = advance(t, s);
		if (r != CLI_FOUND)
			break;
	}
	return r;
}

static void free_strands(struct timeline *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct strand *s = &t->strands[i];

		if (!s->cursor)
			continue;
		t->cli->store->ops->cursor_close(s->cursor);
		story_facts_free(&s->facts);
	}
	free(t->strands);
}

int timeline_print(const struct journey *j, bool all, uint64_t *ret_n)
{
	struct timeline t = {.cli = j->cli, .all = all};
	int r = gather(&t, j), end;

	if (r == CLI_FOUND && !j->cli->json)
		r = event_table_begin(&t.table, j->cli);
	if (r == CLI_FOUND) {
		r = print_all(&t);
		end = j->cli->json ? CLI_FOUND : event_table_end(&t.table);
		r = r == CLI_FOUND ? end : r;
	}
	free_strands(&t);
	*ret_n = t.printed;
	return r;
}
