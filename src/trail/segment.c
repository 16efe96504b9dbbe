/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "trail/frame.h"
#include "trail/pack.h"

#define SEGMENTS_MAX ((size_t)1 << 24)
#define DIGITS	     20

void segment_name(
    uint64_t first, const char *suffix, char ret[static SEGMENT_NAME_LEN])
{
	snprintf(ret, SEGMENT_NAME_LEN, "%020llu.seg%s",
	    (unsigned long long)first, suffix);
}

static bool name_parse(
    struct str name, uint64_t *ret_first, struct segment_files *ret)
{
	static const struct {
		struct str suffix;
		struct segment_files files;
	} kinds[] = {
	    {{".seg", 4}, {.plain = true}},
	    {{".seg.zst", 8}, {.packed = true}},
	    {{".seg.new", 8}, {.fresh = true}},
	};
	struct str digits = str_upto(name, DIGITS);

	if (name.n <= DIGITS || str_find_char(digits, '+') != STR_NPOS ||
	    !str_u64(digits, ret_first) || *ret_first == 0)
		return false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (str_eq(str_from(name, DIGITS), kinds[i].suffix)) {
			*ret = kinds[i].files;
			ret->first = *ret_first;
			return true;
		}
	return false;
}

static int list_add(struct segment_list *l, const struct segment_files *f)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct segment_files *v;

		if (cap > SEGMENTS_MAX)
			return -EMFILE;
		v = realloc(l->v, cap * sizeof *v);
		if (!v)
			return -ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = *f;
	return 0;
}

static int by_first(const void *a, const void *b)
{
	const struct segment_files *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static void list_settle(struct segment_list *l)
{
	size_t to = 0;

	qsort(l->v, l->n, sizeof *l->v, by_first);
	for (size_t i = 0; i < l->n; i++) {
		if (to > 0 && l->v[to - 1].first == l->v[i].first) {
			l->v[to - 1].plain |= l->v[i].plain;
			l->v[to - 1].packed |= l->v[i].packed;
			l->v[to - 1].fresh |= l->v[i].fresh;
		} else {
			l->v[to++] = l->v[i];
		}
	}
	l->n = to;
}

int segment_list_read(int dirfd, struct segment_list *ret)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct segment_files f;
	struct dirent *e;
	uint64_t first;
	int r = 0;

	*ret = (struct segment_list){NULL, 0, 0};
	if (!dir) {
		r = -errno;
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (errno = 0, e = readdir(dir)))
		if (name_parse(str_z(e->d_name), &first, &f))
			r = list_add(ret, &f);
	if (r == 0)
		r = -errno;
	closedir(dir);
	if (r < 0)
		segment_list_free(ret);
	else if (ret->n)
		list_settle(ret);
	return r;
}

void segment_list_free(struct segment_list *l)
{
	free(l->v);
	*l = (struct segment_list){NULL, 0, 0};
}

static int file_read(int dirfd, const char *name, struct buf *b)
{
	/* O_NONBLOCK: a FIFO with this name must not hold us up. */
	CLEANUP_FD int fd =
	    openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	ssize_t n;
	char *at;

	if (fd < 0)
		return errno == ELOOP ? -EBADMSG : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size > 2 * SEGMENT_FILE_MAX)
		return -EBADMSG;
	at = buf_reserve(b, (size_t)st.st_size + 1);
	if (!at)
		return buf_error(b);
	n = fd_read_full(fd, at, (size_t)st.st_size);
	if (n < 0)
		return (int)n;
	b->n += (size_t)n;
	return 0;
}

static int unpack(const struct buf *packed, struct buf *b)
{
	struct str rest = buf_str(packed);
	size_t size;
	int r = pack_size(rest, SEGMENT_FILE_MAX, &size);

	if (r == 0 && !buf_reserve(b, size))
		r = buf_error(b);
	if (r == 0)
		while ((r = pack_next(&rest, b)) > 0)
			;
	return r;
}

static int explain(int r, const char *name, struct err *err)
{
	if (r == -EBADMSG)
		return err_set(err, r, "%s: not a segment, or damaged", name);
	return r < 0 ? err_sys(err, r, "cannot read %s", name) : 0;
}

static bool is_packed(const char *name)
{
	return str_ends(str_z(name), STR(".zst"));
}

int segment_read(int dirfd, const char *name, struct buf *b, struct err *err)
{
	struct buf packed = BUF_INIT;
	int r;

	buf_clear(b);
	if (!is_packed(name)) {
		r = file_read(dirfd, name, b);
		if (r == 0 && b->n > SEGMENT_FILE_MAX)
			r = -EBADMSG;
	} else {
		r = file_read(dirfd, name, &packed);
		if (r == 0)
			r = unpack(&packed, b);
		buf_free(&packed);
	}
	return explain(r, name, err);
}

static int part_read(
    struct segment_part *p, int dirfd, const char *name, struct err *err)
{
	size_t size;
	int r = file_read(dirfd, name, &p->packed);

	if (r == 0)
		r = pack_size(buf_str(&p->packed), SEGMENT_FILE_MAX, &size);
	if (r == 0)
		p->rest = buf_str(&p->packed);
	return explain(r, name, err);
}

int segment_part_seek(
    struct segment_part *p, uint64_t from, struct buf *b, uint64_t *ret_first)
{
	int r;

	buf_clear(b);
	p->rest = pack_seek(buf_str(&p->packed), from, ret_first);
	r = segment_part_more(p, b);
	if (r <= 0 || *ret_first == 0)
		return r < 0 ? r : 0;
	/* Nothing vouches for what is said of it. */
	if (b->n < FRAME_HEADER_LEN || frame_seq(b->p) != *ret_first)
		return segment_part_seek(p, 0, b, ret_first);
	return 0;
}

bool segment_part_is_ahead(const struct segment_part *p, uint64_t from)
{
	uint64_t first;
	struct str at = pack_seek(buf_str(&p->packed), from, &first);

	return first && at.n <= p->rest.n;
}

int segment_part_more(struct segment_part *p, struct buf *b)
{
	int r = pack_next(&p->rest, b);

	if (r < 0)
		p->rest = STR_NONE;
	return r;
}

static void part_clear(struct segment_part *p)
{
	buf_clear(&p->packed);
	p->rest = STR_NONE;
}

void segment_part_free(struct segment_part *p)
{
	buf_free(&p->packed);
	p->rest = STR_NONE;
}

static int load(struct segment_part *p, int dirfd, uint64_t first,
    struct buf *b, char name[static SEGMENT_NAME_LEN], struct err *err)
{
	static const char *const suffixes[] = {"", ".zst"};
	int r = -ENOENT;

	for (size_t i = 0; i < 2 && r == -ENOENT; i++) {
		segment_name(first, suffixes[i], name);
		r = p && is_packed(name) ? part_read(p, dirfd, name, err)
					 : segment_read(dirfd, name, b, err);
	}
	return r;
}

int segment_load(int dirfd, uint64_t first, struct buf *b,
    char name[static SEGMENT_NAME_LEN], struct err *err)
{
	return load(NULL, dirfd, first, b, name, err);
}

int segment_load_part(struct segment_part *p, int dirfd, uint64_t first,
    struct buf *b, char name[static SEGMENT_NAME_LEN], struct err *err)
{
	part_clear(p);
	buf_clear(b);
	return load(p, dirfd, first, b, name, err);
}
