/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/screens.h"

#include <errno.h>

#include "archive/moment_json.h"
#include "hub/making.h"

/* Of what was passed over no more is told in an answer. */
#define NOTES_MAX ((size_t)64 << 10)

struct page {
	struct making *making;
	const struct file_sink *to;
	struct moments *moments;
	struct buf row, notes;
	uint64_t rows, bytes;
};

static void add_note(void *ctx, const char *what)
{
	struct page *p = ctx;

	if (p->notes.n >= NOTES_MAX)
		return;
	for (; *what; what++)
		buf_add_char(&p->notes, *what == '\n' ? ' ' : *what);
	buf_add_char(&p->notes, '\n');
}

static int is_wanted_still(void *ctx)
{
	const struct page *p = ctx;

	return making_alive(p->making);
}

static int add_row(struct page *p, const struct moment *m)
{
	struct moment_place behind;

	moments_place(p->moments, &behind);
	buf_clear(&p->row);
	moment_to_row(&p->row, m, &behind);
	buf_add_char(&p->row, '\n');
	if (buf_error(&p->row))
		return buf_error(&p->row);
	p->rows++;
	p->bytes += p->row.n;
	return p->to->add(p->to->ctx, buf_str(&p->row));
}

/* 1: there may be more. */
static int add_rows(struct page *p, struct err *err)
{
	const uint64_t asked = p->making->q.limit;
	const uint64_t max =
	    asked && asked < SCREENS_ROWS_MAX ? asked : SCREENS_ROWS_MAX;
	const struct moment *m;
	int r = p->to->begin(p->to->ctx, "moments");

	while (r == 0) {
		if (p->rows == max || p->bytes >= API_BODY_MAX)
			return 1;
		r = moments_next(p->moments, &m, err);
		if (r <= 0)
			break;
		r = add_row(p, m);
	}
	return r;
}

static int write_page(struct page *p, struct err *err)
{
	int more = add_rows(p, err), r = more < 0 ? more : 0;

	if (r == 0 && p->notes.n) {
		r = p->to->begin(p->to->ctx, "notes");
		if (r == 0)
			r = p->to->add(p->to->ctx, buf_str(&p->notes));
	}
	if (r == 0 && more)
		r = p->to->begin(p->to->ctx, "more");
	return r;
}

static int make_page(struct making *m, struct archive *a,
    const struct file_sink *to, struct evidence_size *size, struct err *err)
{
	struct page p = {.making = m, .to = to};
	const struct moments_from from = {.archive = a,
	    .store = archive_store(a),
	    .tell = add_note,
	    .alive = is_wanted_still,
	    .ctx = &p};
	int r = 0;

	if (!m->nothing)
		r = moments_open(&p.moments, &from, &m->q,
		    m->resumes ? &m->after : NULL, err);
	if (r == 0 && !m->nothing)
		r = write_page(&p, err);
	moments_close(p.moments);
	buf_free(&p.row);
	buf_free(&p.notes);
	size->events = p.rows;
	return r;
}

static int check_question(
    const struct api_call *c, struct moment_place *after, struct err *err)
{
	const struct query *q = &c->ask.q;

	if (!moments_fit(q))
		return err_set(err, -EINVAL,
		    "screens are searched for a text, and know nothing of "
		    "kind, exit, cmd, path and key");
	if (q->cursor.n && !moment_place_read(q->cursor, after))
		return err_set(
		    err, -EINVAL, "cursor: not one that a row of screens has");
	return 0;
}

int screens_begin(struct api_call *c, struct err *err)
{
	struct moment_place after = {.n = 0};
	struct making *m;
	int r = check_question(c, &after, err);

	if (r < 0)
		return r;
	m = making_new(c);
	if (!m)
		return err_sys(err, -ENOMEM, "screens");
	m->nothing = c->nothing;
	m->after = after;
	m->resumes = c->ask.q.cursor.n;
	m->make = make_page;
	return making_begin(m, c, "screens", err);
}
