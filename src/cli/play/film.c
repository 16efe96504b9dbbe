/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/film.h"

#include <errno.h>

/* More is not gone through for a jump where there are no screens. */
#define BEHIND_MAX ((uint64_t)1 << 20)
/* Takes a tenth of a second. */
#define PART_BYTES ((uint64_t)4 << 20)

int film_open(struct film *f, struct err *err)
{
	int r = screens_open(&f->screens, f->archive, f->recording);

	if (r < 0)
		return err_sys(err, r, "screens");
	/* How far one goes that has no end, nothing else tells. */
	return f->recording->end < 0 ? screens_complete(&f->screens, f->archive,
					   f->recording, err)
				     : 0;
}

void film_close(struct film *f)
{
	screens_close(&f->screens);
	piece_reader_close(&f->pieces);
}

static uint64_t covered(const struct film *f)
{
	return f->screens.n ? f->screens.v[f->screens.n - 1].end : 0;
}

/*
 * A recording that has no screens yet, or went on since: they are made as far
 * as it goes, where a jump would be long without.
 */
static int complete(struct film *f, uint64_t boot, struct err *err)
{
	const struct recording *r = f->recording;
	bool is_short = r->end >= 0 && (uint64_t)r->bytes <= BEHIND_MAX;
	int result = 0;

	if (boot <= covered(f) || is_short)
		return 0;
	if (screens_are_whole(&f->screens)) {
		if (r->end >= 0 || f->behind <= BEHIND_MAX)
			return 0;
		screens_close(&f->screens);
		result = screens_open(&f->screens, f->archive, r);
	}
	if (result < 0)
		return err_sys(err, result, "screens");
	do {
		if (f->busy && f->busy(f->user))
			return -EINTR;
		result = screens_complete_part(
		    &f->screens, f->archive, r, PART_BYTES, err);
	} while (result > 0);
	return result;
}

int film_seek(void *ctx, uint64_t boot, struct screen **ret, uint64_t *ret_boot,
    int64_t *ret_time, struct err *err)
{
	struct film *f = ctx;
	struct keyframe_reader block;
	struct keyframe k = {.boot = 0};
	int r = complete(f, boot, err);

	if (r < 0)
		return r;
	r = screens_find(&f->screens, boot, &block, &k);
	if (r == -ENOENT)
		r = 0;
	else if (r < 0)
		err_sys(err, r, "screens");
	*ret_boot = k.boot;
	*ret_time = k.time;
	*ret = NULL;
	if (r == 0) {
		*ret = k.rows ? keyframe_screen(&k, 0) : screen_new(24, 80, 0);
		r = *ret ? 0 : err_sys(err, -ENOMEM, "screen");
	}
	keyframe_close(&block);
	f->behind = 0;
	if (r == 0)
		r = piece_reader_open(
		    &f->pieces, f->archive, f->recording, k.next, err);
	if (r < 0) {
		screen_free(*ret);
		*ret = NULL;
	}
	return r;
}

int film_next(void *ctx, struct piece *ret, struct err *err)
{
	struct film *f = ctx;
	int r = piece_reader_next(&f->pieces, ret, NULL, err);

	f->damaged |= f->pieces.frames.damaged;
	if (r > 0)
		f->behind += ret->bytes.n;
	return r;
}

uint64_t film_end(const struct film *f)
{
	return screens_are_whole(&f->screens) ? covered(f) : 0;
}
