/* SPDX-License-Identifier: Apache-2.0 */
/* A block from bytes, all of it read; checksums are set right first. */
#include "store/block.h"

#include <stdlib.h>

#include "base/crc32c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t get(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static void put(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void mend(uint8_t *p, size_t n)
{
	uint32_t columns;
	size_t len;

	if (n < BLOCK_HEAD + 4)
		return;
	columns = get(p + 12);
	len = BLOCK_HEAD + (size_t)columns * BLOCK_ENTRY;
	if (columns > COL_N || n < len + 4)
		return;
	for (uint32_t i = 0; i < columns; i++) {
		uint8_t *e = p + BLOCK_HEAD + i * BLOCK_ENTRY;
		uint32_t at = get(e + 16), size = get(e + 12);

		if (at <= n && size <= n - at)
			put(e + 24, crc32c(0, p + at, size));
	}
	put(p + len, crc32c(0, p, len));
}

static void read_all(struct block *b)
{
	const uint32_t step = block_rows(b) / 64 + 1;
	struct event *ev = malloc(sizeof *ev);
	const uint32_t bits[] = {1, 99999, 77};
	const struct strings *s;
	struct ints ints;
	struct err err;

	for (unsigned c = COL_TIME; c < COL_N; c++) {
		bool text = c == COL_BOOT || c == COL_SOURCE ||
			    (c >= COL_FIELD &&
				field_is_text((enum field)(c - COL_FIELD)));

		if (c == COL_GRAM_CMD || c == COL_GRAM_ALL)
			block_gram(b, c, bits, 3, &err);
		else if (!block_has(b, c))
			continue;
		else if (text)
			block_strings(b, c, &s, &err);
		else
			block_ints(b, c, &ints, &err);
	}
	for (uint32_t row = 0; ev && row < block_rows(b); row += step)
		block_event(b, row, NULL, ev, &err);
	free(ev);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	struct block *b;
	struct err err;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	mend(copy, size);
	if (block_open_bytes(&b, str_make(copy, size), &err) == 0) {
		read_all(b);
		block_close(b);
	}
	free(copy);
	return 0;
}
