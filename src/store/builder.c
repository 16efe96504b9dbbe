/* SPDX-License-Identifier: Apache-2.0 */
#include "store/builder.h"

#include <errno.h>
#include <stdlib.h>

#include "base/touch.h"

/* Room for one event of the greatest size must remain below COLUMN_RAW_MAX. */
#define TEXT_MAX     ((size_t)24 << 20)
/*
 * Values of an event that there is room for from the beginning: memory that is
 * not written costs nothing, growing would copy what is.
 */
#define USUAL_VALUES 32

int builder_new(struct builder **ret)
{
	struct builder *b = calloc(1, sizeof *b);

	if (!b)
		return -ENOMEM;
	b->rows = malloc(BLOCK_ROWS_MAX * sizeof *b->rows);
	b->runs = malloc(BLOCK_ROWS_MAX * sizeof *b->runs);
	if (!b->rows || !b->runs) {
		builder_free(b);
		return -ENOMEM;
	}
	*ret = b;
	return 0;
}

void builder_free(struct builder *b)
{
	if (!b)
		return;
	free(b->rows);
	free(b->runs);
	free(b->values);
	free(b->shape);
	intern_free(&b->shapes);
	intern_free(&b->hosts);
	intern_free(&b->boots);
	intern_free(&b->sources);
	for (int f = 0; f < EVENT_N_FIELDS; f++)
		intern_free(&b->strings[f]);
	free(b);
}

void builder_reset(struct builder *b)
{
	b->n = b->n_runs = b->n_told = 0;
	b->n_values = b->text = 0;
	intern_clear(&b->shapes);
	intern_clear(&b->hosts);
	intern_clear(&b->boots);
	intern_clear(&b->sources);
	for (int f = 0; f < EVENT_N_FIELDS; f++)
		if (b->strings[f].n)
			intern_clear(&b->strings[f]);
}

void builder_shrink(struct builder *b)
{
	builder_reset(b);
	touch_give_back(b->rows, BLOCK_ROWS_MAX * sizeof *b->rows);
	touch_give_back(b->runs, BLOCK_ROWS_MAX * sizeof *b->runs);
	touch_give_back(b->values, b->cap_values * sizeof *b->values);
	b->touched_rows = b->touched_values = 0;
	for (int f = 0; f < EVENT_N_FIELDS; f++)
		intern_free(&b->strings[f]);
}

bool builder_full(const struct builder *b)
{
	return b->n == BLOCK_ROWS_MAX || b->text >= TEXT_MAX;
}

static bool keep_shape(struct builder *b, uint32_t id, const struct shape *s)
{
	if (id >= b->cap_shape) {
		size_t cap = b->cap_shape ? b->cap_shape * 2 : 64;
		struct shape *p = realloc(b->shape, cap * sizeof *p);

		if (!p)
			return false;
		b->shape = p;
		b->cap_shape = cap;
	}
	b->shape[id] = *s;
	return true;
}

static uint32_t add_shape(struct builder *b, const struct event *ev)
{
	struct shape s;
	char key[SHAPE_BYTES];
	uint32_t n = b->shapes.n, id;

	s.kind = (uint8_t)ev->kind;
	s.trust = (uint8_t)ev->trust;
	memcpy(s.has, ev->has, sizeof s.has);
	s.has[F_LOGIN_USER / 64] &= ~((uint64_t)1 << (F_LOGIN_USER % 64));
	key[0] = (char)s.kind;
	key[1] = (char)s.trust;
	for (size_t i = 0; i < 8 * EVENT_HAS_WORDS; i++)
		key[2 + i] = (char)(s.has[i / 8] >> (i % 8 * 8));
	id = intern_add(&b->shapes, str_make(key, sizeof key));
	if (id == n && !keep_shape(b, id, &s))
		return INTERN_NONE;
	return id;
}

static bool room_for_values(struct builder *b)
{
	size_t cap = b->cap_values ? b->cap_values * 2
				   : (size_t)BLOCK_ROWS_MAX * USUAL_VALUES;
	uint64_t *p;

	touch_ahead(b->values, b->cap_values * sizeof *p,
	    b->n_values * sizeof *p, &b->touched_values);
	if (b->n_values + EVENT_N_FIELDS <= b->cap_values)
		return true;
	p = realloc(b->values, cap * sizeof *p);
	if (!p)
		return false;
	b->values = p;
	b->cap_values = cap;
	b->touched_values = b->n_values * sizeof *p;
	return true;
}

static bool add_values(struct builder *b, const struct event *ev)
{
	for (size_t w = 0; w < EVENT_HAS_WORDS; w++)
		for (uint64_t m = ev->has[w]; m; m &= m - 1) {
			size_t f = w * 64 + (size_t)__builtin_ctzll(m);
			uint64_t v = ev->v[f].u;

			if (f == F_LOGIN_USER)
				continue;
			if (field_is_text((enum field)f)) {
				v = intern_add(&b->strings[f], ev->v[f].s);
				if (v == INTERN_NONE)
					return false;
				b->text += ev->v[f].s.n;
			}
			b->values[b->n_values++] = v;
		}
	return true;
}

/*
 * That a log was read in, and what went wrong, is an event of today, however
 * old the log is.
 */
static bool is_of_reading(const struct event *ev)
{
	if (ev->kind == EVENT_GAP)
		return str_eqz(ev->source, "import") ||
		       str_eqz(ev->source, "sshtrail");
	return ev->kind == EVENT_IMPORT_START || ev->kind == EVENT_IMPORT_END;
}

int builder_add(struct builder *b, const struct event *ev)
{
	struct builder_row *row = &b->rows[b->n];
	size_t at = b->n_values;

	if (!room_for_values(b))
		return -ENOMEM;
	touch_ahead(b->rows, BLOCK_ROWS_MAX * sizeof *row, b->n * sizeof *row,
	    &b->touched_rows);
	row->time = ev->time;
	row->seq = ev->seq;
	row->chain = ev->chain;
	row->track = ev->track;
	row->at = (uint32_t)at;
	row->host = intern_add(&b->hosts, ev->host);
	row->boot = intern_add(&b->boots, ev->boot);
	row->source = intern_add(&b->sources, ev->source);
	row->shape = add_shape(b, ev);
	if (row->host == INTERN_NONE || row->boot == INTERN_NONE ||
	    row->source == INTERN_NONE || row->shape == INTERN_NONE ||
	    !add_values(b, ev)) {
		b->n_values = at;
		return -ENOMEM;
	}
	if (b->n == 0 || ev->time < b->min_time)
		b->min_time = ev->time;
	if (b->n == 0 || ev->time > b->max_time)
		b->max_time = ev->time;
	if (!is_of_reading(ev)) {
		if (b->n_told == 0 || ev->time < b->min_told)
			b->min_told = ev->time;
		if (b->n_told == 0 || ev->time > b->max_told)
			b->max_told = ev->time;
		b->n_told++;
	}
	b->n++;
	return 0;
}
