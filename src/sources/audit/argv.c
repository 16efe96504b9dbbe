/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/argv.h"

#include <errno.h>
#include <stdlib.h>

#include "sources/audit/unhex.h"

#define MAX_PIECES     (2 * ARGV_MAX_ARGS)
/* More missing arguments than this are a loss, not empty ones left out. */
#define MAX_EMPTY_TAIL 64

/* One value: the whole of argument `arg`, or its piece `part`. */
struct argv_piece {
	uint64_t arg;
	uint64_t part;
	size_t order;
	struct str raw;
	bool quoted;
};

struct token {
	enum { TOKEN_ARG, TOKEN_ARGC, TOKEN_NONE } what;
	bool whole;
	struct argv_piece piece;
};

void argv_free(struct argv *v)
{
	buf_free(&v->list);
	free(v->pieces);
	*v = ARGV_INIT;
}

static inline bool skip_char(struct str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

static inline bool take_number(struct str *s, uint64_t *ret)
{
	size_t n = 0;
	uint64_t v = 0;

	while (n < s->n && n < 18 && s->p[n] >= '0' && s->p[n] <= '9')
		v = v * 10 + (uint64_t)(s->p[n++] - '0');
	s->p += n;
	s->n -= n;
	*ret = v;
	return n > 0;
}

static struct str take_value(struct str *s, bool *quoted)
{
	struct str v;

	*quoted = skip_char(s, '"');
	str_cut(s, *quoted ? '"' : ' ', &v);
	return v;
}

/* The next `key=value` of *body; false at the end. */
static bool take_token(struct str *body, struct token *ret)
{
	struct str s = *body, word;
	bool a;

	while (skip_char(&s, ' '))
		;
	if (!s.n || s.p[0] == 0x1d)
		return false;
	*ret = (struct token){.what = TOKEN_NONE, .whole = true};
	*body = s;
	a = skip_char(&s, 'a');
	if (a && take_number(&s, &ret->piece.arg)) {
		if (skip_char(&s, '[')) {
			ret->whole = false;
			take_number(&s, &ret->piece.part);
			skip_char(&s, ']');
		}
		if (skip_char(&s, '='))
			ret->what = TOKEN_ARG;
		else
			ret->whole = false; /* aN_len= */
	} else if (a && str_skip(&s, STR("rgc="))) {
		take_number(&s, &ret->piece.arg);
		ret->what = TOKEN_ARGC;
	}
	if (ret->what == TOKEN_ARG)
		ret->piece.raw = take_value(&s, &ret->piece.quoted);
	else
		str_cut(&s, ' ', &word);
	*body = s;
	return true;
}

static void add_text(struct argv *v, struct str s)
{
	size_t room = ARGV_MAX_BYTES - v->list.n;
	size_t nul = str_find_char(s, '\0');

	if (nul != STR_NPOS) {
		s = str_upto(s, nul);
		v->cut = true;
	}
	if (s.n > room) {
		s = str_upto(s, room);
		v->cut = true;
	}
	buf_add_str(&v->list, s);
}

static void add_value(struct argv *v, struct str raw, bool quoted)
{
	size_t room = ARGV_MAX_BYTES - v->list.n, nul;
	char *to;

	if (quoted || raw.n < 2 || raw.n / 2 > room) {
		if (!quoted && raw.n / 2 > room) {
			v->cut = true;
			return;
		}
		add_text(v, raw);
		return;
	}
	to = buf_reserve(&v->list, raw.n / 2);
	if (!to)
		return;
	if (!unhex(raw, to)) {
		if (!str_eq(raw, STR("(null)")))
			add_text(v, raw);
		return;
	}
	nul = str_find_char(str_make(to, raw.n / 2), '\0');
	v->cut |= nul != STR_NPOS;
	v->list.n += nul != STR_NPOS ? nul : raw.n / 2;
}

static bool end_arg(struct argv *v)
{
	if (v->n >= ARGV_MAX_ARGS || v->list.n >= ARGV_MAX_BYTES) {
		v->cut = true;
		return false;
	}
	buf_add_char(&v->list, '\0');
	v->n++;
	return true;
}

/*
 * The usual case: all arguments whole and in order. False when it is not, or
 * when nothing more fits (then v->cut is set).
 */
static bool parse_in_order(
    struct argv *v, const struct str *bodies, size_t n, uint64_t *argc)
{
	struct token t;

	for (size_t i = 0; i < n; i++) {
		struct str body = bodies[i];

		while (take_token(&body, &t)) {
			if (t.what == TOKEN_ARGC)
				*argc = t.piece.arg;
			if (!t.whole)
				return false;
			if (t.what != TOKEN_ARG)
				continue;
			if (t.piece.arg != v->n)
				return false;
			add_value(v, t.piece.raw, t.piece.quoted);
			if (v->cut || !end_arg(v))
				return false;
		}
	}
	return true;
}

static int add_piece(struct argv *v, const struct argv_piece *p)
{
	if (v->n_pieces == MAX_PIECES || p->arg >= ARGV_MAX_ARGS) {
		v->cut = true;
		return 0;
	}
	if (v->n_pieces == v->cap_pieces) {
		size_t cap = v->cap_pieces ? 2 * v->cap_pieces : 256;
		struct argv_piece *more =
		    reallocarray(v->pieces, cap, sizeof *more);

		if (!more)
			return -ENOMEM;
		v->pieces = more;
		v->cap_pieces = cap;
	}
	v->pieces[v->n_pieces] = *p;
	v->pieces[v->n_pieces].order = v->n_pieces;
	v->n_pieces++;
	return 0;
}

static int piece_cmp(const void *a, const void *b)
{
	const struct argv_piece *x = a, *y = b;

	if (x->arg != y->arg)
		return x->arg < y->arg ? -1 : 1;
	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static int collect(
    struct argv *v, const struct str *bodies, size_t n, uint64_t *argc)
{
	struct token t;
	int r;

	v->n_pieces = 0;
	for (size_t i = 0; i < n; i++) {
		struct str body = bodies[i];

		while (take_token(&body, &t)) {
			if (t.what == TOKEN_ARGC)
				*argc = t.piece.arg;
			if (t.what != TOKEN_ARG)
				continue;
			r = add_piece(v, &t.piece);
			if (r < 0)
				return r;
		}
	}
	if (v->n_pieces)
		qsort(v->pieces, v->n_pieces, sizeof *v->pieces, piece_cmp);
	return 0;
}

/* Sorted pieces to arguments; what is missing in between was empty. */
static void join_pieces(struct argv *v)
{
	size_t i = 0;

	while (i < v->n_pieces) {
		uint64_t arg = v->pieces[i].arg, part = 0;

		while (v->n < arg)
			if (!end_arg(v))
				return;
		for (; i < v->n_pieces && v->pieces[i].arg == arg; i++) {
			if (v->pieces[i].part < part)
				continue; /* the same record twice */
			v->partial |= v->pieces[i].part > part;
			part = v->pieces[i].part + 1;
			add_value(v, v->pieces[i].raw, v->pieces[i].quoted);
		}
		if (!end_arg(v))
			return;
	}
}

/* Arguments that argc counts and no record has. */
static void fill_tail(struct argv *v, uint64_t argc)
{
	if (argc <= v->n || v->cut)
		return;
	if (argc - v->n > MAX_EMPTY_TAIL) {
		v->partial = true;
		return;
	}
	while (v->n < argc && end_arg(v))
		;
}

int argv_parse(struct argv *v, const struct str *bodies, size_t n)
{
	uint64_t argc = 0;
	int r;

	buf_clear(&v->list);
	v->n = 0;
	v->cut = v->partial = false;
	if (!parse_in_order(v, bodies, n, &argc)) {
		buf_clear(&v->list);
		v->n = 0;
		v->cut = false;
		r = collect(v, bodies, n, &argc);
		if (r < 0)
			return r;
		join_pieces(v);
	}
	fill_tail(v, argc);
	return buf_error(&v->list);
}
