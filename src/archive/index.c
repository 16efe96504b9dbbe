/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/index.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "archive/layout.h"
#include "archive/part.h"
#include "base/fd.h"
#include "base/hash.h"
#include "core/event_json.h"
#include "trail/trail.h"

#define PROGRESS_EVERY 65536
/* Tracks that are done stay in memory until they are handed on. */
#define DRAIN_EVERY    4096

/* A note of the store, under another key than any of the correlator's. */
#define NOTE_DISORDER STR("")

static int load_state(void *ctx, struct str key, struct buf *ret)
{
	struct archive_index *ix = ctx;

	return ix->store->ops->get_note(ix->store, key, ret, ix->err);
}

static int save_state(void *ctx, struct str key, struct str data)
{
	struct archive_index *ix = ctx;

	return ix->store->ops->put_note(ix->store, key, data, ix->err);
}

static int begin(
    struct archive_index *ix, const uint8_t *id_key, struct err *err)
{
	const struct correlate_memory memory = {load_state, save_state, ix};
	int r = correlator_new(&ix->correlator, id_key, &memory);

	return r < 0 ? err_sys(err, r, "correlator") : 0;
}

int index_open(struct archive_index *ix, const char *path, enum store_mode mode,
    const uint8_t *id_key, struct err *err)
{
	int r = store_embedded.open(&ix->store, path, mode, err);

	return r < 0 || mode == STORE_READ ? r : begin(ix, id_key, err);
}

int index_share(struct archive_index *ix, struct store *store,
    const uint8_t *id_key, struct err *err)
{
	ix->store = store;
	ix->shared = true;
	return begin(ix, id_key, err);
}

void index_close(struct archive_index *ix)
{
	correlator_free(ix->correlator);
	if (ix->store && !ix->shared)
		ix->store->ops->close(ix->store);
	buf_free(&ix->text);
	teller_free(&ix->teller);
	buf_free(&ix->history);
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

static int drain(struct archive_index *ix)
{
	const struct correlate_sink sink = {put_track, put_boot, ix};

	return correlator_drain(ix->correlator, &sink);
}

static int save(struct archive_index *ix)
{
	int r = drain(ix);

	return r < 0 ? r : correlator_save(ix->correlator);
}

void index_chain(struct archive_index *ix, int dirfd, const char *chain)
{
	struct str rest = str_z(chain);

	teller_chain(&ix->teller, dirfd, chain);
	ix->chain = hash_stable(rest);
	buf_clear(&ix->history);
	if (layout_written_as(chain).n < rest.n &&
	    str_skip(&rest, STR("events:")))
		buf_add_str(&ix->history, rest);
}

/* Each stream of source files is a part of a log; see core/track.h. */
static int enter_part(struct archive_index *ix, const struct event *start)
{
	int r = save(ix);

	buf_clear(&ix->text);
	part_log(start, &ix->text);
	if (r == 0)
		r = buf_error(&ix->text);
	return r < 0 ? r
		     : correlator_part(ix->correlator, buf_str(&ix->text),
			   hash_u64(ix->chain ^ hash_u64(start->seq)),
			   part_goes_on(start));
}

int index_add(struct archive_index *ix, struct event *ev, struct err *err)
{
	int r = 0;

	ix->err = err;
	if (part_begins(ev))
		r = enter_part(ix, ev);
	else if (++ix->since_drain % DRAIN_EVERY == 0)
		r = drain(ix);
	if (r < 0)
		return r;
	ev->chain = ix->chain;
	/* It numbers its recordings as the first history does. */
	if (ix->history.n && event_has(ev, F_RECORDING) &&
	    !event_has(ev, F_RECORDING_CHAIN))
		event_set_str(ev, F_RECORDING_CHAIN, buf_str(&ix->history));
	r = teller_check(&ix->teller, ev);
	if (r == 0)
		r = correlate(ix->correlator, ev);
	if (r == -ENOMEM)
		return err_sys(
		    err, r, "event %llu", (unsigned long long)ev->seq);
	if (r == -EBADMSG)
		return err_set(
		    err, r, "the index is damaged; run: sshtrail reindex");
	/* What only the trail needs to have. */
	if (r == 1)
		return 0;
	return r < 0 ? r : ix->store->ops->add(ix->store, ev, err);
}

int index_save(struct archive_index *ix, struct err *err)
{
	int r;

	ix->err = err;
	r = save(ix);
	if (r == 0 && correlator_disordered(ix->correlator) && !ix->in_order)
		r = ix->store->ops->put_note(
		    ix->store, NOTE_DISORDER, STR("1"), err);
	return r;
}

int index_prepare(struct archive_index *ix, struct err *err)
{
	int r = index_save(ix, err);

	return r < 0 ? r : ix->store->ops->prepare(ix->store, err);
}

int index_commit(struct archive_index *ix, struct err *err)
{
	return ix->store->ops->commit(ix->store, err);
}

static int settle(struct archive_index *ix, struct err *err)
{
	int r = index_prepare(ix, err);

	return r < 0 ? r : index_commit(ix, err);
}

int index_disordered(struct archive_index *ix, bool *ret, struct err *err)
{
	int r;

	buf_clear(&ix->text);
	r = ix->store->ops->get_note(ix->store, NOTE_DISORDER, &ix->text, err);
	*ret = ix->text.n > 0;
	return r;
}

int index_outdate(struct archive_index *ix, struct err *err)
{
	return ix->store->ops->put_note(
	    ix->store, NOTE_DISORDER, STR("1"), err);
}

struct catch_up {
	struct archive_index *ix;
	int dirfd;
	struct trail_reader *reader;
	uint64_t open; /* the reader's chain */
	uint64_t next; /* the frame it comes to */
	uint64_t last; /* the chain's last frame in the store; 0: passed */
	uint64_t added;
	struct buf *names; /* of chains */
	bool own;	   /* the chain is the caller's, who has it open */
	bool grow;	   /* others write to chains that are read */
	struct index_progress *progress;
	struct arena arena;
	struct err *err;
};

int index_resume(struct archive_index *ix, struct err *err)
{
	struct query q = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .kinds = (uint64_t)1 << EVENT_IMPORT_START |
		     (uint64_t)1 << EVENT_AGENT_START};
	struct store *s = ix->store;
	struct store_cursor *c = NULL;
	struct arena arena = ARENA_INIT;
	struct event ev, start = {.seq = 0};
	int r;

	ix->err = err;
	r = s->ops->events(s, &q, &c, err);

	while (r == 0 && (r = s->ops->next_event(c, &ev, err)) == 1) {
		r = 0;
		if (ev.chain == ix->chain && ev.seq > start.seq &&
		    part_begins(&ev))
			r = event_copy(&start, &ev, &arena);
	}
	if (c)
		s->ops->cursor_close(c);
	if (r < 0)
		err_context(err, r, "list of imported files");
	else if (start.seq)
		r = enter_part(ix, &start);
	arena_free(&arena);
	return r;
}

static int add_frame(struct catch_up *cu, const struct frame *f)
{
	struct event ev;
	int r;

	if (f->type != FRAME_EVENT)
		return 0;
	arena_reset(&cu->arena);
	if (cu->last) {
		r = index_resume(cu->ix, cu->err);
		if (r < 0)
			return r;
		cu->last = 0;
	}
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

/* Add frames up to `end`, or all there are; 1 when it stopped at the end. */
static int add_frames(struct catch_up *cu, uint64_t end)
{
	struct frame f;
	int r;

	while (cu->next < end) {
		r = trail_reader_next(cu->reader, &f, cu->err);
		if (r == -EBADMSG)
			continue; /* one damaged segment hides no other */
		if (r <= 0)
			return r;
		cu->next = f.seq + 1;
		/* Frames before it are missing: it is for who comes next. */
		if (f.seq >= end)
			break;
		r = add_frame(cu, &f);
		if (r < 0)
			return r;
		cu->added++;
		show_progress(cu->progress);
	}
	return 1;
}

/* Read the chain from a frame on; where the reader stands there it stays. */
static int enter_chain(struct catch_up *cu, const char *chain, uint64_t from)
{
	CLEANUP_FD int fd = -1;
	int r;

	index_chain(cu->ix, cu->dirfd, chain);
	if (cu->reader && cu->open == cu->ix->chain && cu->next == from)
		return 0;
	trail_reader_close(cu->reader);
	cu->reader = NULL;
	cu->open = cu->ix->chain;
	cu->next = from;
	r = layout_open_chain(cu->dirfd, chain, false, &fd, cu->err);
	if (r < 0)
		return r;
	if (!cu->own && trail_is_open(fd))
		cu->grow = true;
	return trail_reader_open(&cu->reader, fd, from, cu->err);
}

/*
 * The daemon that lent the index writes on, and adds that itself: what is not
 * synced yet must not be in the index.
 */
static bool is_lent(const struct catch_up *cu, const char *chain)
{
	CLEANUP_FD int fd = -1;

	return !cu->own &&
	       layout_open_chain(cu->dirfd, chain, false, &fd, NULL) == 0 &&
	       trail_is_open(fd);
}

/* Add what of a chain is not in the index yet, up to `end`. */
static int add_chain(struct catch_up *cu, const char *chain, uint64_t end)
{
	int r;

	index_chain(cu->ix, cu->dirfd, chain);
	cu->added = 0;
	r = cu->ix->store->ops->last_seq(
	    cu->ix->store, cu->ix->chain, &cu->last, cu->err);
	if (r == 0 && cu->last + 1 < end)
		r = enter_chain(cu, chain, cu->last + 1);
	if (r == 0 && cu->last + 1 < end)
		r = add_frames(cu, end);
	return r < 0 ? err_context(cu->err, r, "index of %s", chain) : 0;
}

static int catch_up_chain(void *ctx, const char *chain)
{
	struct catch_up *cu = ctx;
	int r;

	if (!layout_has_events(chain) || is_lent(cu, chain))
		return 0;
	r = add_chain(cu, chain, UINT64_MAX);
	return r == 0 && cu->added ? settle(cu->ix, cu->err) : r;
}

static void end_catch_up(struct catch_up *cu)
{
	trail_reader_close(cu->reader);
	arena_free(&cu->arena);
}

int index_catch_up(struct archive_index *ix, int dirfd,
    struct index_progress *progress, struct err *err)
{
	struct catch_up cu = {
	    .ix = ix, .dirfd = dirfd, .progress = progress, .err = err};
	int r;

	ix->err = err;
	r = layout_each_chain(dirfd, catch_up_chain, &cu, err);
	end_catch_up(&cu);
	return r;
}

int index_catch_up_chain(
    struct archive_index *ix, int dirfd, const char *chain, struct err *err)
{
	struct catch_up cu = {
	    .ix = ix, .dirfd = dirfd, .own = true, .err = err};
	int r;

	ix->err = err;
	r = catch_up_chain(&cu, chain);
	/* Where nothing was to be added. */
	if (r == 0 && cu.last)
		r = index_resume(ix, err);
	end_catch_up(&cu);
	return r;
}

static int note_open(void *ctx, const char *chain)
{
	struct catch_up *cu = ctx;

	/* With its NUL. */
	if (layout_has_events(chain) && is_lent(cu, chain))
		buf_add(cu->names, chain, strlen(chain) + 1);
	return buf_error(cu->names);
}

int index_find_open(int dirfd, struct buf *ret, struct err *err)
{
	struct catch_up cu = {.dirfd = dirfd, .names = ret};

	buf_clear(ret);
	return layout_each_chain(dirfd, note_open, &cu, err);
}

static int follow_chain(struct archive_index *of, int dirfd, const char *chain,
    const uint8_t *id_key, struct err *err)
{
	struct archive_index ix = {.store = NULL};
	struct catch_up cu = {
	    .ix = &ix, .dirfd = dirfd, .own = true, .err = err};
	uint64_t size = 0;
	int r = layout_signed_size(dirfd, chain, &size, err);

	if (r == 0)
		r = index_share(&ix, of->store, id_key, err);
	if (r == 0) {
		ix.err = err;
		r = add_chain(&cu, chain, size + 1);
	}
	if (r == 0 && cu.added)
		r = index_save(&ix, err);
	end_catch_up(&cu);
	index_close(&ix);
	return r;
}

int index_follow(struct archive_index *ix, int dirfd, struct str names,
    const uint8_t *id_key, struct err *err)
{
	struct str name;
	int r = 0;

	while (r == 0 && names.n) {
		str_cut(&names, '\0', &name);
		r = follow_chain(ix, dirfd, name.p, id_key, err);
	}
	return r;
}

int index_build(struct archive_index *ix, int dirfd,
    struct index_progress *progress, struct err *err)
{
	struct catch_up cu = {
	    .ix = ix, .dirfd = dirfd, .progress = progress, .err = err};
	struct parts parts;
	int r = parts_find(&parts, dirfd, err);

	ix->in_order = true;
	for (size_t i = 0; i < parts.n && r >= 0; i++) {
		/* Names of chains were copied with their NUL. */
		const char *chain = parts.v[i].chain.p;

		r = enter_chain(&cu, chain, parts.v[i].first);
		if (r == 0)
			r = add_frames(&cu, parts.v[i].end);
		if (r < 0)
			err_context(err, r, "index of %s", chain);
	}
	end_catch_up(&cu);
	parts_free(&parts);
	/* As in is_lent(): it is made to be on the disk before its index is. */
	if (r >= 0 && cu.grow && syncfs(dirfd) < 0)
		r = err_sys(err, -errno, "cannot sync the trails");
	return r < 0 ? r : settle(ix, err);
}
