/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recordings.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "cli/text/escape.h"
#include "core/event_json.h"
#include "core/event_text.h"

/* More of one session are not listed. */
#define RECORDINGS_MAX 1000
#define NAME_COLUMNS   40

struct adder {
	struct recordings *to;
	bool (*wanted)(void *ctx, const struct recording *r);
	void *ctx;
	size_t max;
};

static int keep(void *ctx, const struct recording *row)
{
	const struct adder *a = ctx;
	struct recordings *r = a->to;
	struct recording *copy;

	if (r->n == a->max || (a->wanted && !a->wanted(a->ctx, row)))
		return 0;
	if (array_grow(&r->v, r->n, &r->cap, sizeof *r->v) < 0)
		return -ENOMEM;
	copy = &r->v[r->n];
	*copy = *row;
	copy->host = arena_dup(&r->mem, row->host);
	copy->chain = arena_dup(&r->mem, row->chain);
	copy->tty = arena_dup(&r->mem, row->tty);
	copy->size = arena_dup(&r->mem, row->size);
	copy->command = arena_dup(&r->mem, row->command);
	copy->format = arena_dup(&r->mem, row->format);
	copy->sha256 = arena_dup(&r->mem, row->sha256);
	r->n++;
	return copy->host.p && copy->chain.p && copy->tty.p && copy->size.p &&
		       copy->command.p && copy->format.p && copy->sha256.p
		   ? 0
		   : -ENOMEM;
}

static int list(struct adder *a, struct store *s,
    const struct recording_query *q, struct err *err)
{
	int r;

	*a->to = (struct recordings){.mem = ARENA_INIT};
	r = s->ops->recordings(s, q, keep, a, err);
	if (r == -ENOMEM)
		err_sys(err, r, "recordings");
	if (r < 0)
		recordings_free(a->to);
	return r;
}

int recordings_find(
    struct recordings *ret, struct store *s, uint64_t session, struct err *err)
{
	const struct recording_query q = {.session = session};
	struct adder a = {.to = ret, .max = RECORDINGS_MAX};

	return list(&a, s, &q, err);
}

int recordings_choose(struct recordings *ret, struct store *s, uint64_t session,
    bool (*wanted)(void *ctx, const struct recording *r), void *ctx,
    struct err *err)
{
	const struct recording_query q = {.session = session};
	struct adder a = {
	    .to = ret, .wanted = wanted, .ctx = ctx, .max = SIZE_MAX};

	return list(&a, s, &q, err);
}

void recordings_free(struct recordings *r)
{
	free(r->v);
	arena_free(&r->mem);
	*r = (struct recordings){.mem = ARENA_INIT};
}

bool recording_is_command(const struct recording *r)
{
	return r->command.n && !r->tty.n && !r->size.n;
}

static bool is_imported(const struct recording *r)
{
	return !str_eq(r->chain, r->host);
}

void recording_add_name(const struct recording *r, struct buf *b)
{
	if (is_imported(r)) {
		escape_add(b, r->chain, ESCAPE_NO_LIMIT, 0, NULL);
		buf_add_char(b, ':');
	}
	buf_add_u64(b, r->number);
}

void recording_add_json(const struct recording *r, struct buf *b)
{
	buf_add_z(b, ",\"recording\":");
	buf_add_u64(b, r->number);
	if (is_imported(r)) {
		buf_add_z(b, ",\"recording_chain\":");
		json_add_string(b, r->chain);
	}
}

bool recording_is_named(const struct recording *r, struct str name)
{
	uint64_t number;

	if (str_skip(&name, r->chain) && !str_skip(&name, STR(":")))
		return false;
	return str_u64(name, &number) && number == r->number;
}

void recording_describe(struct cli *c, const struct recording *r, struct buf *b)
{
	char start[TIME_LOCAL_LEN], end[TIME_LOCAL_LEN];

	recording_add_name(r, b);
	buf_add_z(b, ": ");
	if (recording_is_command(r)) {
		escape_add_cut(b, r->command, NAME_COLUMNS, 0);
	} else {
		escape_add_cut(
		    b, r->tty.n ? r->tty : STR("terminal"), NAME_COLUMNS, 0);
		if (r->size.n)
			buf_add_char(b, ' ');
		escape_add_cut(b, r->size, NAME_COLUMNS, 0);
	}
	buf_add_z(b, ", ");
	buf_add_str(b, clock_format(&c->clock, r->start, start));
	if (r->end < 0) {
		buf_add_z(b, ", going on");
	} else {
		buf_add_z(b, " to ");
		buf_add_str(b, clock_format(&c->clock, r->end, end));
		buf_add_z(b, ", ");
		bytes_format(r->bytes, b);
	}
	if (r->lost) {
		buf_add_z(b, ", missing ");
		bytes_format(r->lost, b);
	}
	if (r->left_out) {
		buf_add_z(b, ", left out ");
		bytes_format(r->left_out, b);
	}
	if (r->masked == 1)
		buf_add_z(b, ", input masked once");
	else if (r->masked)
		buf_printf(
		    b, ", input masked %lld times", (long long)r->masked);
	if (r->partial)
		buf_add_z(b, ", not all of it");
	if (r->format.n) {
		buf_add_z(b, ", imported: ");
		buf_add_str(b, r->format);
	}
}

void recordings_describe(
    struct cli *c, const struct recordings *all, struct buf *b)
{
	for (size_t i = 0; i < all->n; i++) {
		buf_add_z(b, i ? "; " : "");
		recording_describe(c, &all->v[i], b);
	}
}

static void tell_all(
    struct cli *c, const struct recordings *all, const char *what)
{
	struct buf text = BUF_INIT;

	recordings_describe(c, all, &text);
	cli_usage(c, "%s: %.*s", what, STR_ARG(buf_str(&text)));
	buf_free(&text);
}

int recordings_only(struct cli *c, const struct recordings *all,
    const char *name, const struct recording **ret)
{
	size_t named = 0;

	if (all->n == 0)
		return cli_found(c, 0, "recording of this session");
	for (size_t i = 0; i < all->n; i++) {
		if (name && !recording_is_named(&all->v[i], str_z(name)))
			continue;
		*ret = &all->v[i];
		named++;
	}
	if (named == 1)
		return CLI_FOUND;
	tell_all(c, all,
	    named ? "the session has several recordings: name one with "
		    "--recording"
		  : "the session has no such recording, but");
	return CLI_USAGE;
}
