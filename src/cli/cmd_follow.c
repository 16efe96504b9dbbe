/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/when.h"
#include "cli/command.h"
#include "cli/rows.h"
#include "cli/text/event_table.h"
#include "core/event_text.h"

#define POLL_MS	 200
/* How late an event may become known and is still shown. */
#define LATE	 (10 * 60 * USEC_PER_SEC)
/* Rows of which it is known what they said. */
#define SAID_MAX 65536

struct follow {
	struct cli *cli;
	struct event_table table;
	struct map shown; /* chain: highest sequence number before this look */
	struct map seen;  /* the same, with this look */
	/* What rows of the table said, by what an amending event has of them */
	struct map said;
	struct buf text;
	int64_t since;
	uint64_t limit, n;
	bool first;	/* look, which finds what is there already */
	bool no_memory; /* stop, as when nobody reads any more */
	bool stop;
	bool told; /* that the store is not reached */
};

/* Whether the row came since the last look; remembers it for the next one. */
static bool is_new(struct follow *f, const struct event *ev)
{
	const uint64_t *shown = map_get(&f->shown, ev->chain);
	uint64_t *seen = map_put(&f->seen, ev->chain);

	if (!seen) {
		f->no_memory = true;
		return false;
	}
	if (ev->seq > *seen)
		*seen = ev->seq;
	return f->first ? ev->time >= f->since : !shown || ev->seq > *shown;
}

/*
 * An event that amends one which was shown, and says nothing else in a table:
 * what auth.log told, now by the journal.
 */
static bool says_the_same(struct follow *f, const struct event *ev)
{
	uint64_t said, *before;

	if (!event_has(ev, F_ID))
		return false;
	buf_clear(&f->text);
	event_describe(ev, &f->text);
	buf_add_str(&f->text, event_str(ev, F_USER));
	said = hash_bytes(buf_str(&f->text));
	if (f->said.n >= SAID_MAX)
		map_clear(&f->said);
	before =
	    map_put(&f->said, ev->v[F_ID].u ^ hash_u64((uint64_t)ev->time));
	if (!before)
		return false;
	if (event_int(ev, F_AMENDS, 0) && *before == said)
		return true;
	*before = said;
	return false;
}

/* False: it was the last one. */
static bool show_row(struct follow *f, const struct event *ev)
{
	bool more = true;

	if (f->cli->json)
		more = rows_event_json(f->cli, ev);
	else if (says_the_same(f, ev))
		return true;
	else
		more = event_table_row(&f->table, ev);
	f->n++;
	return more && !(f->limit && f->n == f->limit);
}

static bool follow_row(void *ctx, const struct event *ev)
{
	struct follow *f = ctx;
	bool more = !is_new(f, ev) || show_row(f, ev);

	f->stop = !more || f->no_memory;
	return !f->stop;
}

static int copy_map(struct map *to, const struct map *from)
{
	for (size_t i = 0; i < from->cap; i++) {
		uint64_t *v;

		if (!from->slots[i].used)
			continue;
		v = map_put(to, from->slots[i].key);
		if (!v)
			return -ENOMEM;
		*v = from->slots[i].value;
	}
	return 0;
}

/* What was found by now. */
static void show(struct follow *f)
{
	if (!f->cli->json && !table_flush(&f->table.table))
		f->stop = true;
	out_flush(&f->cli->out);
	f->stop = f->stop || f->cli->out.error != 0;
}

static bool nobody_reads(const struct follow *f)
{
	struct pollfd out = {.fd = f->cli->out.fd, .events = 0};

	return poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLNVAL);
}

static int look(struct follow *f, struct query *q)
{
	int64_t since = time_now() - LATE;
	int r;

	q->since = f->first && f->since < since ? f->since : since;
	r = rows_events(f->cli, q, follow_row, f, NULL, NULL);
	if (r != CLI_FOUND)
		return r;
	if (f->no_memory || copy_map(&f->shown, &f->seen) < 0)
		return cli_fail(f->cli, "cannot follow: out of memory");
	f->first = false;
	show(f);
	return CLI_FOUND;
}

/* Also ends when nobody reads any more, though nothing is to be written. */
static void wait_for_more(struct follow *f)
{
	struct pollfd out = {.fd = f->cli->out.fd, .events = 0};

	if (poll(&out, 1, POLL_MS) > 0) {
		if (out.revents & (POLLERR | POLLNVAL))
			f->stop = true;
		else
			poll(NULL, 0, POLL_MS);
	}
}

static int follow_all(struct follow *f, struct query *q)
{
	int r = look(f, q);

	while (r == CLI_FOUND && !f->stop) {
		wait_for_more(f);
		if (!f->stop)
			r = look(f, q);
	}
	return r;
}

/* --- a store that tells what comes --- */

static int on_row(void *ctx, const struct event *ev)
{
	struct follow *f = ctx;

	f->stop = !show_row(f, ev);
	return f->stop;
}

static int on_pause(void *ctx, const char *trouble)
{
	struct follow *f = ctx;

	if (trouble && !f->told)
		cli_note(f->cli, "%s; trying again", trouble);
	f->told = trouble != NULL;
	show(f);
	if (!f->stop && !f->cli->out.b.n)
		f->stop = nobody_reads(f);
	return f->stop;
}

static int listen_to(struct follow *f, const struct query *q)
{
	const struct store_listener listener = {on_row, on_pause, f};
	struct store *s = f->cli->store;
	struct err err = {""};
	int r = s->ops->follow(s, q, &listener, &err);

	return r < 0 ? cli_fail_code(f->cli, r, &err) : CLI_FOUND;
}

static int follow_run(const struct invocation *inv)
{
	struct cli *c = inv->cli;
	struct follow f = {.cli = c,
	    .shown = MAP_INIT,
	    .seen = MAP_INIT,
	    .since = c->now,
	    .first = true};
	struct query q;
	int r = filters_query(inv->filters, c, RANGE_ALL, &q), ended;

	if (r == CLI_FOUND)
		r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	if (inv->filters->since)
		f.since = q.since;
	f.limit = q.limit;
	q.limit = 0;
	q.order = ORDER_OLDEST_FIRST;
	r = event_table_begin(&f.table, c);
	if (r != CLI_FOUND)
		return r;
	if (!c->json) {
		event_table_want(&q);
		query_want(&q, F_ID);
		query_want(&q, F_AMENDS);
	}
	r = c->store->ops->follow ? listen_to(&f, &q) : follow_all(&f, &q);
	map_free(&f.shown);
	map_free(&f.seen);
	map_free(&f.said);
	buf_free(&f.text);
	ended = event_table_end(&f.table);
	return ended != CLI_FOUND ? ended : r;
}

const struct command cmd_follow = {
    .name = "follow",
    .operands = "",
    .summary = "show events as they come, until interrupted",
    .help = "Shows what is added to the store from now on (from --since on, "
	    "where that is given), in the order of its time within each look. "
	    "An event that becomes known more than ten minutes late is not "
	    "shown here; search finds it. With --limit, ends after so many. An "
	    "event that takes the place of one that was shown, as another "
	    "source told it better, is shown only if its row says something "
	    "else; with --json it is, with \"amends\".\n\n"
	    "With --hub, the hub tells what comes to it, each event once, "
	    "however late it is; where the connection breaks, following goes "
	    "on where it was.",
    .examples = "  sshtrail follow --user alice\n"
		"  sshtrail follow --kind auth,session --since -1h\n"
		"  sshtrail follow --json --kind exec | jq .argv\n",
    .takes = COMMAND_HUB | COMMAND_FILTERS,
    .max_args = 0,
    .run = follow_run,
};
