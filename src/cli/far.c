/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/far.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/array.h"
#include "base/fd.h"
#include "trail/frame.h"

/* Fetched recordings that nobody reads at the moment. */
#define KEPT_MAX 2

struct place {
	uint64_t seq;
	int64_t at; /* in the file */
	uint32_t n;
};

/* A recording, or as much of it as there was. */
struct fetched {
	char chain[TRAIL_ORIGIN_MAX + 1]; /* that of its frames */
	uint64_t number;
	int fd;
	struct place *v; /* of its frames, in their order */
	size_t n, cap;
	unsigned readers;
	struct fetched *next; /* used less lately */
	/* While it comes: */
	struct buf rest; /* of the frame that is not whole yet */
	int64_t size;
	struct err *err;
};

struct far {
	struct store *store;
	struct fetched *all; /* the one used last first */
};

struct far_reader {
	struct far *far;
	char chain[TRAIL_ORIGIN_MAX + 1];
	struct fetched *of; /* NULL: none yet */
	size_t at;	    /* of the next frame in it */
	struct buf bytes;   /* of the frame given last */
};

static void fetched_free(struct fetched *f)
{
	fd_close(&f->fd);
	buf_free(&f->rest);
	free(f->v);
	free(f);
}

/* --- what comes --- */

static int add_frame(struct fetched *f, const struct frame *frame, size_t n)
{
	if (frame->type != FRAME_RECORDING ||
	    (f->n && frame->seq <= f->v[f->n - 1].seq))
		return -EBADMSG;
	if (array_grow(&f->v, f->n, &f->cap, sizeof *f->v) < 0)
		return -ENOMEM;
	f->v[f->n++] = (struct place){frame->seq, f->size, (uint32_t)n};
	f->size += (int64_t)n;
	return 0;
}

/* Whole frames go to the file; what is left waits for more. */
static int add_bytes(void *ctx, struct str bytes)
{
	struct fetched *f = ctx;
	size_t used = 0, n;
	struct frame frame;
	int r;

	buf_add_str(&f->rest, bytes);
	r = buf_error(&f->rest);
	while (r == 0 && used < f->rest.n) {
		enum frame_state state =
		    frame_get(str_from(buf_str(&f->rest), used), &frame, &n);

		if (state == FRAME_CUT)
			break;
		r = state == FRAME_WHOLE ? add_frame(f, &frame, n) : -EBADMSG;
		used += r == 0 ? n : 0;
	}
	if (r == 0)
		r = fd_write_all(f->fd, f->rest.p, used);
	if (r == 0)
		buf_consume(&f->rest, used);
	if (r == -EBADMSG)
		return err_set(f->err, -EIO,
		    "the hub sent what are no frames of a recording");
	return r < 0 ? err_sys(f->err, r,
			   "a recording of the hub, in a "
			   "temporary file")
		     : 0;
}

static int begin_file(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return 0;
}

static int open_nameless(struct err *err)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	if (!dir || !*dir)
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(err, -errno,
			    "cannot make a temporary file in %s; TMPDIR names "
			    "another directory",
			    dir)
		      : fd;
}

static int fetch(struct far *far, const char *chain, uint64_t number,
    struct fetched **ret, struct err *err)
{
	struct fetched *f = calloc(1, sizeof *f);
	struct file_sink to = {begin_file, add_bytes, f};
	struct str of = str_z(chain);
	struct err why = {""};
	int r;

	if (!f)
		return err_sys(err, -ENOMEM, "recording");
	f->err = &why;
	f->number = number;
	snprintf(f->chain, sizeof f->chain, "%s", chain);
	f->rest.max = 2 * FRAME_LEN_MAX + ((size_t)1 << 20);
	f->fd = open_nameless(err);
	r = f->fd < 0 ? f->fd : 0;
	str_skip(&of, STR(ARCHIVE_RECORDINGS));
	if (r == 0)
		r = far->store->ops->frames(far->store, of, number, &to, err);
	if (r < 0 && *why.text && err)
		*err = why;
	if (r == 0 && f->rest.n)
		r = err_set(
		    err, -EIO, "the hub sent a frame that is cut short");
	if (r < 0) {
		fetched_free(f);
		return r;
	}
	buf_free(&f->rest);
	f->next = far->all;
	far->all = f;
	*ret = f;
	return 0;
}

/* --- what is there --- */

/* Of the first frame that is not before `seq`. */
static size_t find_place(const struct fetched *f, uint64_t seq)
{
	size_t low = 0, high = f->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->v[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_frame(const struct fetched *f, const char *chain, uint64_t seq)
{
	size_t at = find_place(f, seq);

	return strcmp(f->chain, chain) == 0 &&
	       (f->number == seq || (at < f->n && f->v[at].seq == seq));
}

static struct fetched *find_fetched(
    struct far *far, const char *chain, uint64_t seq)
{
	for (struct fetched **p = &far->all; *p; p = &(*p)->next) {
		struct fetched *f = *p;

		if (!has_frame(f, chain, seq))
			continue;
		*p = f->next;
		f->next = far->all;
		far->all = f;
		return f;
	}
	return NULL;
}

static void forget_some(struct far *far)
{
	size_t kept = 0;

	for (struct fetched **p = &far->all; *p;) {
		struct fetched *f = *p;

		if (f->readers || ++kept <= KEPT_MAX) {
			p = &f->next;
			continue;
		}
		*p = f->next;
		fetched_free(f);
	}
}

static void use(struct far_reader *r, struct fetched *f)
{
	if (r->of)
		r->of->readers--;
	r->of = f;
	if (f)
		f->readers++;
	forget_some(r->far);
}

static int seek(struct far_reader *r, uint64_t from, struct err *err)
{
	struct fetched *f = find_fetched(r->far, r->chain, from);
	int e = f ? 0 : fetch(r->far, r->chain, from, &f, err);

	if (e < 0)
		return e;
	use(r, f);
	r->at = find_place(f, from);
	return 0;
}

static int next_frame(
    void *ctx, uint64_t from, bool sought, struct frame *ret, struct err *err)
{
	struct far_reader *r = ctx;
	const struct place *p;
	size_t n;
	char *to;
	int e = sought ? seek(r, from, err) : 0;

	if (e < 0 || r->at == r->of->n)
		return e;
	p = &r->of->v[r->at++];
	buf_clear(&r->bytes);
	to = buf_reserve(&r->bytes, p->n);
	if (!to)
		return err_sys(err, -ENOMEM, "recording");
	if (fd_pread_full(r->of->fd, to, p->n, p->at) != (ssize_t)p->n ||
	    frame_get(str_make(to, p->n), ret, &n) != FRAME_WHOLE)
		return err_set(err, -EIO,
		    "a temporary file is not what was written to it");
	return 1;
}

static void close_reader(void *ctx)
{
	struct far_reader *r = ctx;

	use(r, NULL);
	buf_free(&r->bytes);
	free(r);
}

static int read_chain(void *ctx, const char *chain, uint64_t from,
    struct trail_reader **ret, struct err *err)
{
	struct far_reader *r = calloc(1, sizeof *r);
	const struct frame_source source = {next_frame, close_reader, r};

	if (!r)
		return err_sys(err, -ENOMEM, "recording");
	r->far = ctx;
	snprintf(r->chain, sizeof r->chain, "%s", chain);
	return trail_reader_open_source(ret, &source, from, err);
}

static void close_far(void *ctx)
{
	struct far *far = ctx;

	while (far->all) {
		struct fetched *f = far->all;

		far->all = f->next;
		fetched_free(f);
	}
	free(far);
}

int far_open(struct archive **ret, struct store *s, struct err *err)
{
	struct far *far = calloc(1, sizeof *far);
	const struct archive_far ops = {read_chain, close_far, far};

	if (!far)
		return err_sys(err, -ENOMEM, "recordings");
	far->store = s;
	return archive_open_far(ret, &ops, err);
}
