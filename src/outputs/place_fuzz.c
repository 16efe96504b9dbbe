/* SPDX-License-Identifier: Apache-2.0 */
/* What is read is written and read again the same; the rest is refused. */
#include "outputs/place.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct progress p = {.v = NULL}, again = {.v = NULL};
	struct buf b = BUF_INIT;

	if (place_parse(&p, str_make(data, size))) {
		check(place_write(&p, &b) == 0);
		check(place_parse(&again, buf_str(&b)));
		check(p.n == again.n);
		check(str_eq(buf_str(&p.mark), buf_str(&again.mark)));
	}
	buf_free(&b);
	progress_free(&p);
	progress_free(&again);
	return 0;
}
