/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reel.h"

#include <stdlib.h>

#include "archive/recording.h"
#include "base/when.h"
#include "core/event_json.h"

void reel_free(struct reel *reel)
{
	if (!reel)
		return;
	buf_free(&reel->chunk.bytes);
	arena_free(&reel->mem);
	free(reel);
}

int reel_open(struct reel *reel, const struct event *ev)
{
	int r = event_copy(&reel->open, ev, &reel->mem);

	reel->known = r == 0;
	return r;
}

void reel_count(struct reel *reel, const struct piece *p)
{
	counts_add(&reel->counts, p);
	reel->time = p->time / 1000;
}

void reel_close(const struct reel *reel, struct event *ev)
{
	*ev = reel->open;
	ev->kind = EVENT_CHANNEL_CLOSE;
	ev->time = time_now();
	ev->trust = TRUST_DAEMON;
	event_unset(ev, F_ID);
	event_unset(ev, F_SIZE);
	event_set_int(ev, F_PARTIAL, true);
	counts_to_event(&reel->counts, ev);
}

void reel_vouch(const struct reel *reel, struct event *ev, char hex[static 65])
{
	struct sha256 digest;

	event_set_int(ev, F_RECORDING, (int64_t)reel->number);
	if (reel->counts.lost) {
		event_set_int(ev, F_LOST, reel->counts.lost);
		event_set_int(ev, F_BYTES_READ, counts_sent(&reel->counts));
	}
	if (reel->counts.masked)
		event_set_int(ev, F_MASKED, reel->counts.masked);
	if (reel->last == 0)
		return;
	sha256_peek(&reel->digest, &digest);
	sha256_hex(&digest, hex);
	event_set_int(ev, F_RECORDING_END, (int64_t)reel->last);
	event_set_int(ev, F_RECORDED, reel->bytes);
	event_set_str(ev, F_SHA256, str_z(hex));
}

void reel_leave(const struct reel *reel, struct buf *to)
{
	struct buf open = BUF_INIT;

	event_to_json(&reel->open, 0, &open);
	buf_add(to, reel, sizeof *reel);
	buf_add_varint(to, open.n);
	buf_add_str(to, buf_str(&open));
	if (buf_error(&open))
		to->error = buf_error(&open);
	buf_free(&open);
}

bool reel_take_over(struct reel *ret, struct str *left)
{
	struct err ignored;
	uint64_t n;

	if (left->n < sizeof *ret)
		return false;
	memcpy(ret, left->p, sizeof *ret);
	*left = str_from(*left, sizeof *ret);
	ret->chunk.bytes = BUF_INIT;
	ret->mem = ARENA_INIT;
	if (!varint_get(left, &n) || n > left->n ||
	    event_from_json(&ret->open, str_upto(*left, (size_t)n), &ret->mem,
		&ignored) < 0) {
		arena_free(&ret->mem);
		return false;
	}
	*left = str_from(*left, (size_t)n);
	return true;
}

static int count_chunk(void *ctx, struct str payload)
{
	struct reel *reel = ctx;
	struct chunk_reader chunk;
	struct err ignored;
	struct piece p;

	sha256_add(&reel->digest, payload.p, payload.n);
	reel->bytes += (int64_t)payload.n;
	if (!chunk_open(&chunk, payload))
		return 0;
	while (chunk_next(&chunk, &p) > 0) {
		reel_count(reel, &p);
		if (p.type == PIECE_BEGIN && !reel->known)
			reel->known = event_from_json(&reel->open, p.bytes,
					  &reel->mem, &ignored) == 0;
	}
	return 0;
}

int reel_read_back(
    struct reel *reel, struct archive *a, struct str host, struct err *err)
{
	struct recording_read read = {.chain = host,
	    .number = reel->number,
	    .chunk = count_chunk,
	    .ctx = reel};
	int r;

	sha256_init(&reel->digest);
	reel->bytes = 0;
	reel->counts = (struct counts){0};
	r = recording_read(a, &read, err);
	reel->last = read.found;
	if (!reel->known) {
		event_init(&reel->open, EVENT_CHANNEL_CLOSE);
		reel->open.source = STR("terminals");
	}
	return r;
}
