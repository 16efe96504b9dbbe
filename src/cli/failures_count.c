/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/failures_count.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/map.h"
#include "cli/failures.h"
#include "cli/rows.h"

#define DAY_USEC (86400 * USEC_PER_SEC)

struct tally {
	unsigned groups;
	struct intern names;
	struct map index; /* hash of the group: its number + 1 */
	struct group_row *rows;
	size_t n, cap;
	struct failures failures;
	const char *failed;
};

static struct str user_of(const struct event *ev)
{
	struct str login = event_str(ev, F_LOGIN_USER);

	return login.n ? login : event_str(ev, F_USER);
}

/* The name's own copy; *hash takes it in. */
static struct str name_in(
    struct tally *t, unsigned group, struct str name, uint64_t *hash)
{
	uint32_t id;

	if (!(t->groups & group))
		return STR_NONE;
	id = intern_add(&t->names, name);
	if (id == INTERN_NONE) {
		t->failed = "out of memory";
		return STR_NONE;
	}
	*hash = hash_u64(*hash ^ hash_u64(id + 1));
	return intern_str(&t->names, id);
}

static int64_t day_of(int64_t us)
{
	return (us / DAY_USEC - (us % DAY_USEC < 0)) * DAY_USEC;
}

static struct group_row *new_row(struct tally *t)
{
	if (t->n == FAILURE_GROUPS_MAX)
		t->failed = "too many groups; narrow the range";
	else if (array_grow(&t->rows, t->n, &t->cap, sizeof *t->rows) < 0)
		t->failed = "out of memory";
	return t->failed ? NULL : &t->rows[t->n++];
}

static bool count_one(void *ctx, const struct event *ev)
{
	struct tally *t = ctx;
	struct group_row row = {.n = 0, .kind = (int)ev->kind}, *to;
	uint64_t hash = 1, *at;

	row.user = name_in(t, GROUP_USER, user_of(ev), &hash);
	row.host = name_in(t, GROUP_HOST, ev->host, &hash);
	row.addr = name_in(t, GROUP_ADDR, event_str(ev, F_ADDR), &hash);
	if (t->groups & GROUP_DAY) {
		row.day = day_of(ev->time);
		hash = hash_u64(hash ^ hash_u64((uint64_t)row.day));
	}
	at = t->failed ? NULL : map_put(&t->index, hash);
	if (!at) {
		t->failed = t->failed ? t->failed : "out of memory";
		return false;
	}
	if (!*at) {
		to = new_row(t);
		if (!to)
			return false;
		*to = row;
		*at = t->n;
	}
	t->rows[*at - 1].n += failure_times(ev);
	return true;
}

static bool add_event(void *ctx, const struct event *ev)
{
	struct tally *t = ctx;

	return failures_add(&t->failures, ev);
}

/* Most first, as the store counts. */
static int compare(const void *a, const void *b)
{
	const struct group_row *x = a, *y = b;
	int r;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	r = str_cmp(x->host, y->host);
	if (!r)
		r = str_cmp(x->user, y->user);
	return r ? r : str_cmp(x->addr, y->addr);
}

int failures_count(struct cli *c, const struct query *q, unsigned groups,
    int (*row)(void *ctx, const struct group_row *row), void *ctx)
{
	struct tally t = {
	    .groups = groups, .names = INTERN_INIT, .index = MAP_INIT};
	int r = CLI_FOUND;

	if (failures_init(&t.failures, count_one, &t) < 0)
		t.failed = "out of memory";
	else
		r = rows_events(c, q, add_event, &t, NULL, NULL);
	if (!t.failed && failures_finish(&t.failures) < 0)
		t.failed = "out of memory";
	if (r == CLI_FOUND && t.failed)
		r = cli_fail(c, "cannot count: %s", t.failed);
	if (r == CLI_FOUND && t.n)
		qsort(t.rows, t.n, sizeof *t.rows, compare);
	for (size_t i = 0; i < t.n && r == CLI_FOUND; i++)
		if (row(ctx, &t.rows[i]))
			break;
	failures_free(&t.failures);
	free(t.rows);
	map_free(&t.index);
	intern_free(&t.names);
	return r;
}
