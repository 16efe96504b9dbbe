/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text/escape.h"

#include <locale.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must never come out, whatever goes in. */
static void check_shown(struct str s, unsigned flags)
{
	while (s.n) {
		int32_t c;
		size_t n = utf8_next(s, &c);

		if (c < 0x20 || (c >= 0x7f && c < 0xa0) ||
		    (c >= 0x202a && c <= 0x202e) ||
		    (c >= 0x2066 && c <= 0x2069))
			abort();
		if (flags & ESCAPE_ASCII && c > 0x7e && c != 0x2026)
			abort();
		s = str_from(s, n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = str_make(data, size);
	struct buf b = BUF_INIT, again = BUF_INIT;

	setlocale(LC_CTYPE, "C.UTF-8");
	for (unsigned flags = 0; flags <= ESCAPE_ASCII; flags++) {
		size_t all, cut;

		buf_clear(&b);
		all = escape_add(&b, s, ESCAPE_NO_LIMIT, flags, NULL);
		check_shown(buf_str(&b), flags);
		/* What was escaped once is plain text of the same width. */
		buf_clear(&again);
		if (escape_add(&again, buf_str(&b), ESCAPE_NO_LIMIT, flags,
			NULL) != all ||
		    !str_eq(buf_str(&b), buf_str(&again)))
			abort();
		buf_clear(&b);
		cut = escape_add_cut(&b, s, 17, flags);
		check_shown(buf_str(&b), flags);
		if (cut > 17 || (all <= 17 && cut != all))
			abort();
	}
	buf_free(&b);
	buf_free(&again);
	return 0;
}
