/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/boots.h"

#include "cli/rows.h"

/* Kernel and login records tell of one start a few seconds apart. */
#define SAME_BOOT (120 * USEC_PER_SEC)

size_t boots_count(const struct boots *b)
{
	return b->rows.n / sizeof(struct boot_row);
}

static struct boot_row *row_at(const struct boots *b, size_t i)
{
	return (struct boot_row *)(void *)b->rows.p + i;
}

const struct boot_row *boots_at(const struct boots *b, size_t i)
{
	return row_at(b, i);
}

void boots_free(struct boots *b)
{
	arena_free(&b->arena);
	buf_free(&b->rows);
}

static struct boot_row *known_boot(
    const struct boots *b, const struct boot_row *row)
{
	for (size_t i = boots_count(b); i-- > 0;) {
		struct boot_row *known = row_at(b, i);

		if (known->time - row->time > SAME_BOOT ||
		    row->time - known->time > SAME_BOOT)
			return NULL;
		if (known->down == row->down && str_eq(known->host, row->host))
			return known;
	}
	return NULL;
}

static bool keep_boot(void *ctx, const struct event *ev)
{
	struct boots *b = ctx;
	struct boot_row row = {.time = ev->time,
	    .host = ev->host,
	    .down = str_eq(event_str(ev, F_OP), STR("shutdown"))};
	struct boot_row *known = known_boot(b, &row);

	row.what = arena_dup(&b->arena, event_str(ev, F_TEXT));
	if (known) {
		if (!known->what.n)
			known->what = row.what;
		return true;
	}
	row.host = arena_dup(&b->arena, ev->host);
	buf_add(&b->rows, &row, sizeof row);
	return boots_count(b) < BOOTS_MAX && !buf_error(&b->rows);
}

bool boots_wanted(const struct query *q, const struct filters *f)
{
	return !q->n_user && !q->n_person && !q->n_addr && !q->session &&
	       !filters_about_events(f);
}

int boots_read(struct boots *b, struct cli *c, const struct query *asked)
{
	struct query q = {.since = asked->since,
	    .until = INT64_MAX,
	    .n_host = asked->n_host,
	    .order = asked->order,
	    .kinds = (uint64_t)1 << EVENT_HOST_BOOT};

	memcpy(q.host, asked->host, sizeof q.host);
	query_want(&q, F_TEXT);
	query_want(&q, F_OP);
	b->oldest_first = asked->order == ORDER_OLDEST_FIRST;
	return rows_events(c, &q, keep_boot, b, NULL, NULL);
}

const struct boot_row *boots_next(const struct boots *b, size_t i)
{
	const struct str host = row_at(b, i)->host;
	const size_t step = b->oldest_first ? 1 : SIZE_MAX; /* that is -1 */

	for (i += step; i < boots_count(b); i += step)
		if (str_eq(row_at(b, i)->host, host))
			return row_at(b, i);
	return NULL;
}

const struct boot_row *boots_after(
    const struct boots *b, struct str host, int64_t time)
{
	const struct boot_row *first = NULL;

	for (size_t i = 0; i < boots_count(b); i++) {
		const struct boot_row *row = boots_at(b, i);

		if (row->time > time && (!first || row->time < first->time) &&
		    str_eq(row->host, host))
			first = row;
	}
	return first;
}
