/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes, typed and shown in turn in pieces of a length that the first byte
 * says: all that was shown is told, in its order with what is kept of what was
 * typed; and where nothing is shown no letter is kept.
 */
#include "record/unechoed.h"

#include <stdlib.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
	struct buf typed, shown;
	bool masks;
};

static int on_piece(void *user, const struct piece *p)
{
	struct told *t = user;

	if (p->type == PIECE_MASKED)
		t->masks = true;
	else if (p->type == PIECE_INPUT)
		buf_add_str(&t->typed, p->bytes);
	else
		buf_add_str(&t->shown, p->bytes);
	return 0;
}

/* Every second piece is typed, or all. */
static void run(struct told *t, struct str text, size_t n, bool all,
    struct buf *typed, struct buf *shown)
{
	struct unechoed *u = unechoed_new(on_piece, t);

	if (!u)
		abort();
	for (size_t i = 0; text.n; text = str_from(text, n), i++) {
		bool is_typed = all || i % 2 == 0;
		const struct piece p = {
		    .type = is_typed ? PIECE_INPUT : PIECE_OUTPUT,
		    .bytes = str_upto(text, n)};

		buf_add_str(is_typed ? typed : shown, p.bytes);
		if (unechoed_piece(u, &p) < 0)
			abort();
	}
	if (unechoed_settle(u) < 0)
		abort();
	unechoed_free(u);
}

static void check(struct str text, size_t n, bool all)
{
	struct told t = {0};
	struct buf typed = BUF_INIT, shown = BUF_INIT;
	size_t at = 0;

	run(&t, text, n, all, &typed, &shown);
	if (!str_eq(buf_str(&t.shown), buf_str(&shown)) ||
	    (t.typed.n != typed.n) != t.masks)
		abort();
	/* What is kept stands in what was typed, in this order. */
	for (size_t i = 0; i < t.typed.n; i++, at++) {
		while (at < typed.n && typed.p[at] != t.typed.p[i])
			at++;
		if (at == typed.n)
			abort();
	}
	buf_free(&t.typed);
	buf_free(&t.shown);
	buf_free(&typed);
	buf_free(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make(data, size);
	size_t n = size ? (size_t)*data % 32 + 1 : 1;

	check(text, n, false);
	check(text, n, true);
	return 0;
}
