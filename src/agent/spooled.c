/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/spooled.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "archive/layout.h"
#include "base/fd.h"
#include "trail/prune.h"

int spooled_open(
    struct spooled *s, int store_fd, const char *chain, struct err *err)
{
	*s = (struct spooled){.store_fd = store_fd, .dirfd = -1};
	snprintf(s->chain, sizeof s->chain, "%s", chain);
	return layout_public_key(store_fd, &s->key, err);
}

void spooled_close(struct spooled *s)
{
	trail_reader_close(s->reader);
	fd_close(&s->dirfd);
	buf_free(&s->note);
}

static int read_note(struct spooled *s, struct err *err)
{
	struct buf b = BUF_INIT;
	int r =
	    layout_checkpoint(s->dirfd, s->chain, &s->key, &b, &s->size, err);

	if (r < 0)
		return r;
	buf_free(&s->note);
	s->note = b;
	return 0;
}

int spooled_look(struct spooled *s, struct err *err)
{
	struct stat st;
	int r = 0;

	if (s->dirfd < 0)
		r = layout_open_chain(
		    s->store_fd, s->chain, false, &s->dirfd, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (fstatat(s->dirfd, LAYOUT_CHECKPOINT, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT
			   ? 0
			   : err_sys(err, -errno, "checkpoint of %s", s->chain);
	if (st.st_ino == s->inode && st.st_mtim.tv_sec == s->seen.tv_sec &&
	    st.st_mtim.tv_nsec == s->seen.tv_nsec)
		return 0;
	r = read_note(s, err);
	if (r == 0) {
		s->inode = st.st_ino;
		s->seen = st.st_mtim;
	}
	return r;
}

static int read_from(struct spooled *s, uint64_t from, struct err *err)
{
	if (!s->reader)
		return trail_reader_open(&s->reader, s->dirfd, from, err);
	trail_reader_seek(s->reader, from);
	return 0;
}

/* To the first frame that is there, where `*from` is before it. */
static int skip_removed(
    struct spooled *s, struct batch_writer *w, uint64_t *from, struct err *err)
{
	struct buf header = BUF_INIT;
	uint64_t first;
	int r = trail_first(s->dirfd, &first);

	if (r < 0 || first <= *from)
		return r < 0 ? err_sys(err, r, "%s", s->chain) : 0;
	r = trail_first_header(s->dirfd, first, &header, err);
	if (r == 0) {
		batch_set_header(w, buf_str(&header));
		*from = first;
	}
	buf_free(&header);
	return r;
}

int spooled_batch(struct spooled *s, uint64_t from, struct batch_writer *w,
    uint64_t *ret_end, struct err *err)
{
	struct frame f;
	int r = 0;

	batch_begin(w, STR_NONE);
	if (from <= s->size)
		r = skip_removed(s, w, &from, err);
	*ret_end = from;
	if (r == 0 && from <= s->size)
		r = read_from(s, from, err);
	while (r >= 0 && *ret_end <= s->size) {
		r = trail_reader_next(s->reader, &f, err);
		if (r <= 0)
			break;
		if (f.seq != *ret_end)
			return err_set(err, -EBADMSG,
			    "frame %llu of %s is missing",
			    (unsigned long long)*ret_end, s->chain);
		if (!batch_takes(w, f.payload.n))
			break;
		batch_add(w, &f);
		++*ret_end;
	}
	if (r >= 0 && *ret_end == s->size + 1)
		batch_set_note(w, buf_str(&s->note));
	return r < 0 ? r : 0;
}
