/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/vouchers.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/map.h"
#include "cli/import/dedup.h"

/* So many events, so much of their text, or so many frames. */
#define MUCH_EVENTS ((size_t)16384)
#define MUCH_TEXT   ((size_t)8 << 20)
#define MUCH_FRAMES 16384

struct vouchers {
	struct trail *trail;
	uint64_t committed; /* frames of it */
	struct dedup *dedup;
	struct map added; /* identities of this run */
	struct event *v;  /* n of them wait; strings in text */
	size_t n, cap;
	struct arena text;
};

static int open_chain(
    struct import_run *run, struct vouchers *v, struct err *err)
{
	struct trail_recovery recovery = {0};
	struct buf name = BUF_INIT;
	int r;

	buf_add_z(&name, ARCHIVE_RECORDINGS);
	buf_add_z(&name, run->chain);
	r = buf_z(&name) ? archive_open_chain(
			       run->archive, name.p, &v->trail, &recovery, err)
			 : err_sys(err, -ENOMEM, "recordings");
	buf_free(&name);
	return r;
}

int vouchers_open(struct import_run *run, struct err *err)
{
	struct vouchers *v;
	int r;

	if (run->vouchers)
		return 0;
	v = calloc(1, sizeof *v);
	if (!v)
		return err_sys(err, -ENOMEM, "recordings");
	r = open_chain(run, v, err);
	if (r == 0)
		r = dedup_new(&v->dedup, archive_store(run->archive), err);
	if (r < 0) {
		vouchers_close(v);
		return r;
	}
	v->committed = trail_last_seq(v->trail);
	run->vouchers = v;
	return 0;
}

struct trail *vouchers_trail(const struct vouchers *v)
{
	return v->trail;
}

static int make_room(struct vouchers *v)
{
	size_t cap = v->cap ? v->cap * 2 : 64;
	struct event *more;

	if (v->n < v->cap)
		return 0;
	more = realloc(v->v, cap * sizeof *more);
	if (!more)
		return -ENOMEM;
	v->v = more;
	v->cap = cap;
	return 0;
}

int vouchers_add(
    struct import_run *run, const struct event *ev, struct err *err)
{
	struct vouchers *v = run->vouchers;
	int r = make_room(v);

	if (r == 0)
		r = event_copy(&v->v[v->n], ev, &v->text);
	if (r == 0 && event_has(ev, F_ID) && !map_put(&v->added, ev->v[F_ID].u))
		r = -ENOMEM;
	if (r < 0)
		return err_sys(err, r, "recordings");
	v->n++;
	import_count(run, ev);
	return 0;
}

int vouchers_know(
    struct import_run *run, const struct event *close, struct err *err)
{
	struct vouchers *v = run->vouchers;
	int r;

	if (map_get(&v->added, close->v[F_ID].u))
		return 1;
	r = dedup_check(v->dedup, close, false, err);
	return r < 0 ? r : r != DEDUP_NEW;
}

int vouchers_look_anew(struct import_run *run, struct err *err)
{
	struct vouchers *v = run->vouchers;

	return v ? dedup_again(v->dedup, archive_store(run->archive),
		       hash_stable(str_z(run->chain)), err)
		 : 0;
}

int vouchers_commit(struct import_run *run, bool much, struct err *err)
{
	struct vouchers *v = run->vouchers;
	int r;

	if (!v || (much && v->n < MUCH_EVENTS && v->text.used < MUCH_TEXT &&
		      trail_last_seq(v->trail) - v->committed < MUCH_FRAMES))
		return 0;
	r = trail_checkpoint(v->trail, err);
	for (size_t i = 0; i < v->n && r == 0; i++)
		r = archive_append(run->archive, &v->v[i], err);
	if (r == 0)
		r = archive_commit(run->archive, err);
	v->committed = trail_last_seq(v->trail);
	v->n = 0;
	arena_reset(&v->text);
	return r;
}

void vouchers_close(struct vouchers *v)
{
	if (!v)
		return;
	(void)trail_close(v->trail, NULL);
	dedup_free(v->dedup);
	map_free(&v->added);
	free(v->v);
	arena_free(&v->text);
	free(v);
}
