/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recordings.h"

#include <stdlib.h>

#include "cli/text/escape.h"
#include "core/event_text.h"

#define NAME_COLUMNS 40

bool recording_is_command(const struct recording *r)
{
	return r->command.n && !r->tty.n && !r->size.n;
}

void recording_add_name(const struct recording *r, struct buf *b)
{
	if (recording_is_imported(r)) {
		escape_add(b, r->chain, ESCAPE_NO_LIMIT, 0, NULL);
		buf_add_char(b, ':');
	}
	buf_add_u64(b, r->number);
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
