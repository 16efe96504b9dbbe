/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes on a terminal, in pieces of a length that the first byte says:
 * what is told is as it was but for stars, revealed it is all as it was, and
 * where nothing is a secret nothing is hidden.
 */
#include "record/veil.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
	struct buf bytes;
	bool hides;
	size_t secrets;
};

static bool on_hide(void *user)
{
	struct told *t = user;

	t->secrets++;
	return t->hides;
}

static void on_piece(void *user, const struct piece *p)
{
	buf_add_str(&((struct told *)user)->bytes, p->bytes);
}

static void run(struct told *t, const struct mask *m, struct str text, size_t n)
{
	const struct veil_ops ops = {on_hide, on_piece, t};
	struct veil *v = veil_new(m, &ops);

	if (!v)
		abort();
	veil_cols(v, 80);
	for (; text.n; text = str_from(text, n)) {
		const struct piece p = {
		    .type = PIECE_OUTPUT, .bytes = str_upto(text, n)};

		veil_piece(v, &p);
	}
	veil_end(v);
	if (veil_error(v) < 0 || buf_error(&t->bytes) < 0)
		abort();
	veil_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mask *m = malloc(sizeof *m);
	struct told hidden = {.hides = true}, shown = {.hides = false};
	struct str text = str_make(data, size);
	size_t n = size ? (size_t)*data + 1 : 1, at = 0;

	if (!m)
		abort();
	mask_init(m);
	run(&hidden, m, text, n);
	run(&shown, m, text, n);
	if (!str_eq(buf_str(&shown.bytes), text) || hidden.bytes.n > text.n ||
	    (hidden.secrets == 0 && !str_eq(buf_str(&hidden.bytes), text)))
		abort();
	/* What is no star stands in the text, in this order. */
	for (size_t i = 0; i < hidden.bytes.n; i++, at++) {
		if (hidden.bytes.p[i] == VEIL_STAR)
			continue;
		while (at < text.n && text.p[at] != hidden.bytes.p[i])
			at++;
		if (at == text.n)
			abort();
	}
	buf_free(&hidden.bytes);
	buf_free(&shown.bytes);
	mask_free(m);
	free(m);
	return 0;
}
