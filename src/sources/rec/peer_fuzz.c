/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile messages: whatever comes, the records are sound, and the same however
 * the bytes are cut.
 */
#include "sources/rec/peer.h"

#include <assert.h>
#include <stdlib.h>

#include "sources/pty/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW ((uint64_t)1 << 40)

static void feed(struct str data, size_t step, struct buf *to)
{
	struct peer p = {.who = {1, 2, 3, 4, 5, 6}, .serial = 7};
	struct buf in = BUF_INIT;
	ssize_t n = 0;

	while (data.n && n >= 0) {
		struct str piece = str_upto(data, step);

		buf_add_str(&in, piece);
		data = str_from(data, piece.n);
		n = peer_take(&p, buf_str(&in), NOW, to);
		if (n > 0)
			buf_consume(&in, (size_t)n);
	}
	peer_gone(&p, NOW, to);
	buf_free(&in);
}

static void check_records(struct str records)
{
	uint64_t time = 0, offset = 0;
	struct pty_rec rec;

	while (records.n) {
		assert(records.n >= sizeof rec);
		memcpy(&rec, records.p, sizeof rec);
		assert(rec.head.size == sizeof rec + rec.n);
		assert(rec.head.size <= records.n && rec.n <= PTY_CHUNK);
		assert(rec.head.time >= time && rec.head.time <= NOW);
		assert(rec.offset >= offset);
		assert(rec.serial == 7 && rec.auid == 5 && rec.ses == 6);
		time = rec.head.time;
		offset = rec.offset;
		records = str_from(records, rec.head.size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str all = str_make(data, size);
	struct buf whole = BUF_INIT, bytes = BUF_INIT;

	feed(all, size, &whole);
	feed(all, 7, &bytes);
	check_records(buf_str(&whole));
	assert(str_eq(buf_str(&whole), buf_str(&bytes)));
	buf_free(&whole);
	buf_free(&bytes);
	return 0;
}
