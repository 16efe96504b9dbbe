/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "trail/frame.h"
#include "trail/header.h"
#include "trail/segment.h"
#include "trail/trail.h"

struct trail_reader {
	struct frame_source source; /* next NULL: the directory */
	bool sought;		    /* of it: `from` is not where it is */
	int dirfd;
	uint64_t from;	  /* frames before it are passed over */
	uint64_t next;	  /* number of the next frame */
	uint64_t segment; /* first number of the loaded one; 0: none */
	bool behind;	  /* done with it: damaged, or another follows */
	struct buf bytes;
	struct segment_part part; /* what is packed of them still */
	uint64_t base;		  /* the first frame in them */
	size_t at;		  /* of the next frame in them */
	/* Of those that were read already, from `base` on. */
	uint32_t *places;
	size_t n_places, places_cap;
	char name[SEGMENT_NAME_LEN];
};

int trail_reader_open(
    struct trail_reader **ret, int dirfd, uint64_t from, struct err *err)
{
	struct trail_reader *r = calloc(1, sizeof *r);

	if (!r)
		return err_sys(err, -ENOMEM, "cannot read the trail");
	r->from = from ? from : 1;
	r->dirfd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dirfd < 0) {
		int e = -errno;

		free(r);
		return err_sys(err, e, "cannot open the trail");
	}
	*ret = r;
	return 0;
}

int trail_reader_open_source(struct trail_reader **ret,
    const struct frame_source *source, uint64_t from, struct err *err)
{
	struct trail_reader *r = calloc(1, sizeof *r);

	if (!r) {
		source->close(source->ctx);
		return err_sys(err, -ENOMEM, "cannot read the trail");
	}
	r->source = *source;
	r->sought = true;
	r->from = from ? from : 1;
	r->dirfd = -1;
	*ret = r;
	return 0;
}

void trail_reader_close(struct trail_reader *r)
{
	if (!r)
		return;
	if (r->source.next)
		r->source.close(r->source.ctx);
	fd_close(&r->dirfd);
	buf_free(&r->bytes);
	segment_part_free(&r->part);
	free(r->places);
	free(r);
}

/*
 * The segment to read after the current one: at the start the one that holds
 * `from`, later the next by number. 0 when there is none yet.
 */
static int find_next(const struct trail_reader *r, uint64_t *ret)
{
	struct segment_list list;
	int e = segment_list_read(r->dirfd, &list);

	*ret = 0;
	if (e < 0)
		return e;
	for (size_t i = 0; i < list.n; i++) {
		const struct segment_files *f = &list.v[i];

		if (!f->plain && !f->packed)
			continue;
		if (r->segment == 0 && (*ret == 0 || f->first <= r->from))
			*ret = f->first;
		if (r->segment != 0 && *ret == 0 && f->first > r->segment)
			*ret = f->first;
	}
	segment_list_free(&list);
	return 0;
}

/* To a frame that was read and found good, or the last of these. */
static void go_back(struct trail_reader *r)
{
	uint64_t i = r->from > r->base ? r->from - r->base : 0;

	if (r->n_places == 0)
		return;
	if (i >= r->n_places)
		i = r->n_places - 1;
	r->at = r->places[i];
	r->next = r->base + i;
}

/* Where the frame stands that comes next. */
static int remember(struct trail_reader *r)
{
	size_t cap = r->places_cap ? 2 * r->places_cap : 64;
	void *more;

	if (r->next != r->base + r->n_places)
		return 0;
	if (r->n_places == r->places_cap) {
		more = reallocarray(r->places, cap, sizeof *r->places);
		if (!more)
			return -ENOMEM;
		r->places = more;
		r->places_cap = cap;
	}
	r->places[r->n_places++] = (uint32_t)r->at;
	return 0;
}

static void begin_at(struct trail_reader *r, uint64_t first, size_t at)
{
	r->base = r->next = first;
	r->at = at;
	r->n_places = 0;
}

/* Its frames come behind the header. */
static int take_header(struct trail_reader *r, struct err *err)
{
	struct segment_header h;
	int e;

	while ((e = segment_header_get(buf_str(&r->bytes), &h, err)) < 0)
		if (segment_part_more(&r->part, &r->bytes) <= 0)
			return err_context(err, e, "segment %s", r->name);
	if (h.first_seq != r->segment)
		return err_set(err, -EBADMSG,
		    "segment %s holds frames of another place", r->name);
	begin_at(r, h.first_seq, h.len);
	return 0;
}

/* Within a packed segment, to the part that the wanted frame is in. */
static int jump(struct trail_reader *r, struct err *err)
{
	uint64_t first;
	int e = segment_part_seek(&r->part, r->from, &r->bytes, &first);

	if (e < 0)
		return err_set(
		    err, e, "%s: not a segment, or damaged", r->name);
	if (first == 0)
		return take_header(r, err);
	begin_at(r, first, 0);
	return 0;
}

void trail_reader_seek(struct trail_reader *r, uint64_t from)
{
	uint64_t loaded = r->segment, first;

	r->from = from ? from : 1;
	r->sought = true;
	r->segment = 0;
	if (loaded == 0 || r->behind || find_next(r, &first) < 0 ||
	    first != loaded)
		return;
	r->segment = loaded;
	if ((r->from >= r->base || r->base == loaded) &&
	    !segment_part_is_ahead(&r->part, r->from))
		go_back(r);
	else if (jump(r, NULL) < 0)
		r->segment = 0; /* damage: it is told by who enters it anew */
}

static int load(struct trail_reader *r, struct err *err)
{
	int e = segment_load_part(
	    &r->part, r->dirfd, r->segment, &r->bytes, r->name, err);

	if (e < 0)
		return e;
	return r->bytes.n ? take_header(r, err) : jump(r, err);
}

static int enter(struct trail_reader *r, uint64_t first, struct err *err)
{
	bool gap = r->segment != 0 && !r->behind && first != r->next;
	uint64_t missing = r->next;
	int e;

	r->segment = first;
	r->behind = true;
	e = load(r, err);
	if (e < 0)
		return e;
	r->behind = false;
	return gap ? err_set(err, -EBADMSG, "frames %llu to %llu are missing",
			 (unsigned long long)missing,
			 (unsigned long long)first - 1)
		   : 0;
}

/* What the writer added to the current segment since it was loaded. */
static int grow(struct trail_reader *r)
{
	CLEANUP_FD int fd = -1;
	struct stat st;
	size_t room;
	ssize_t n;
	char *at;

	if (str_ends(str_z(r->name), STR(".zst")))
		return 0;
	fd = openat(r->dirfd, r->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? segment_load(r->dirfd, r->segment,
					     &r->bytes, r->name, NULL)
				       : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= (off_t)r->bytes.n)
		return 0;
	if ((size_t)st.st_size > SEGMENT_FILE_MAX)
		return -EBADMSG;
	room = (size_t)st.st_size - r->bytes.n;
	at = buf_reserve(&r->bytes, room);
	if (!at)
		return buf_error(&r->bytes);
	n = fd_pread_full(fd, at, room, (off_t)r->bytes.n);
	if (n < 0)
		return (int)n;
	r->bytes.n += (size_t)n;
	return 0;
}

/* More of a segment that is packed: 1 when there is some. */
static int unpack_more(struct trail_reader *r, struct err *err)
{
	int e = segment_part_more(&r->part, &r->bytes);

	if (e < 0) {
		r->behind = true;
		err_set(err, e, "segment %s: damaged behind frame %llu",
		    r->name, (unsigned long long)r->next - 1);
	}
	return e;
}

/* 1: a frame; 0: the bytes end; -EBADMSG. */
static int take(struct trail_reader *r, struct frame *ret, struct err *err)
{
	enum frame_state state = FRAME_CUT;
	size_t len;

	if (r->at < r->bytes.n)
		state =
		    frame_get(str_from(buf_str(&r->bytes), r->at), ret, &len);
	if (state == FRAME_CUT)
		return 0;
	if (state == FRAME_DAMAGED || ret->seq != r->next) {
		r->behind = true;
		return err_set(err, -EBADMSG,
		    "segment %s: frame %llu is damaged", r->name,
		    (unsigned long long)r->next);
	}
	if (remember(r) < 0)
		return err_sys(err, -ENOMEM, "cannot read %s", r->name);
	r->at += len;
	r->next++;
	return 1;
}

static int cut_short(struct trail_reader *r, struct err *err)
{
	return err_set(err, -EBADMSG, "segment %s: frame %llu is cut short",
	    r->name, (unsigned long long)r->next);
}

/* At the end of what was loaded: look for more. 1 when there may be some. */
static int advance(struct trail_reader *r, struct err *err)
{
	size_t had = r->bytes.n;
	uint64_t next;
	int e = find_next(r, &next);

	if (e < 0)
		return err_sys(err, e, "cannot list the segments");
	/* Only then: frames may have come before the next segment did. */
	if (r->segment != 0 && !r->behind) {
		e = grow(r);
		if (e < 0)
			return err_sys(err, e, "cannot read %s", r->name);
		if (r->bytes.n > had)
			return 1;
	}
	if (next == 0)
		return 0;
	if (r->segment != 0 && !r->behind && r->at < r->bytes.n) {
		r->behind = true;
		return cut_short(r, err);
	}
	e = enter(r, next, err);
	return e < 0 ? e : 1;
}

static int next_of_source(
    struct trail_reader *r, struct frame *ret, struct err *err)
{
	int e = r->source.next(r->source.ctx, r->from, r->sought, ret, err);

	r->sought = false;
	if (e > 0)
		r->from = ret->seq + 1;
	return e;
}

int trail_reader_next(
    struct trail_reader *r, struct frame *ret, struct err *err)
{
	if (r->source.next)
		return next_of_source(r, ret, err);
	for (;;) {
		int e = 0;

		if (r->segment != 0 && !r->behind)
			e = take(r, ret, err);
		if (e < 0 || (e > 0 && ret->seq >= r->from))
			return e;
		if (e > 0)
			continue;
		if (r->segment != 0 && !r->behind)
			e = unpack_more(r, err);
		if (e == 0)
			e = advance(r, err);
		if (e <= 0)
			return e;
	}
}
