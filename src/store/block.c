/* SPDX-License-Identifier: Apache-2.0 */
#include "store/block.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/compress.h"
#include "base/crc32c.h"
#include "base/fd.h"
#include "store/block_inside.h"

#define HEAD_MAX (BLOCK_HEAD + COL_N * BLOCK_ENTRY + 4)

int block_damaged(const struct block *b, struct err *err)
{
	return err_set(err, -EBADMSG,
	    "index block %s is damaged; run: sshtrail reindex", b->name);
}

int block_read_at(
    struct block *b, uint64_t at, void *p, size_t n, struct err *err)
{
	ssize_t r;

	if (at > b->size || n > b->size - at)
		return block_damaged(b, err);
	if (b->fd < 0) {
		memcpy(p, b->image.p + at, n);
		return 0;
	}
	r = fd_pread_full(b->fd, p, n, (off_t)at);
	if (r < 0)
		return err_sys(
		    err, (int)r, "cannot read index block %s", b->name);
	return (size_t)r == n ? 0 : block_damaged(b, err);
}

static bool place_ok(const struct block *b, uint32_t id, const struct place *p)
{
	return id < COL_N && !b->has[id] && p->at <= b->size &&
	       p->size <= b->size - p->at && p->raw <= COLUMN_RAW_MAX &&
	       p->values <= BLOCK_ROWS_MAX;
}

static int read_head(struct block *b, struct err *err)
{
	unsigned char h[HEAD_MAX];
	size_t n = b->size < sizeof h ? (size_t)b->size : sizeof h;
	uint32_t columns;
	size_t len;
	int r = block_read_at(b, 0, h, n, err);

	if (r < 0)
		return r;
	if (n < BLOCK_HEAD + 4 || memcmp(h, BLOCK_MAGIC, 8) != 0)
		return block_damaged(b, err);
	b->rows = get_u32(h + 8);
	columns = get_u32(h + 12);
	b->min_time = (int64_t)get_u64(h + 16);
	b->max_time = (int64_t)get_u64(h + 24);
	if (columns > COL_N || b->rows == 0 || b->rows > BLOCK_ROWS_MAX)
		return block_damaged(b, err);
	len = BLOCK_HEAD + columns * BLOCK_ENTRY;
	if (n < len + 4 || crc32c(0, h, len) != get_u32(h + len))
		return block_damaged(b, err);
	for (uint32_t i = 0; i < columns; i++) {
		const unsigned char *e = h + BLOCK_HEAD + i * BLOCK_ENTRY;
		struct place p = {get_u64(e + 16), get_u32(e + 4),
		    get_u32(e + 8), get_u32(e + 12), get_u32(e + 24)};
		uint32_t id = get_u32(e);

		if (!place_ok(b, id, &p))
			return block_damaged(b, err);
		b->places[id] = p;
		b->has[id] = true;
	}
	return 0;
}

static int open_block(struct block **ret, struct block *b, struct err *err)
{
	int r = read_head(b, err);

	if (r < 0) {
		block_close(b);
		return r;
	}
	*ret = b;
	return 0;
}

int block_open_file(
    struct block **ret, int dirfd, const char *name, struct err *err)
{
	struct block *b = calloc(1, sizeof *b);
	off_t size;
	int r;

	if (!b)
		return -ENOMEM;
	snprintf(b->name, sizeof b->name, "%s", name);
	b->fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (b->fd < 0) {
		r = -errno;
		r = r == -ENOENT
			? err_set(err, -EBADMSG,
			      "index block %s is missing; run: sshtrail "
			      "reindex",
			      name)
			: err_sys(err, r, "cannot open index block %s", name);
		free(b);
		return r;
	}
	size = lseek(b->fd, 0, SEEK_END);
	b->size = size < 0 ? 0 : (uint64_t)size;
	return open_block(ret, b, err);
}

int block_open_bytes(struct block **ret, struct str image, struct err *err)
{
	struct block *b = calloc(1, sizeof *b);

	if (!b)
		return -ENOMEM;
	memcpy(b->name, "(small)", 7);
	b->fd = -1;
	b->image = image;
	b->size = image.n;
	return open_block(ret, b, err);
}

int block_open_copy(struct block **ret, struct str image, struct err *err)
{
	struct block *b = calloc(1, sizeof *b);

	if (!b)
		return -ENOMEM;
	memcpy(b->name, "(small)", 7);
	b->fd = -1;
	b->image = arena_dup(&b->mem, image);
	b->size = b->image.n;
	if (!b->image.p) {
		free(b);
		return -ENOMEM;
	}
	return open_block(ret, b, err);
}

void block_close(struct block *b)
{
	if (!b)
		return;
	fd_close(&b->fd);
	arena_free(&b->mem);
	free(b);
}

uint32_t block_rows(const struct block *b)
{
	return b->rows;
}

void block_times(const struct block *b, int64_t *min, int64_t *max)
{
	*min = b->min_time;
	*max = b->max_time;
}

size_t block_memory(const struct block *b)
{
	return b->mem.used;
}

bool block_has(const struct block *b, unsigned column)
{
	return b->has[column];
}

int block_load(
    struct block *b, unsigned column, struct str *ret, struct err *err)
{
	const struct place *p = &b->places[column];
	uint64_t size;
	char *packed, *raw;
	int r;

	if (!b->has[column])
		return block_damaged(b, err);
	packed = malloc(p->size + 1);
	if (!packed)
		return -ENOMEM;
	r = block_read_at(b, p->at, packed, p->size, err);
	if (r < 0)
		goto out;
	r = block_damaged(b, err);
	if (crc32c(0, packed, p->size) != p->crc ||
	    decompressed_size(packed, p->size, &size) < 0 || size != p->raw)
		goto out;
	raw = arena_alloc(&b->mem, p->raw + 1);
	if (!raw) {
		r = -ENOMEM;
		goto out;
	}
	if (decompress(packed, p->size, raw, p->raw) < 0)
		goto out;
	*ret = str_make(raw, p->raw);
	r = 0;
out:
	free(packed);
	return r;
}
