/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/index.h"

#include <errno.h>

#include "archive/layout.h"
#include "base/fd.h"
#include "base/hash.h"
#include "core/event_json.h"
#include "trail/trail.h"

#define PROGRESS_EVERY 65536
/* Tracks that are done stay in memory until they are handed on. */
#define DRAIN_EVERY    4096

int index_open(struct archive_index *ix, const char *path, enum store_mode mode,
    const uint8_t *id_key, struct err *err)
{
	int r = store_embedded.open(&ix->store, path, mode, err);

	if (r < 0 || mode == STORE_READ)
		return r;
	r = correlator_new(&ix->correlator, id_key);
	return r < 0 ? err_sys(err, r, "correlator") : 0;
}

void index_close(struct archive_index *ix)
{
	correlator_free(ix->correlator);
	if (ix->store)
		ix->store->ops->close(ix->store);
	*ix = (struct archive_index){0};
}

static int put_track(void *ctx, const struct track *t)
{
	struct archive_index *ix = ctx;

	return ix->store->ops->put_track(ix->store, t, ix->err);
}

static int put_boot(void *ctx, const struct boot *b)
{
	struct archive_index *ix = ctx;

	return ix->store->ops->put_boot(ix->store, b, ix->err);
}

static int drain(struct archive_index *ix, struct err *err)
{
	const struct correlate_sink sink = {put_track, put_boot, ix};

	ix->err = err;
	return correlator_drain(ix->correlator, &sink);
}

void index_chain(struct archive_index *ix, const char *chain)
{
	ix->chain = hash_stable(str_z(chain));
}

/* Each stream of source files is correlated by itself; see core/track.h. */
static bool begins_stream(const struct event *ev)
{
	return ev->kind == EVENT_IMPORT_START &&
	       str_eq(event_str(ev, F_OP), STR("open"));
}

int index_add(struct archive_index *ix, struct event *ev, struct err *err)
{
	int r = 0;

	if (begins_stream(ev)) {
		r = drain(ix, err);
		correlator_boundary(ix->correlator);
	} else if (++ix->since_drain % DRAIN_EVERY == 0) {
		r = drain(ix, err);
	}
	if (r < 0)
		return r;
	ev->chain = ix->chain;
	r = correlate(ix->correlator, ev);
	if (r < 0)
		return err_sys(
		    err, r, "event %llu", (unsigned long long)ev->seq);
	return ix->store->ops->add(ix->store, ev, err);
}

int index_commit(struct archive_index *ix, struct err *err)
{
	int r = drain(ix, err);

	return r < 0 ? r : ix->store->ops->commit(ix->store, err);
}

struct catch_up {
	struct archive_index *ix;
	int dirfd;
	struct index_progress *progress;
	struct arena arena;
	struct err *err;
};

static int add_frame(struct catch_up *cu, const struct frame *f)
{
	struct event ev;
	int r;

	if (f->type != FRAME_EVENT)
		return 0;
	arena_reset(&cu->arena);
	r = event_from_json(&ev, f->payload, &cu->arena, cu->err);
	if (r < 0)
		return err_context(cu->err, r, "event %llu of the trail",
		    (unsigned long long)f->seq);
	ev.seq = f->seq;
	return index_add(cu->ix, &ev, cu->err);
}

static void show_progress(struct index_progress *p)
{
	if (p && ++p->done % PROGRESS_EVERY == 0)
		p->fn(p->ctx, p->done, p->total);
}

static int add_frames(
    struct catch_up *cu, struct trail_reader *reader, uint64_t *ret_added)
{
	struct frame f;
	int r;

	for (;;) {
		r = trail_reader_next(reader, &f, cu->err);
		if (r == -EBADMSG)
			continue; /* one damaged segment hides no other */
		if (r <= 0)
			return r;
		r = add_frame(cu, &f);
		if (r < 0)
			return r;
		++*ret_added;
		show_progress(cu->progress);
	}
}

static int catch_up_chain(void *ctx, const char *chain)
{
	struct catch_up *cu = ctx;
	struct trail_reader *reader = NULL;
	CLEANUP_FD int fd = -1;
	uint64_t last, added = 0;
	int r;

	index_chain(cu->ix, chain);
	r = layout_open_chain(cu->dirfd, chain, false, &fd, cu->err);
	if (r == 0)
		r = cu->ix->store->ops->last_seq(
		    cu->ix->store, cu->ix->chain, &last, cu->err);
	if (r == 0)
		r = trail_reader_open(&reader, fd, last + 1, cu->err);
	if (r == 0)
		r = add_frames(cu, reader, &added);
	trail_reader_close(reader);
	if (r < 0)
		return err_context(cu->err, r, "index of %s", chain);
	return added ? index_commit(cu->ix, cu->err) : 0;
}

int index_catch_up(struct archive_index *ix, int dirfd,
    struct index_progress *progress, struct err *err)
{
	struct catch_up cu = {ix, dirfd, progress, ARENA_INIT, err};
	int r = layout_each_chain(dirfd, catch_up_chain, &cu, err);

	arena_free(&cu.arena);
	return r;
}

int index_catch_up_chain(
    struct archive_index *ix, int dirfd, const char *chain, struct err *err)
{
	struct catch_up cu = {ix, dirfd, NULL, ARENA_INIT, err};
	int r = catch_up_chain(&cu, chain);

	arena_free(&cu.arena);
	return r;
}
