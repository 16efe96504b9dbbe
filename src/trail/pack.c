/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/pack.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/compress.h"
#include "base/fd.h"
#include "trail/frame.h"
#include "trail/header.h"
#include "trail/le.h"

/*
 * A part ends with the frame that reaches this. Who looks for one frame unpacks
 * half a part for nothing: in recordings it is jumped and searched. Small parts
 * of what repeats itself as events do make the file larger: these by 10 %,
 * where large ones take 2 %, and recordings in small ones 0.5 %.
 */
#define PART_RECORDING ((size_t)256 << 10)
#define PART_MAX       ((size_t)1 << 20)

/* A skippable frame (RFC 8878, 3.1.2): magic number, length, content. */
#define MARK_MAGIC   0x184d2a53u
#define MARK_CONTENT ((size_t)8)
#define MARK_LEN     (8 + MARK_CONTENT)

static void add_mark(struct buf *out, uint64_t first)
{
	buf_add_u32le(out, MARK_MAGIC);
	buf_add_u32le(out, MARK_CONTENT);
	buf_add_u64le(out, first);
}

/* What a mark at the front says; 0: it is none. */
static uint64_t mark_get(struct str packed)
{
	if (packed.n < MARK_LEN || le32_get(packed.p) != MARK_MAGIC ||
	    le32_get(packed.p + 4) != MARK_CONTENT)
		return 0;
	return le64_get(packed.p + 8);
}

/* --- writing --- */

/* Segments are packed from their beginning on, part by part. */
struct packer {
	struct buf *out;
	int level;
	bool begun; /* the header is in a part already */
};

/* So many bytes, or all there are, show where a part ends. */
#define PART_LOOK (SEGMENT_HEADER_MAX + PART_MAX + 4)

static size_t part_size(struct str frames)
{
	return frames.n >= FRAME_HEADER_LEN &&
		       frame_type(frames.p) == FRAME_RECORDING
		   ? PART_RECORDING
		   : PART_MAX;
}

/*
 * Where the part at the front of `bytes` ends: it may be behind them. What is
 * no frame is cut anywhere: of a part that begins there the mark is wrong, and
 * whoever goes by it sees that.
 */
static size_t part_end(const struct packer *p, struct str bytes)
{
	size_t at = 0;

	if (!p->begun && bytes.n >= 12)
		at = le32_get(bytes.p + 8);
	if (at > SEGMENT_HEADER_MAX)
		return bytes.n;
	for (size_t end = at + part_size(str_from(bytes, at));
	     at < end && at < bytes.n;) {
		size_t len =
		    bytes.n - at >= 4 ? frame_len(bytes.p + at) : bytes.n - at;

		if (len < FRAME_HEADER_LEN || len > FRAME_LEN_MAX)
			return bytes.n;
		at += len;
	}
	return at;
}

static int put_part(struct packer *p, struct str part)
{
	if (p->begun && part.n >= FRAME_HEADER_LEN)
		add_mark(p->out, frame_seq(part.p));
	p->begun = true;
	return compress_append(p->out, part.p, part.n, p->level);
}

int pack_append(struct buf *out, struct str plain, int level)
{
	struct packer p = {out, level, false};
	int r = 0;

	do {
		size_t n = part_end(&p, str_upto(plain, PART_LOOK));

		r = put_part(&p, str_upto(plain, n));
		plain = str_from(plain, n);
	} while (r == 0 && plain.n);
	return r;
}

/* More of the file, until `until` bytes are in b, or all that there are. */
static int fill(struct buf *b, size_t until, int fd, off_t *at)
{
	size_t room = until > b->n ? until - b->n : 0;
	char *p = buf_reserve(b, room);
	ssize_t n;

	if (!p)
		return buf_error(b);
	n = room ? fd_pread_full(fd, p, room, *at) : 0;
	if (n < 0)
		return (int)n;
	b->n += (size_t)n;
	*at += n;
	return 0;
}

struct filing {
	int in, out;
	off_t at;
	struct buf plain, packed;
};

static int file_part(struct filing *f, struct packer *p)
{
	int r = fill(&f->plain, PART_LOOK, f->in, &f->at);
	size_t n = part_end(p, buf_str(&f->plain));

	if (r == 0 && f->plain.n == 0 && p->begun)
		r = -ESTALE; /* it was cut off meanwhile */
	if (r == 0)
		r = fill(&f->plain, n, f->in, &f->at);
	if (n > f->plain.n)
		n = f->plain.n;
	buf_clear(&f->packed);
	if (r == 0)
		r = put_part(p, str_make(f->plain.p, n));
	if (r == 0)
		r = fd_write_all(f->out, f->packed.p, f->packed.n);
	buf_consume(&f->plain, n);
	return r;
}

int pack_file(int out, int in, int level)
{
	struct filing f = {in, out, 0, BUF_INIT, BUF_INIT};
	struct packer p = {&f.packed, level, false};
	struct stat st;
	int r = fstat(in, &st) < 0 ? -errno : 0;

	do {
		if (r == 0)
			r = file_part(&f, &p);
	} while (r == 0 && (f.plain.n || f.at < st.st_size));
	if (r == 0 && f.at != st.st_size)
		r = -ESTALE;
	buf_free(&f.plain);
	buf_free(&f.packed);
	return r;
}

/* --- reading --- */

int pack_size(struct str packed, size_t max, size_t *ret_size)
{
	*ret_size = 0;
	if (packed.n == 0)
		return -EBADMSG;
	while (packed.n) {
		uint64_t size;
		size_t n;

		if (compressed_front(packed.p, packed.n, &n, &size) < 0 ||
		    size > max - *ret_size)
			return -EBADMSG;
		*ret_size += (size_t)size;
		packed = str_from(packed, n);
	}
	return 0;
}

struct str pack_seek(struct str packed, uint64_t from, uint64_t *ret_first)
{
	struct str at = packed;
	uint64_t size;
	size_t n;

	*ret_first = 0;
	while (
	    packed.n && compressed_front(packed.p, packed.n, &n, &size) == 0) {
		uint64_t first = mark_get(packed);

		if (first && first <= from) {
			*ret_first = first;
			at = packed;
		}
		packed = str_from(packed, n);
	}
	return at;
}

int pack_next(struct str *rest, struct buf *b)
{
	while (rest->n) {
		struct str part = *rest;
		uint64_t size;
		char *at;
		int r = compressed_front(part.p, part.n, &part.n, &size);

		if (r < 0)
			return r;
		*rest = str_from(*rest, part.n);
		if (size == 0)
			continue;
		at = buf_reserve(b, (size_t)size);
		if (!at)
			return buf_error(b);
		r = decompress(part.p, part.n, at, (size_t)size);
		if (r < 0)
			return r;
		b->n += (size_t)size;
		return 1;
	}
	return 0;
}
