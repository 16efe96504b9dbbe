/* SPDX-License-Identifier: Apache-2.0 */
#include "store/scan_text.h"

#include <errno.h>
#include <stdlib.h>

int scan_grams(const struct plan *p, struct block *b, struct err *err)
{
	int r = 1;

	if (p->cmd.n_cmd_bits)
		r = block_gram(
		    b, COL_GRAM_CMD, p->cmd.cmd_bits, p->cmd.n_cmd_bits, err);
	if (r == 1 && p->path.n_bits)
		r = block_gram(
		    b, COL_GRAM_ALL, p->path.bits, p->path.n_bits, err);
	if (r != 1 || !p->text.n_bits)
		return r;
	r = block_gram(b, COL_GRAM_ALL, p->text.bits, p->text.n_bits, err);
	return r != 0 ? r
		      : block_gram(b, COL_GRAM_CMD, p->text.cmd_bits,
			    p->text.n_cmd_bits, err);
}

/* Set hit[] for the entries that hold the needle; one pass over all text. */
static void find_entries(
    const struct strings *v, const struct fold *f, uint8_t *hit)
{
	const struct str all = str_make(v->text, v->at[v->n]);
	uint32_t e = 0;
	size_t at = 0;

	memset(hit, 0, v->n);
	while ((at = fold_find(f, all, at)) != STR_NPOS && e < v->n) {
		while (e < v->n && v->at[e + 1] <= at)
			e++;
		if (e < v->n && at + f->text.n <= v->at[e + 1]) {
			hit[e] = 1;
			at = v->at[e + 1];
		} else {
			at++;
		}
	}
}

/* The entry as it is shown: arguments joined and quoted. */
static bool command_has(struct scan *s, struct str argv, const struct needle *n)
{
	event_init(s->ev, EVENT_EXEC);
	event_set_str(s->ev, F_ARGV, argv);
	buf_clear(&s->command);
	event_command(s->ev, &s->command);
	return fold_find(&n->fold, buf_str(&s->command), 0) != STR_NPOS;
}

/*
 * A needle without blanks and quotes lies within one argument, where the raw
 * bytes are what is shown. Else its longest such part finds the candidates,
 * and only those are put together.
 */
static void find_commands(
    struct scan *s, const struct strings *argv, const struct needle *n)
{
	const bool whole = n->plain.n == n->text.n;

	if (n->plain.n)
		find_entries(argv, &n->plain_fold, s->hit);
	else
		memset(s->hit, 1, argv->n);
	for (uint32_t i = 0; i < argv->n && !whole; i++)
		if (s->hit[i])
			s->hit[i] = command_has(s, strings_get(argv, i), n);
}

void scan_mark(const struct strings *v, const uint8_t *restrict hit,
    uint32_t rows, uint8_t *restrict ok)
{
	const struct strings s = *v;

	for (uint32_t i = 0; i < rows; i++) {
		uint32_t e = strings_entry(&s, i);

		if (e != UINT32_MAX)
			ok[i] |= hit[e];
	}
}

void scan_keep(
    uint8_t *restrict keep, const uint8_t *restrict ok, uint32_t rows)
{
	for (uint32_t i = 0; i < rows; i++)
		keep[i] &= ok[i];
}

/* Rows whose command has the needle: argv, or cmd where argv is empty. */
static int mark_commands(struct scan *s, struct block *b,
    const struct needle *n, uint8_t *ok, struct err *err)
{
	const struct strings *argv = NULL, *cmd;
	int r = 0;

	if (block_has(b, COL_FIELD + F_ARGV)) {
		r = block_strings(b, COL_FIELD + F_ARGV, &argv, err);
		if (r < 0)
			return r;
		find_commands(s, argv, n);
		scan_mark(argv, s->hit, block_rows(b), ok);
	}
	if (!block_has(b, COL_FIELD + F_CMD))
		return 0;
	r = block_strings(b, COL_FIELD + F_CMD, &cmd, err);
	if (r < 0)
		return r;
	find_entries(cmd, &n->fold, s->hit);
	for (uint32_t i = 0; i < block_rows(b); i++) {
		uint32_t a = argv ? strings_entry(argv, i) : UINT32_MAX;
		uint32_t c = strings_entry(cmd, i);
		bool by_argv = a != UINT32_MAX && strings_get(argv, a).n;

		if (!by_argv && c != UINT32_MAX)
			ok[i] |= s->hit[c];
	}
	return 0;
}

static int mark_field(struct scan *s, struct block *b, enum field f,
    const struct needle *n, uint8_t *ok, struct err *err)
{
	const struct strings *v;
	int r;

	if (!block_has(b, COL_FIELD + f))
		return 0;
	r = block_strings(b, COL_FIELD + f, &v, err);
	if (r < 0)
		return r;
	find_entries(v, &n->fold, s->hit);
	scan_mark(v, s->hit, block_rows(b), ok);
	return 0;
}

static int mark_paths(struct scan *s, struct block *b, const struct needle *n,
    uint8_t *ok, struct err *err)
{
	int r = mark_field(s, b, F_PATH, n, ok, err);

	return r < 0 ? r : mark_field(s, b, F_PATH2, n, ok, err);
}

static int mark_texts(struct scan *s, struct block *b, const struct needle *n,
    uint8_t *ok, struct err *err)
{
	int in_cmd = 1, in_all = 1;
	int r = 0;

	if (n->n_cmd_bits)
		in_cmd = block_gram(
		    b, COL_GRAM_CMD, n->cmd_bits, n->n_cmd_bits, err);
	if (in_cmd >= 0 && n->n_bits)
		in_all = block_gram(b, COL_GRAM_ALL, n->bits, n->n_bits, err);
	if (in_cmd < 0 || in_all < 0)
		return in_cmd < 0 ? in_cmd : in_all;
	if (in_cmd)
		r = mark_commands(s, b, n, ok, err);
	if (r == 0 && in_cmd)
		r = mark_field(s, b, F_CMD, n, ok, err);
	for (int f = 0; f < EVENT_N_FIELDS && r == 0 && in_all; f++)
		if (f != F_ARGV && f != F_CMD && field_is_text((enum field)f))
			r = mark_field(s, b, (enum field)f, n, ok, err);
	return r;
}

int scan_texts(struct scan *s, struct block *b, struct err *err)
{
	const struct plan *p = s->plan;
	const struct {
		const struct needle *needle;
		int (*mark)(struct scan *s, struct block *b,
		    const struct needle *n, uint8_t *ok, struct err *err);
	} classes[] = {{&p->cmd, mark_commands}, {&p->path, mark_paths},
	    {&p->text, mark_texts}};
	uint8_t *ok = malloc(block_rows(b));
	int r = ok ? 0 : -ENOMEM, narrowed = 0;

	for (size_t c = 0; c < 3 && r == 0; c++) {
		if (classes[c].needle->text.n == 0)
			continue;
		narrowed = 1;
		memset(ok, 0, block_rows(b));
		r = classes[c].mark(s, b, classes[c].needle, ok, err);
		if (r == 0)
			scan_keep(s->keep, ok, block_rows(b));
	}
	free(ok);
	return r < 0 ? r : narrowed;
}
