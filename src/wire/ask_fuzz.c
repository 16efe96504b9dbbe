/* SPDX-License-Identifier: Apache-2.0 */
/* Lines NAME=VALUE; what was taken must be the same when it is told again. */
#include "wire/ask.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* Of one encoded part, in place. */
static struct str decode(char *p, size_t n)
{
	size_t to = 0;

	for (size_t i = 0; i < n; i++, to++) {
		p[to] = p[i];
		if (p[i] != '%')
			continue;
		check(i + 2 < n);
		p[to] = (char)(str_hexdigit(p[i + 1]) << 4 |
			       str_hexdigit(p[i + 2]));
		i += 2;
	}
	return str_make(p, to);
}

static void take_back(struct ask *a, struct buf *text)
{
	struct str rest = buf_str(text), pair, name;
	struct err err;

	while (rest.n) {
		str_cut(&rest, '&', &pair);
		check(str_cut(&pair, '=', &name));
		pair = decode(text->p + (pair.p - text->p), pair.n);
		check(ask_take(a, name, pair, &err) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_make(data, size), line, name;
	struct buf first = BUF_INIT, text = BUF_INIT, second = BUF_INIT;
	struct ask a, again;

	ask_init(&a);
	ask_init(&again);
	while (rest.n) {
		struct err err = {""};

		str_cut(&rest, '\n', &line);
		if (str_cut(&line, '=', &name) &&
		    ask_take(&a, name, line, &err) < 0)
			check(err.text[0]);
	}
	ask_write(&a, &first);
	buf_add_str(&text, buf_str(&first));
	take_back(&again, &text);
	ask_write(&again, &second);
	check(str_eq(buf_str(&first), buf_str(&second)));
	buf_free(&first);
	buf_free(&text);
	buf_free(&second);
	return 0;
}
