/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first line is a rule of a file, the rest a text: masked once, nothing of
 * it that is not marked is changed.
 */
#include "core/mask.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make(data, size), rule, rest;
	struct mask *m = malloc(sizeof *m);
	uint8_t *marks = calloc(1, size + 1);
	struct buf b = BUF_INIT;
	struct err err = {""};

	if (!m || !marks)
		abort();
	mask_init(m);
	str_cut(&text, '\n', &rule);
	if (mask_read(m, "f", rule, &err) < 0 && !err.text[0])
		abort();
	mask_mark(m, text, marks);
	mask_text(m, text, &b);
	rest = buf_str(&b);
	for (size_t i = 0; i < text.n; i++) {
		if (!marks[i] && !str_skip(&rest, str_make(text.p + i, 1)))
			abort();
		if (marks[i] && (i == 0 || !marks[i - 1]) &&
		    !str_skip(&rest, STR(MASK_TEXT)))
			abort();
	}
	if (rest.n)
		abort();
	buf_free(&b);
	free(marks);
	mask_free(m);
	free(m);
	return 0;
}
