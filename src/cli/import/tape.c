/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/tape.h"

#include "core/event_json.h"
#include "sources/source.h"

#define CHUNK_BYTES ((size_t)64 << 10)
#define PIECE_BYTES ((size_t)32 << 10)
#define NS_PER_USEC 1000

uint64_t tape_number(const struct trail *trail)
{
	return trail ? trail_last_seq(trail) + 1 : 0;
}

int tape_flush(struct tape *t, struct err *err)
{
	struct buf *b = &t->chunk.bytes;
	int r = buf_error(b);

	if (r < 0)
		return err_sys(err, r, "recording");
	if (t->trail && b->n) {
		r = trail_append(t->trail, FRAME_RECORDING, (uint32_t)t->number,
		    buf_str(b), &t->last, err);
		sha256_add(&t->frames, b->p, b->n);
	}
	/* A file may hold many that go on at the same time. */
	buf_free(b);
	return r;
}

static int add_piece(struct tape *t, struct piece *p, struct err *err)
{
	p->time = t->start + (int64_t)p->boot;
	t->now = p->boot;
	chunk_add(&t->chunk, p);
	return t->chunk.bytes.n >= CHUNK_BYTES ? tape_flush(t, err) : 0;
}

int tape_begin(struct tape *t, struct trail *trail, int64_t start,
    const struct event *open, struct str said, struct err *err)
{
	struct piece p = {.type = PIECE_BEGIN};
	int r;

	*t = (struct tape){.trail = trail,
	    .number = tape_number(trail),
	    .start = start,
	    .status = -1};
	sha256_init(&t->frames);
	sha256_init(&t->said);
	sha256_add(&t->said, said.p, said.n);
	event_to_json(open, 0, &t->open);
	if (buf_error(&t->open))
		return err_sys(err, buf_error(&t->open), "recording");
	p.bytes = buf_str(&t->open);
	r = add_piece(t, &p, err);
	/* At once: its number is that of its first frame. */
	return r < 0 ? r : tape_flush(t, err);
}

/* As it was read, however it is cut into pieces and chunks. */
static void add_said(struct tape *t, const struct piece *p)
{
	const uint64_t said[] = {(uint64_t)p->type, p->boot, p->bytes.n,
	    p->cols, p->rows, p->lost, p->status};

	sha256_add(&t->said, said, sizeof said);
	sha256_add(&t->said, p->bytes.p, p->bytes.n);
}

int tape_piece(struct tape *t, const struct piece *p, struct err *err)
{
	struct str rest = p->bytes;
	struct piece part = *p;
	int r = 0;

	counts_add(&t->counts, p);
	if (p->type == PIECE_EXIT)
		t->status = p->status;
	add_said(t, p);
	do {
		part.bytes = str_upto(rest, PIECE_BYTES);
		rest = str_from(rest, PIECE_BYTES);
		r = add_piece(t, &part, err);
	} while (r == 0 && rest.n);
	return r;
}

int tape_end(struct tape *t, struct err *err)
{
	struct piece end = {.type = PIECE_END, .boot = t->now};
	int r = add_piece(t, &end, err);

	return r < 0 ? r : tape_flush(t, err);
}

static uint64_t identity(
    const struct tape *t, struct str host, const uint8_t key[static 16])
{
	struct sha256 said;
	struct str parts[3];

	sha256_peek(&t->said, &said);
	parts[0] = STR("recordings");
	parts[1] = host;
	parts[2] = str_make((const char *)said.h, sizeof said.h);
	return source_id(key, parts, 3);
}

static struct str frames_of(const struct tape *t, struct arena *a)
{
	struct sha256 frames;
	char hex[65];

	sha256_peek(&t->frames, &frames);
	sha256_hex(&frames, hex);
	return arena_dup(a, str_z(hex));
}

int tape_events(const struct tape *t, const uint8_t key[static 16],
    bool partial, struct event *ret_open, struct event *ret_close,
    struct arena *a, struct err *err)
{
	struct event *close = ret_close;
	int r = event_from_json(ret_open, buf_str(&t->open), a, err);

	if (r < 0)
		return r;
	*close = *ret_open;
	close->kind = EVENT_CHANNEL_CLOSE;
	close->time = (t->start + (int64_t)t->now) / NS_PER_USEC;
	event_unset(close, F_SIZE);
	event_set_hex(close, F_ID, identity(t, close->host, key));
	event_set_int(close, F_RECORDING_END, (int64_t)t->last);
	event_set_str(close, F_SHA256, frames_of(t, a));
	counts_to_event(&t->counts, close);
	if (t->status >= 0)
		event_set_int(close, F_EXIT, t->status);
	if (partial)
		event_set_int(close, F_PARTIAL, true);
	return 0;
}

void tape_free(struct tape *t)
{
	buf_free(&t->chunk.bytes);
	buf_free(&t->open);
}
