/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/shells.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str keep(void *ctx, struct str name, struct str now)
{
	const struct str *text = ctx;
	struct str shell;

	if (shells_find(*text, name, &shell) == 0)
		abort();
	return now;
}

/* Nothing is changed where nothing is chosen, and who is listed is found. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make(data, size < 4096 ? size : 4096);
	struct buf b = BUF_INIT;

	shells_write(text, keep, &text, &b);
	if (!str_eq(buf_str(&b), text))
		abort();
	buf_free(&b);
	return 0;
}
