/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a chunk: what is read of it is written again as it was. */
#include "record/chunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct chunk_writer *w, size_t n)
{
	struct chunk_reader r;
	struct piece p;

	if (n == 0)
		return;
	if (!chunk_open(&r, buf_str(&w->bytes)))
		__builtin_trap();
	while (chunk_next(&r, &p) > 0)
		n--;
	if (n)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chunk_writer w = {BUF_INIT, 0};
	struct chunk_reader r;
	struct piece p;
	size_t n = 0;

	if (!chunk_open(&r, str_make(data, size)))
		return 0;
	while (chunk_next(&r, &p) > 0) {
		chunk_add(&w, &p);
		n++;
	}
	check_again(&w, n);
	buf_free(&w.bytes);
	return 0;
}
