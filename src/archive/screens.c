/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/screens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "archive/recording.h"
#include "archive/screens_inside.h"
#include "base/array.h"
#include "base/crc32c.h"
#include "base/fd.h"
#include "trail/le.h"

/* Checksum, sizes, flags; times; place. */
#define HEAD_BYTES 48
#define FLAG_LAST  1u

void screens_put(struct buf *out, const struct screens_block *b)
{
	size_t at = out->n;
	char *head;

	buf_add_u32le(out, 0);
	buf_add_u32le(out, (uint32_t)b->gram.n);
	buf_add_u32le(out, (uint32_t)b->keyframes.n);
	buf_add_u32le(out, b->last ? FLAG_LAST : 0);
	buf_add_u64le(out, b->begin);
	buf_add_u64le(out, b->end);
	buf_add_u64le(out, b->next.frame);
	buf_add_u32le(out, b->next.piece);
	buf_add_u32le(out, b->next.byte);
	buf_add_str(out, b->gram);
	buf_add_str(out, b->keyframes);
	if (buf_error(out))
		return;
	head = out->p + at;
	le32_put(head, crc32c(0, head + 4, out->n - at - 4));
}

/* The block at the front of `bytes`, and how long it is; 0: it is none. */
static size_t get_block(struct str bytes, struct screens_block *ret)
{
	const char *p = bytes.p;
	uint64_t gram, keyframes;
	size_t n;

	if (bytes.n < HEAD_BYTES)
		return 0;
	gram = le32_get(p + 4);
	keyframes = le32_get(p + 8);
	if (gram + keyframes > bytes.n - HEAD_BYTES || (gram & (gram - 1)))
		return 0;
	n = HEAD_BYTES + (size_t)(gram + keyframes);
	if (le32_get(p) != crc32c(0, p + 4, n - 4))
		return 0;
	*ret = (struct screens_block){.begin = le64_get(p + 16),
	    .end = le64_get(p + 24),
	    .next = {le64_get(p + 32), le32_get(p + 40), le32_get(p + 44)},
	    .last = le32_get(p + 12) & FLAG_LAST,
	    .gram = str_make(p + HEAD_BYTES, (size_t)gram),
	    .keyframes = str_make(p + HEAD_BYTES + gram, (size_t)keyframes)};
	return n;
}

static struct screens_block *add(struct screens *s)
{
	if (array_grow(&s->v, s->n, &s->cap, sizeof *s->v) < 0)
		return NULL;
	return &s->v[s->n];
}

size_t screens_get(struct screens *s, struct str bytes)
{
	struct str rest = bytes;
	size_t n;

	while (!screens_are_whole(s)) {
		struct screens_block *b = add(s);

		n = b ? get_block(rest, b) : 0;
		if (n == 0)
			break;
		s->n++;
		rest = str_from(rest, n);
	}
	return bytes.n - rest.n;
}

void screens_name(const struct recording *r, char ret[static 24])
{
	snprintf(ret, 24, "%llu", (unsigned long long)r->number);
}

int screens_dir(struct archive *a, const struct recording *r, bool make,
    int *ret, struct err *err)
{
	struct buf chain = BUF_INIT;
	int result;

	recording_chain(r->chain, &chain);
	result = buf_error(&chain);
	if (result == 0)
		result = archive_open_screens(a, chain.p, make, ret, err);
	buf_free(&chain);
	return result;
}

/* Up to this size a file is read: to map a page of it costs as much. */
#define READ_MAX (256 << 10)

static void read_small(struct screens *s, int fd, size_t size)
{
	ssize_t n = -1;

	s->map = malloc(size);
	if (s->map)
		n = fd_read_full(fd, s->map, size);
	s->map_n = n > 0 ? (size_t)n : 0;
}

static void take_file(struct screens *s, int dirfd, const char *name)
{
	CLEANUP_FD int fd =
	    openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size <= 0)
		return;
	if (st.st_size <= READ_MAX) {
		read_small(s, fd, (size_t)st.st_size);
		return;
	}
	s->map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	s->mapped = s->map != MAP_FAILED;
	if (s->mapped)
		s->map_n = (size_t)st.st_size;
	else
		s->map = NULL;
}

int screens_open(
    struct screens *s, struct archive *a, const struct recording *r)
{
	CLEANUP_FD int dirfd = -1;
	struct err ignored;
	struct str bytes;
	char name[24];

	*s = (struct screens){.more = BUF_INIT};
	if (screens_dir(a, r, false, &dirfd, &ignored) < 0)
		return 0;
	screens_name(r, name);
	take_file(s, dirfd, name);
	bytes = str_make(s->map, s->map_n);
	if (str_skip(&bytes, STR(SCREENS_HEAD)))
		(void)screens_get(s, bytes);
	return 0;
}

void screens_close(struct screens *s)
{
	if (s->mapped)
		munmap(s->map, s->map_n);
	else
		free(s->map);
	buf_free(&s->more);
	free(s->v);
	*s = (struct screens){.more = BUF_INIT};
}

bool screens_are_whole(const struct screens *s)
{
	return s->n && s->v[s->n - 1].last;
}

/* The last keyframe of a block at or before a time; its first one if none. */
static int find_in(const struct screens_block *b, uint64_t boot,
    struct keyframe_reader *block, struct keyframe *ret)
{
	struct keyframe k;
	bool any = false;
	int r = keyframe_open(block, b->keyframes);

	while (r == 0 && (r = keyframe_next(block, &k)) > 0) {
		if (any && k.boot > boot)
			return 0;
		*ret = k;
		any = true;
		r = 0;
	}
	return r < 0 ? r : any ? 0 : -EBADMSG;
}

int screens_find(const struct screens *s, uint64_t boot,
    struct keyframe_reader *block, struct keyframe *ret)
{
	size_t i = 0;

	*block = (struct keyframe_reader){.raw = BUF_INIT};
	if (s->n == 0)
		return -ENOENT;
	while (i + 1 < s->n && s->v[i + 1].begin <= boot)
		i++;
	return find_in(&s->v[i], boot, block, ret);
}

int screens_end(const struct screens *s, struct keyframe_reader *block,
    struct keyframe *ret)
{
	*block = (struct keyframe_reader){.raw = BUF_INIT};
	return s->n ? find_in(&s->v[s->n - 1], UINT64_MAX, block, ret)
		    : -ENOENT;
}
