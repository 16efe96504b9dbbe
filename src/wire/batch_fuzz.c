/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a batch, both as they are and compressed, since a fuzzer finds
 * no zstd frames by itself. What is taken is whole frames in their order.
 */
#include "wire/batch.h"

#include <assert.h>
#include <stdlib.h>

#include "base/compress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_one(struct str body)
{
	struct batch b;
	struct frame f;
	struct err err;
	uint64_t n = 0;

	if (batch_read(body, &b, &err) == 0) {
		struct str rest = b.frames, bytes;

		while (batch_next(&rest, &f, &bytes))
			assert(f.seq == b.first + n++);
		assert(n == b.n && rest.n == 0);
	}
	batch_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf body = BUF_INIT;

	read_one(str_make(data, size));
	if (compress_append(&body, data, size, 1) == 0)
		read_one(buf_str(&body));
	buf_free(&body);
	return 0;
}
