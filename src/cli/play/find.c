/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/find.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "record/sgr.h"
#include "store/fold.h"

/* Within which the text must come to stand: takes a few milliseconds. */
#define STEPS_MAX 2000

static int keep(void *ctx, const struct screens_hit *hit)
{
	struct find *f = ctx;

	if (f->n == FIND_MAX)
		return 1;
	if (array_grow(&f->v, f->n, &f->cap, sizeof *f->v) < 0)
		return -ENOMEM;
	f->v[f->n++] = (struct find_hit){hit->boot_first, hit->boot_to};
	return 0;
}

static int by_from(const void *a, const void *b)
{
	const struct find_hit *one = a, *other = b;

	return (one->from > other->from) - (one->from < other->from);
}

int find_text(struct find *f, struct archive *a, const struct recording *r,
    struct str text, struct err *err)
{
	const struct screens_query q = {text, keep, f, r, 1};
	struct screens_search *search;
	int result;

	f->n = 0;
	f->found_at = 0;
	buf_clear(&f->text);
	for (size_t i = 0; i < text.n; i++)
		buf_add_char(
		    &f->text, (char)fold_byte((unsigned char)text.p[i]));
	search = screens_search_open(a, &q);
	if (!search || buf_error(&f->text)) {
		screens_search_close(search);
		return err_sys(err, -ENOMEM, "search");
	}
	result = screens_search_next(search, err);
	screens_search_close(search);
	if (result < 0)
		return result == -ENOMEM ? err_sys(err, result, "search")
					 : result;
	qsort(f->v, f->n, sizeof *f->v, by_from);
	return 0;
}

void find_free(struct find *f)
{
	buf_free(&f->text);
	free(f->v);
}

/* Rows on which a text goes on are one line, as they were searched. */
static bool stands(const struct find *f, const struct screen *s)
{
	struct buf all = BUF_INIT;
	struct fold fold;
	bool found;

	for (unsigned y = 0; y < screen_rows(s); y++) {
		if (y && !screen_row(s, y)->wrapped)
			buf_add_char(&all, '\n');
		row_text(screen_row(s, y), &all);
	}
	fold_init(&fold, buf_str(&f->text));
	found = fold_find(&fold, buf_str(&all), 0) != STR_NPOS;
	buf_free(&all);
	return found;
}

bool find_is_at(const struct find *f, uint64_t at)
{
	return f->text.n && f->found_at && f->found_at == at;
}

bool find_in_row(const struct find *f, const struct row *r, unsigned x,
    unsigned *ret_from, unsigned *ret_to)
{
	uint32_t begins[SCREEN_MAX + 1]; /* of each cell in the text */
	struct buf text = BUF_INIT;
	struct fold fold;
	size_t at;

	if (x >= r->used)
		return false;
	for (unsigned i = 0; i < r->used; i++) {
		begins[i] = (uint32_t)text.n;
		sgr_add_character(&text, &r->cells[i]);
	}
	begins[r->used] = (uint32_t)text.n;
	fold_init(&fold, buf_str(&f->text));
	at = fold_find(&fold, buf_str(&text), begins[x]);
	buf_free(&text);
	if (at == STR_NPOS)
		return false;
	while (begins[x + 1] <= at)
		x++;
	*ret_from = x;
	/* With the right half of its last character. */
	while (x < r->used && (begins[x] < at + f->text.n ||
				  (r->cells[x].code & CELL_CODE) == 0))
		x++;
	*ret_to = x;
	return true;
}

/* From where the line begins to stand, on to where it has the text. */
static int go_to(const struct find *f, struct player *p,
    const struct find_hit *hit, struct err *err)
{
	int r = player_seek(p, hit->from, err);

	for (unsigned i = 0; r == 0 && i < STEPS_MAX; i++) {
		if (stands(f, p->screen))
			return 0;
		if (!p->has_next || p->next.boot >= hit->to)
			break;
		r = player_step(p, err);
		r = r < 0 ? r : 0;
	}
	return r < 0 ? r : player_seek(p, hit->from, err);
}

/* The hit that comes next by its time; `n` of them: none does. */
static size_t next_of(const struct find *f, uint64_t at, enum find_way way)
{
	size_t i = 0;

	if (way == FIND_NEXT) {
		while (i < f->n && f->v[i].from <= at)
			i++;
		return i;
	}
	while (i < f->n && f->v[i].from < at)
		i++;
	return i ? i - 1 : f->n;
}

int find_go(struct find *f, struct player *p, enum find_way way,
    bool *ret_around, struct err *err)
{
	void (*shown)(void *user, const struct piece *piece) = p->shown;
	size_t i;
	int r;

	if (f->found_at && f->found_at == p->at)
		i = way == FIND_NEXT ? f->current + 1
		    : f->current     ? f->current - 1
				     : f->n;
	else
		i = next_of(f, p->at, way);
	*ret_around = i >= f->n;
	if (*ret_around)
		i = way == FIND_NEXT ? 0 : f->n - 1;
	f->current = i;
	p->shown = NULL;
	r = go_to(f, p, &f->v[i], err);
	p->shown = shown;
	f->found_at = p->at;
	return r;
}
