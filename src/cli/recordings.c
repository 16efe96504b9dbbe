/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recordings.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/recording.h"
#include "cli/text/escape.h"
#include "cli/text/event_text.h"
#include "record/asciicast.h"
#include "record/chunk.h"

/* More of one session are not listed. */
#define RECORDINGS_MAX	1000
#define COMMAND_COLUMNS 40

static int keep(void *ctx, const struct recording *row)
{
	struct recordings *r = ctx;
	struct recording *copy = &r->v[r->n];

	if (r->n == RECORDINGS_MAX)
		return 0;
	*copy = *row;
	copy->host = arena_dup(&r->mem, row->host);
	copy->tty = arena_dup(&r->mem, row->tty);
	copy->size = arena_dup(&r->mem, row->size);
	copy->command = arena_dup(&r->mem, row->command);
	copy->sha256 = arena_dup(&r->mem, row->sha256);
	r->n++;
	return copy->host.p && copy->tty.p && copy->size.p && copy->command.p &&
		       copy->sha256.p
		   ? 0
		   : -ENOMEM;
}

int recordings_find(
    struct recordings *ret, struct store *s, uint64_t session, struct err *err)
{
	const struct recording_query q = {.session = session};
	int r;

	*ret = (struct recordings){.mem = ARENA_INIT};
	ret->v = calloc(RECORDINGS_MAX, sizeof *ret->v);
	if (!ret->v)
		return err_sys(err, -ENOMEM, "recordings");
	r = s->ops->recordings(s, &q, keep, ret, err);
	if (r < 0)
		recordings_free(ret);
	return r;
}

void recordings_free(struct recordings *r)
{
	free(r->v);
	arena_free(&r->mem);
	*r = (struct recordings){.mem = ARENA_INIT};
}

void recording_describe(struct cli *c, const struct recording *r, struct buf *b)
{
	char start[TIME_LOCAL_LEN], end[TIME_LOCAL_LEN];

	buf_add_u64(b, r->number);
	buf_add_z(b, ": ");
	if (r->command.n) {
		escape_add_cut(b, r->command, COMMAND_COLUMNS, 0);
	} else {
		buf_add_str(b, r->tty);
		buf_add_char(b, ' ');
		buf_add_str(b, r->size);
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
	if (r->partial)
		buf_add_z(b, ", not all of it");
}

struct export
{
	struct cli *cli;
	const struct recording *recording;
	struct asciicast cast;
	const struct recording_view *view;
	bool begun, damaged;
};

static void begin(struct export *e, const struct piece *p)
{
	struct asciicast_head head = {.time = p->time, .boot = p->boot};
	struct str rows = e->recording->size, cols;
	uint64_t n;

	str_cut(&rows, 'x', &cols);
	if (str_u64(cols, &n) && n <= UINT16_MAX)
		head.cols = (uint16_t)n;
	if (str_u64(rows, &n) && n <= UINT16_MAX)
		head.rows = (uint16_t)n;
	head.title = e->recording->tty;
	if (e->recording->command.n) {
		head.title = e->recording->command;
		head.no_tty = true;
	}
	asciicast_begin(&e->cast,
	    e->view->shape == RECORDING_ASCIICAST_3 ? 3 : 2, &e->cli->out.b,
	    &head);
}

static void write_piece(struct export *e, const struct piece *p)
{
	if ((p->type == PIECE_OUTPUT && e->view->stream == RECORDING_STDERR) ||
	    (p->type == PIECE_ERRORS && e->view->stream == RECORDING_STDOUT))
		return;
	if (e->view->shape == RECORDING_RAW) {
		if (p->type == PIECE_OUTPUT || p->type == PIECE_ERRORS)
			buf_add_str(&e->cli->out.b, p->bytes);
	} else {
		if (!e->begun)
			begin(e, p);
		asciicast_piece(&e->cast, p);
	}
	e->begun = true;
}

static int export_chunk(void *ctx, struct str payload)
{
	struct export *e = ctx;
	struct chunk_reader chunk;
	struct piece p;
	int r = -EBADMSG;

	if (chunk_open(&chunk, payload))
		while ((r = chunk_next(&chunk, &p)) > 0)
			write_piece(e, &p);
	e->damaged |= r < 0;
	return out_row(&e->cli->out) ? 0 : -EPIPE;
}

/* Whether what was read is what the chain of events says. */
static bool is_vouched(
    const struct recording *r, const struct recording_read *read)
{
	char hex[65];

	if (r->sha256.n == 0)
		return true;
	sha256_hex(&read->digest, hex);
	return str_eqz(r->sha256, hex);
}

int recording_export(
    struct cli *c, const struct recording *r, const struct recording_view *view)
{
	struct export e = {.cli = c, .recording = r, .view = view};
	struct recording_read read = {.host = r->host,
	    .number = r->number,
	    .last = r->last,
	    .chunk = export_chunk,
	    .ctx = &e};
	struct err err = {""};
	int error = recording_read(c->archive, &read, &err);

	if (error == -EPIPE)
		return CLI_FOUND;
	if (error < 0)
		return cli_fail_code(c, error, &err);
	if (!e.begun)
		return cli_fail(c,
		    "nothing of this recording is left in the chain "
		    "recordings:%.*s: sshtrail verify tells more",
		    STR_ARG(r->host));
	if (view->shape != RECORDING_RAW)
		asciicast_end(&e.cast);
	out_row(&c->out);
	if (!read.damaged && !e.damaged && is_vouched(r, &read))
		return CLI_FOUND;
	cli_fail(c,
	    "the recording is not what its events vouch for: it was changed "
	    "or damaged; sshtrail verify tells more");
	return CLI_UNSOUND;
}
