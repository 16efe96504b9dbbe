/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of screens are made of a recording. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/piece_reader.h"
#include "archive/screens.h"
#include "archive/screens_inside.h"
#include "base/fd.h"
#include "record/indexer.h"
#include "store/gram.h"

/* A block is what is gone through again where its filter lets a text pass. */
#define BLOCK_BYTES	((uint64_t)512 << 10)
#define BLOCK_KEYFRAMES 64
#define BLOCK_GRAM	16 /* of 1 << this many bits at most */
#define BLOCK_SPARSE	4

struct builder {
	struct indexer *ix;
	struct buf *out;
	struct keyframe_block keyframes;
	struct gram *gram;
	struct buf gram_bytes, keyframe_bytes;
	struct screens_block block;
	struct keyframe_reader from; /* the keyframe that it went on from */
	struct place first;
	uint64_t bytes; /* of output in the block */
	uint64_t done;	/* of output */
	size_t sealed;	/* blocks */
	int error;
};

static void seal(struct builder *b)
{
	int r;

	buf_clear(&b->gram_bytes);
	buf_clear(&b->keyframe_bytes);
	gram_write(b->gram, BLOCK_GRAM, BLOCK_SPARSE, &b->gram_bytes);
	memset(b->gram, 0, sizeof *b->gram);
	r = keyframe_seal(&b->keyframes, &b->keyframe_bytes);
	b->block.gram = buf_str(&b->gram_bytes);
	b->block.keyframes = buf_str(&b->keyframe_bytes);
	screens_put(b->out, &b->block);
	if (r == 0)
		r = buf_error(&b->keyframe_bytes);
	if (r == 0)
		r = buf_error(&b->gram_bytes);
	if (r == 0)
		r = buf_error(b->out);
	if (r < 0)
		b->error = r;
	b->bytes = 0;
	b->sealed++;
}

static void begin_block(struct builder *b, const struct keyframe *k)
{
	b->block = (struct screens_block){.begin = k->boot, .end = k->boot};
	keyframe_add(&b->keyframes, k);
}

static void on_keyframe(void *user, const struct keyframe *k)
{
	struct builder *b = user;

	if (b->keyframes.n == 0) {
		begin_block(b, k);
		return;
	}
	keyframe_add(&b->keyframes, k);
	if (b->bytes < BLOCK_BYTES && b->keyframes.n <= BLOCK_KEYFRAMES)
		return;
	b->block.end = k->boot;
	b->block.next = k->next;
	seal(b);
	begin_block(b, k);
}

static void on_line(void *user, const struct line *l)
{
	struct builder *b = user;

	gram_add(b->gram, l->text);
}

static void builder_close(struct builder *b)
{
	indexer_free(b->ix);
	keyframe_block_free(&b->keyframes);
	keyframe_close(&b->from);
	free(b->gram);
	buf_free(&b->gram_bytes);
	buf_free(&b->keyframe_bytes);
}

/* Where the blocks that are there end, or at the beginning. */
static int builder_open(
    struct builder *b, const struct screens *s, struct buf *out)
{
	const struct indexer_ops ops = {on_keyframe, on_line, b, 0};
	struct keyframe k;
	int r;

	*b = (struct builder){.out = out};
	r = screens_end(s, &b->from, &k);
	if (r < 0 && r != -ENOENT)
		return r;
	b->gram = calloc(1, sizeof *b->gram);
	b->ix = r == 0 ? indexer_resume(&ops, &k) : indexer_new(&ops);
	if (!b->gram || !b->ix)
		return -ENOMEM;
	if (r < 0)
		return 0;
	b->first = k.next;
	begin_block(b, &k);
	return indexer_error(b->ix);
}

static void take(struct builder *b, const struct piece *p)
{
	if (piece_is_shown(p)) {
		b->bytes += p->bytes.n;
		b->done += p->bytes.n;
	}
	b->block.end = p->boot;
	indexer_piece(b->ix, p);
}

/* 1: the budget is used up. */
static int build(struct builder *b, struct piece_reader *pieces,
    uint64_t budget, struct err *err)
{
	uint64_t frame = b->first.frame;
	struct place place;
	struct piece p;
	int r;

	while ((r = piece_reader_next(pieces, &p, &place, err)) > 0) {
		if (place.frame != frame)
			indexer_frame(b->ix, place.frame);
		frame = place.frame;
		take(b, &p);
		if (b->error)
			return err_sys(err, b->error, "screens");
		if (budget && b->done >= budget && b->sealed)
			return 1;
	}
	return r;
}

static int finish(struct builder *b, bool end, struct err *err)
{
	int r = indexer_error(b->ix);

	if (r == 0 && end && b->keyframes.n) {
		indexer_end(b->ix);
		b->block.last = true;
		seal(b);
		r = b->error;
	}
	return r < 0 ? err_sys(err, r, "screens") : 0;
}

/* What is to be made, from what, and where it is appended. */
struct making {
	uint64_t budget;
	bool now; /* the end is where the chain has no more of it by now */
	struct piece_reader *pieces;
	struct buf *out;
};

/* Blocks behind those of `s`. */
static int make_blocks(const struct screens *s, struct archive *a,
    const struct recording *rec, const struct making *m, struct err *err)
{
	struct builder b;
	int more = 0, r = builder_open(&b, s, m->out);

	if (r < 0)
		err_sys(err, r, "screens");
	if (r == 0)
		r = piece_reader_open(m->pieces, a, rec, b.first, err);
	if (r == 0)
		r = more = build(&b, m->pieces, m->budget, err);
	if (r == 0)
		r = finish(&b, m->now || m->pieces->frames.ended, err);
	builder_close(&b);
	return r < 0 ? r : more;
}

static bool is_in_file(const struct screens *s, const struct screens_block *b)
{
	const char *map = s->map;

	return map && b->keyframes.p > map && b->keyframes.p < map + s->map_n;
}

int screens_complete_part(struct screens *s, struct archive *a,
    const struct recording *r, uint64_t budget, struct err *err)
{
	struct piece_reader pieces = {0};
	const struct making m = {budget, true, &pieces, &s->more};
	int result;

	if (screens_are_whole(s))
		return 0;
	result = make_blocks(s, a, r, &m, err);
	piece_reader_close(&pieces);
	/* The memory of those made before may have moved. */
	while (s->n && !is_in_file(s, &s->v[s->n - 1]))
		s->n--;
	(void)screens_get(s, buf_str(&s->more));
	return result;
}

int screens_complete(struct screens *s, struct archive *a,
    const struct recording *r, struct err *err)
{
	return screens_complete_part(s, a, r, 0, err);
}

/* Nothing is lost with it: it need not be on the disk before all else. */
static int append_file(
    int dirfd, const char *name, const void *p, size_t n, bool make)
{
	CLEANUP_FD int fd = openat(dirfd, name,
	    O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0),
	    0600);

	return fd < 0 ? -errno : fd_write_all(fd, p, n);
}

/* The file with these blocks behind those that are good. */
static int write_file(const struct screens *s, int dirfd, const char *name,
    const struct buf *blocks)
{
	struct buf all = BUF_INIT;
	const struct screens_block *last = s->n ? &s->v[s->n - 1] : NULL;
	size_t good = last ? (size_t)(last->keyframes.p + last->keyframes.n -
				      (const char *)s->map)
			   : 0;
	int r;

	if (good && good == s->map_n)
		return append_file(dirfd, name, blocks->p, blocks->n, false);
	if (good)
		buf_add(&all, s->map, good);
	else
		buf_add_z(&all, SCREENS_HEAD);
	buf_add_str(&all, buf_str(blocks));
	r = buf_error(&all);
	if (r == 0)
		r = s->map_n ? fd_replace_file(dirfd, name, 0600, all.p, all.n)
			     : append_file(dirfd, name, all.p, all.n, true);
	buf_free(&all);
	return r;
}

int screens_extend(struct archive *a, const struct recording *r,
    uint64_t budget, struct piece_reader *pieces, struct err *err)
{
	CLEANUP_FD int dirfd = -1;
	struct buf blocks = BUF_INIT;
	const struct making m = {budget, false, pieces, &blocks};
	struct screens s;
	char name[24];
	int more = 0, result = screens_open(&s, a, r);

	if (result == 0 && !screens_are_whole(&s))
		result = more = make_blocks(&s, a, r, &m, err);
	if (result >= 0 && blocks.n) {
		result = screens_dir(a, r, true, &dirfd, err);
		screens_name(r, name);
		if (result == 0) {
			result = write_file(&s, dirfd, name, &blocks);
			if (result < 0)
				err_sys(err, result, "screens/%s", name);
		}
	}
	screens_close(&s);
	buf_free(&blocks);
	return result < 0 ? result : more;
}
