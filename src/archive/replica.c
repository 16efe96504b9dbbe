/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/replica.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/event_frame.h"
#include "archive/index.h"
#include "archive/layout.h"
#include "base/crew.h"
#include "base/fd.h"
#include "core/event_json.h"
#include "crypto/checkpoint.h"

struct replica {
	int dirfd; /* of the chain */
	struct trail *trail;
	bool broken;	/* the trail takes no more */
	bool has_index; /* there are events in it */
	bool dirty;	/* since it was prepared last */
	bool waited;	/* by replicas_wait(), which ended with: */
	int result;
	struct archive_index index;
	struct arena arena;
	struct buf json;
	struct trail_recovery recovery;
};

/*
 * What the last writer left is in the index since the archive was opened, but
 * for frames that became readable only when the trail was.
 */
static int open_index(struct replica *r, struct archive *a, const char *chain,
    bool unclean, struct err *err)
{
	struct store *store = archive_store(a);
	uint64_t last = 0;
	int e = index_share(&r->index, store, archive_id_key(a), err);

	if (e < 0)
		return e;
	r->has_index = true;
	index_chain(&r->index, archive_dirfd(a), chain);
	if (unclean)
		return index_catch_up_chain(
		    &r->index, archive_dirfd(a), chain, err);
	e = store->ops->last_seq(store, r->index.chain, &last, err);
	return e < 0 || last == 0 ? e : index_resume(&r->index, err);
}

int replica_open(
    struct replica **ret, struct archive *a, const char *chain, struct err *err)
{
	return replica_begin(ret, a, chain, NULL, err);
}

int replica_begin(struct replica **ret, struct archive *a, const char *chain,
    const struct trail_behind *behind, struct err *err)
{
	struct replica *r = calloc(1, sizeof *r);
	struct trail_recovery *rec = r ? &r->recovery : NULL;
	int e;

	if (!r)
		return err_sys(err, -ENOMEM, "chain %s", chain);
	r->dirfd = -1;
	e = layout_open_chain(archive_dirfd(a), chain, true, &r->dirfd, err);
	if (e == 0)
		e = behind
			? archive_open_behind(a, chain, behind, &r->trail, err)
			: archive_open_chain(a, chain, &r->trail, rec, err);
	if (e == 0 && layout_has_events(chain))
		e = open_index(
		    r, a, chain, rec->unclean || rec->torn_bytes, err);
	if (e < 0) {
		replica_close(r);
		return e;
	}
	*ret = r;
	return 0;
}

void replica_close(struct replica *r)
{
	if (!r)
		return;
	if (r->trail)
		trail_end(r->trail, r->broken);
	if (r->has_index)
		index_close(&r->index);
	arena_free(&r->arena);
	buf_free(&r->json);
	fd_close(&r->dirfd);
	free(r);
}

const struct merkle *replica_tree(const struct replica *r)
{
	return trail_tree(r->trail);
}

static int add_event(struct replica *r, struct event *ev, struct err *err)
{
	int e = index_add(&r->index, ev, err);

	/* That is the index's own damage. */
	return e == -EBADMSG ? -EIO : e;
}

/* What was not added tells nothing of what the trail takes still. */
static int broke(struct replica *r, int e)
{
	r->broken = r->broken || (e < 0 && e != -EINVAL && e != -EMSGSIZE);
	return e;
}

/*
 * What was waited for holds until something is appended; what went wrong then
 * is told by whatever is called next.
 */
static int end_waiting(struct replica *r, struct err *err)
{
	const int e = r->waited ? r->result : 0;

	r->waited = false;
	return e < 0 ? err_sys(err, e, "cannot sync or sign a trail") : 0;
}

int replica_append(struct replica *r, const struct frame *f, struct err *err)
{
	bool is_event = r->has_index && f->type == FRAME_EVENT;
	struct event ev;
	int e = 0;

	arena_reset(&r->arena);
	if (is_event)
		e = event_from_json(&ev, f->payload, &r->arena, err);
	if (e < 0)
		return e == -ENOMEM ? e : -EBADMSG;
	if (is_event && str_eq(ev.source, STR(TELLER_HUB)))
		return err_set(err, -EBADMSG,
		    "frame %llu has the source " TELLER_HUB
		    ", which is that of a hub alone",
		    (unsigned long long)f->seq);
	e = broke(r, end_waiting(r, err));
	if (e == 0)
		e = broke(r, trail_append_as(r->trail, f, err));
	if (e < 0)
		return e;
	r->dirty = true;
	ev.seq = f->seq;
	return is_event ? add_event(r, &ev, err) : 0;
}

const struct teller *replica_teller(const struct replica *r)
{
	return &r->index.teller;
}

int replica_write(struct replica *r, struct event *ev, struct err *err)
{
	int e = event_frame(ev, &r->json, err);

	if (e < 0)
		return e;
	e = broke(r, end_waiting(r, err));
	if (e == 0)
		e = broke(r, trail_append(r->trail, FRAME_EVENT, 0,
				 buf_str(&r->json), &ev->seq, err));
	if (e < 0)
		return e;
	r->dirty = true;
	return add_event(r, ev, err);
}

int replica_write_gap(struct replica *r, const char *chain, struct err *err)
{
	char reason[EVENT_FRAME_REASON_MAX];
	struct event ev;

	if (!r->recovery.torn_bytes && !r->recovery.unclean)
		return 0;
	event_frame_gap(&ev, chain, &r->recovery, reason);
	return replica_write(r, &ev, err);
}

int replica_recent(struct replica *r, uint64_t n,
    int (*fn)(void *ctx, const struct event *ev), void *ctx, struct err *err)
{
	const uint64_t last = trail_last_seq(r->trail);
	struct trail_reader *reader = NULL;
	struct event ev;
	struct frame f;
	int e = replica_read(r, last > n ? last - n + 1 : 1, &reader, err);

	while (e >= 0 && (e = trail_reader_next(reader, &f, err)) > 0) {
		arena_reset(&r->arena);
		if (f.type == FRAME_EVENT &&
		    event_from_json(&ev, f.payload, &r->arena, err) == 0)
			e = fn(ctx, &ev);
		if (e < 0)
			break;
	}
	trail_reader_close(reader);
	return e;
}

struct waiting {
	struct replica *const *v;
	bool sign;
};

static void wait_for(void *ctx, size_t i)
{
	const struct waiting *w = ctx;
	struct replica *r = w->v[i];

	r->result = w->sign ? trail_checkpoint(r->trail, NULL)
			    : trail_sync(r->trail, NULL);
	r->waited = true;
}

void replicas_wait(struct replica *const *v, size_t n, bool sign)
{
	struct waiting w = {v, sign};

	crew_each(n, wait_for, &w);
}

static void end_trail(void *ctx, size_t i)
{
	struct replica *const *v = ctx;

	trail_end(v[i]->trail, v[i]->broken);
	v[i]->trail = NULL;
}

void replicas_close(struct replica **v, size_t n)
{
	crew_each(n, end_trail, v);
	for (size_t i = 0; i < n; i++)
		replica_close(v[i]);
}

bool replica_is_dirty(const struct replica *r)
{
	return r->dirty;
}

/* As `wait` does, unless it was done before. */
static int finish_waiting(struct replica *r,
    int (*wait)(struct trail *t, struct err *err), struct err *err)
{
	return r->waited ? end_waiting(r, err) : wait(r->trail, err);
}

int replica_sync(struct replica *r, struct err *err)
{
	int e = finish_waiting(r, trail_sync, err);

	r->broken = r->broken || e < 0;
	return e;
}

int replica_note(const struct replica *r, struct buf *ret, struct err *err)
{
	int e = fd_read_file(
	    r->dirfd, LAYOUT_WRITER_NOTE, CHECKPOINT_NOTE_MAX, ret);

	return e == 0 || e == -ENOENT ? 0 : err_sys(err, e, LAYOUT_WRITER_NOTE);
}

int replica_set_note(struct replica *r, struct str note, struct err *err)
{
	int e =
	    fd_replace_file(r->dirfd, LAYOUT_WRITER_NOTE, 0644, note.p, note.n);

	return e < 0 ? err_sys(err, e, LAYOUT_WRITER_NOTE) : 0;
}

int replica_read(const struct replica *r, uint64_t from,
    struct trail_reader **ret, struct err *err)
{
	return trail_reader_open(ret, r->dirfd, from, err);
}

int replica_prepare(struct replica *r, struct err *err)
{
	int e;

	if (!r->dirty)
		return 0;
	e = finish_waiting(r, trail_checkpoint, err);
	if (e == 0 && r->has_index)
		e = index_save(&r->index, err);
	r->broken = r->broken || e < 0;
	r->dirty = e < 0;
	return e;
}
