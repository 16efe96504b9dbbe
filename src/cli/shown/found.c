/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/shown/found.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/moment_json.h"

/* Of the first page, which is soon there, and of the others. */
#define PAGE_FIRST 100
#define PAGE_ROWS  10000
/* A hub ends a page long before that. */
#define PAGE_MAX   ((size_t)64 << 20)

/* What a hub answers in, file by file; see struct store_ops. */
enum file { MOMENTS, NOTES, MORE, N_FILES };

static const char *const files[N_FILES] = {
    [MOMENTS] = "moments", [NOTES] = "notes", [MORE] = "more"};

struct found {
	struct cli *cli;
	struct moments *here; /* NULL: they are a hub's */
	struct query q;
	uint64_t given; /* by the hub */
	struct buf page[N_FILES];
	struct buf *file;   /* that comes; NULL: one that is not known */
	struct str rows;    /* of the page, not given yet */
	bool more;	    /* behind it */
	struct buf cursor;  /* behind the last one given, of the hub */
	struct arena texts; /* of that one */
	struct moment moment;
	struct recording recording;
	struct moment_place place;
};

static void tell(void *ctx, const char *what)
{
	cli_note(ctx, "%s", what);
}

/* --- a page of a hub --- */

static int begin_file(void *ctx, const char *name)
{
	struct found *f = ctx;

	f->file = NULL;
	for (size_t i = 0; i < N_FILES; i++)
		if (strcmp(name, files[i]) == 0)
			f->file = &f->page[i];
	f->more |= f->file == &f->page[MORE];
	return 0;
}

static int add_bytes(void *ctx, struct str bytes)
{
	struct found *f = ctx;

	if (f->file)
		buf_add_str(f->file, bytes);
	return f->file ? buf_error(f->file) : 0;
}

static int fetch(struct found *f)
{
	const struct file_sink to = {begin_file, add_bytes, f};
	struct store *s = f->cli->store;
	struct query q = f->q;
	struct err err = {""};
	struct str notes, line;
	int r;

	for (size_t i = 0; i < N_FILES; i++)
		buf_clear(&f->page[i]);
	f->more = false;
	memset(q.want, 0, sizeof q.want);
	q.cursor = buf_str(&f->cursor);
	q.limit = f->given ? PAGE_ROWS : PAGE_FIRST;
	if (f->q.limit && f->q.limit < q.limit)
		q.limit = f->q.limit;
	r = s->ops->moments(s, &q, &to, &err);
	if (r < 0)
		return cli_fail_code(f->cli, r, &err);
	notes = buf_str(&f->page[NOTES]);
	while (notes.n) {
		str_cut(&notes, '\n', &line);
		cli_note(f->cli, "%.*s", STR_ARG(line));
	}
	f->rows = buf_str(&f->page[MOMENTS]);
	return CLI_FOUND;
}

static int read_row(struct found *f, struct str row)
{
	struct str cursor;
	struct err err;
	int r;

	arena_reset(&f->texts);
	r = moment_from_json(
	    &f->moment, &f->recording, row, &cursor, &f->texts);
	if (r == 0 && !moment_place_read(cursor, &f->place))
		r = -EBADMSG;
	if (r < 0) {
		err_set(&err, r,
		    "what the hub found on screens is not understood: it is of "
		    "another version");
		cli_fail_code(f->cli, r, &err);
		return -1;
	}
	buf_clear(&f->cursor);
	buf_add_str(&f->cursor, cursor);
	f->given++;
	return 1;
}

static int next_of_hub(struct found *f, const struct moment **ret)
{
	struct str row;

	while (f->rows.n == 0) {
		if (!f->more)
			return 0;
		if (fetch(f) != CLI_FOUND)
			return -1;
		/* What has no row says not where to go on. */
		f->more &= f->rows.n != 0;
	}
	str_cut(&f->rows, '\n', &row);
	*ret = &f->moment;
	return read_row(f, row);
}

/* --- both --- */

static int open_here(
    struct found *f, const struct moment_place *after, struct err *err)
{
	const struct moments_from from = {.archive = f->cli->archive,
	    .store = f->cli->store,
	    .tell = tell,
	    .ctx = f->cli};

	return moments_open(&f->here, &from, &f->q, after, err);
}

int found_open(struct found **ret, struct cli *c, const struct query *q,
    const struct moment_place *after)
{
	struct found *f = calloc(1, sizeof *f);
	struct err err = {""};
	int r = 0;

	if (!f)
		return cli_fail_code(c, -ENOMEM, &err);
	f->cli = c;
	f->q = *q;
	for (size_t i = 0; i < N_FILES; i++)
		f->page[i].max = PAGE_MAX;
	if (after) {
		f->place = *after;
		moment_place_write(after, &f->cursor);
	}
	f->more = c->store->ops->moments;
	if (!f->more)
		r = open_here(f, after, &err);
	if (r < 0) {
		found_close(f);
		return cli_fail_code(c, r, &err);
	}
	*ret = f;
	return CLI_FOUND;
}

int found_next(struct found *f, const struct moment **ret)
{
	struct err err = {""};
	int r;

	if (!f->here)
		return next_of_hub(f, ret);
	r = moments_next(f->here, ret, &err);
	if (r < 0)
		cli_fail_code(f->cli, r, &err);
	return r < 0 ? -1 : r;
}

bool found_place(const struct found *f, struct moment_place *ret)
{
	if (f->here)
		return moments_place(f->here, ret);
	*ret = f->place;
	return f->place.n != 0;
}

void found_close(struct found *f)
{
	if (!f)
		return;
	moments_close(f->here);
	for (size_t i = 0; i < N_FILES; i++)
		buf_free(&f->page[i]);
	buf_free(&f->cursor);
	arena_free(&f->texts);
	free(f);
}
