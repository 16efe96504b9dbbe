/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written the same, and read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r, again;
	struct buf b = BUF_INIT;
	struct err err = {""};
	int code = record_parse(&r, str_make(data, size), &err);

	if (code < 0 && !err.text[0])
		abort();
	if (code == 0) {
		record_format(&r, &b);
		if (record_parse(&again, buf_str(&b), &err) < 0 ||
		    !placed_same(&r.before, &again.before) ||
		    !placed_same(&r.after, &again.after))
			abort();
		record_free(&again);
	}
	record_free(&r);
	buf_free(&b);
	return 0;
}
