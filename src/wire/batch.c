/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/batch.h"

#include <errno.h>

#include "base/compress.h"
#include "crypto/checkpoint.h"
#include "trail/frame.h"
#include "trail/header.h"
#include "trail/le.h"

#define MAGIC	    STR("SSHTBAT1")
#define WITH_HEADER STR("SSHTBAT2")
#define HEAD_LEN    ((size_t)12)
#define ZSTD_LEVEL  3

void batch_begin(struct batch_writer *w, struct str note)
{
	buf_clear(&w->plain);
	w->plain.max = BATCH_MAX;
	w->n = 0;
	buf_add_str(&w->plain, MAGIC);
	buf_add_u32le(&w->plain, (uint32_t)note.n);
	buf_add_str(&w->plain, note);
}

void batch_set_header(struct batch_writer *w, struct str header)
{
	if (w->plain.n < MAGIC.n)
		return;
	memcpy(w->plain.p, WITH_HEADER.p, WITH_HEADER.n);
	buf_add_u32le(&w->plain, (uint32_t)header.n);
	buf_add_str(&w->plain, header);
}

bool batch_takes(const struct batch_writer *w, size_t payload)
{
	return w->n == 0 ||
	       w->plain.n + FRAME_HEADER_LEN + payload <= BATCH_FULL;
}

void batch_add(struct batch_writer *w, const struct frame *f)
{
	frame_put(&w->plain, f);
	w->n++;
}

void batch_set_note(struct batch_writer *w, struct str note)
{
	char *p;

	if (!buf_reserve(&w->plain, note.n) || note.n == 0)
		return;
	p = w->plain.p;
	memmove(p + HEAD_LEN + note.n, p + HEAD_LEN, w->plain.n - HEAD_LEN);
	memcpy(p + HEAD_LEN, note.p, note.n);
	le32_put(p + MAGIC.n, (uint32_t)note.n);
	w->plain.n += note.n;
}

int batch_end(struct batch_writer *w, struct buf *ret)
{
	int r = buf_error(&w->plain);

	return r < 0 ? r
		     : compress_append(ret, w->plain.p, w->plain.n, ZSTD_LEVEL);
}

void batch_free(struct batch_writer *w)
{
	buf_free(&w->plain);
}

static int unpack(struct str body, struct buf *ret, struct err *err)
{
	uint64_t size;
	char *p;
	int r = body.n > BATCH_BODY_MAX
		    ? -EBADMSG
		    : decompressed_size(body.p, body.n, &size);

	if (r == 0 && (size < HEAD_LEN || size > BATCH_MAX))
		r = -EBADMSG;
	if (r == 0) {
		p = buf_reserve(ret, (size_t)size);
		r = p ? decompress(body.p, body.n, p, (size_t)size) : -ENOMEM;
	}
	if (r == 0)
		ret->n = (size_t)size;
	if (r == -EBADMSG)
		return err_set(err, r,
		    "a batch is a zstd frame of at most %zu bytes", BATCH_MAX);
	return r < 0 ? err_sys(err, r, "a batch") : 0;
}

static int check_frames(struct batch *b, struct err *err)
{
	struct str rest = b->frames;
	struct frame f;
	size_t len;

	while (rest.n) {
		if (frame_get(rest, &f, &len) != FRAME_WHOLE ||
		    !frame_is_plain(rest.p))
			return err_set(err, -EBADMSG,
			    "byte %zu of the frames of a batch: no whole "
			    "frame that this version knows",
			    b->frames.n - rest.n);
		if (b->n == 0)
			b->first = f.seq;
		if (f.seq - b->first != b->n)
			return err_set(err, -EBADMSG,
			    "a batch from frame %llu on: frame %llu is out of "
			    "order",
			    (unsigned long long)b->first,
			    (unsigned long long)f.seq);
		b->n++;
		rest = str_from(rest, len);
	}
	return 0;
}

/* *rest: what is behind the checkpoint. */
static bool take_header(struct str *rest, struct str *ret)
{
	size_t n;

	if (rest->n < 4)
		return false;
	n = le32_get(rest->p);
	*rest = str_from(*rest, 4);
	if (n > rest->n || n > SEGMENT_HEADER_MAX)
		return false;
	*ret = str_upto(*rest, n);
	*rest = str_from(*rest, n);
	return true;
}

int batch_read(struct str body, struct batch *ret, struct err *err)
{
	bool with_header;
	size_t note;
	int r;

	*ret = (struct batch){.plain = BUF_INIT};
	r = unpack(body, &ret->plain, err);
	if (r < 0)
		return r;
	note = le32_get(ret->plain.p + MAGIC.n);
	with_header = str_starts(buf_str(&ret->plain), WITH_HEADER);
	if ((!with_header && !str_starts(buf_str(&ret->plain), MAGIC)) ||
	    note > ret->plain.n - HEAD_LEN || note > CHECKPOINT_NOTE_MAX)
		return err_set(
		    err, -EBADMSG, "a batch begins with %s", MAGIC.p);
	ret->note = str_make(ret->plain.p + HEAD_LEN, note);
	ret->frames = str_from(buf_str(&ret->plain), HEAD_LEN + note);
	if (with_header && !take_header(&ret->frames, &ret->header))
		return err_set(err, -EBADMSG,
		    "a batch that begins with %s has a header behind its "
		    "checkpoint",
		    WITH_HEADER.p);
	return check_frames(ret, err);
}

bool batch_next(struct str *rest, struct frame *ret, struct str *ret_bytes)
{
	size_t len;

	if (rest->n == 0 || frame_get(*rest, ret, &len) != FRAME_WHOLE)
		return false;
	*ret_bytes = str_upto(*rest, len);
	*rest = str_from(*rest, len);
	return true;
}

void batch_done(struct batch *b)
{
	buf_free(&b->plain);
}
