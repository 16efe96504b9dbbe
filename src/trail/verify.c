/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "trail/header.h"
#include "trail/load.h"
#include "trail/notes.h"
#include "trail/walk.h"

/* A signed statement about a place in the segment being judged. */
struct claim {
	const char *name;
	uint64_t size;
	const struct sha256 *root; /* what was signed */
	bool agrees;
};

struct verifier {
	struct str origin;
	const struct sign_public *pub;
	struct verify_sink sink;
	struct verify_result *ret;
	struct note_list *notes;
	size_t next_note; /* the first not judged and not passed */

	struct merkle tree;
	bool tree_known;   /* `tree` is that of all frames so far */
	uint64_t next_seq; /* of the next segment; 0: cannot be said */
	uint64_t sealed;   /* largest size signed */

	/* The segment whose end is not judged yet. */
	char segment[SEGMENT_NAME_LEN];
	uint64_t base;			    /* tree size before it */
	struct claim claims[NOTES_MAX + 2]; /* and both ends */
	size_t n_claims;

	uint8_t boot[16];
	int64_t realtime, boottime;
	bool clock_told;
};

static const char *const names[VERDICT_N] = {
    [VERDICT_EDITED] = "EDITED",
    [VERDICT_TRUNCATED] = "TRUNCATED",
    [VERDICT_MISSING] = "MISSING",
    [VERDICT_REORDERED] = "REORDERED",
    [VERDICT_FORKED] = "FORKED",
    [VERDICT_BADSIG] = "BADSIG",
    [VERDICT_UNTRUSTED_KEY] = "UNTRUSTED_KEY",
    [VERDICT_CLOCK] = "CLOCK",
    [VERDICT_UNSEALED_TAIL] = "UNSEALED_TAIL",
    [VERDICT_AWAITED] = "AWAITED",
};

const char *verdict_name(enum verdict v)
{
	return v < VERDICT_N ? names[v] : "?";
}

__attribute__((format(printf, 5, 6))) static void found(struct verifier *v,
    enum verdict verdict, const char *segment, uint64_t seq, const char *fmt,
    ...)
{
	char detail[400];
	struct finding f = {verdict, segment, seq, detail};
	va_list ap;

	v->ret->verdicts |= 1u << verdict;
	if (!v->sink.finding)
		return;
	va_start(ap, fmt);
	vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	v->sink.finding(v->sink.ctx, &f);
}

static void bad_note(void *ctx, const char *name, int error, const char *why)
{
	struct verifier *v = ctx;

	found(v, note_verdict(error), name, 0, "%s", why);
}

static void claim_add(struct verifier *v, const char *name, uint64_t size,
    const struct sha256 *root)
{
	struct claim *c = &v->claims[v->n_claims++];
	struct sha256 mine;

	merkle_root(&v->tree, &mine);
	*c = (struct claim){
	    name, size, root, memcmp(&mine, root, sizeof mine) == 0};
}

/* Compare the checkpoints of just this size with the tree. */
static void judge_notes(struct verifier *v, uint64_t size)
{
	struct note_list *l = v->notes;

	while (v->next_note < l->n && l->v[v->next_note].size <= size) {
		struct note *n = &l->v[v->next_note++];

		if (n->size == size)
			claim_add(v, n->name, size, &n->root);
	}
}

/*
 * Whoever signed a tree has signed all that is in it. A claim that the frames
 * contradict is a second history when a later one holds, or another one speaks
 * of the same size; otherwise the frames were changed.
 */
static void judge_claims(struct verifier *v)
{
	uint64_t best = v->base, edited = 0;
	bool any = false;

	for (size_t i = 0; i < v->n_claims; i++)
		if (v->claims[i].agrees) {
			best = v->claims[i].size;
			any = true;
		}
	if (any && best > v->ret->signed_size)
		v->ret->signed_size = best;
	for (size_t i = 0; i < v->n_claims; i++) {
		const struct claim *c = &v->claims[i];
		bool same_size =
		    i > 0 && c[-1].size == c->size &&
		    memcmp(c[-1].root, c->root, sizeof *c->root) != 0;

		if (c->agrees)
			continue;
		if (same_size || (any && c->size <= best))
			found(v, VERDICT_FORKED, c->name, c->size,
			    "another history of %llu frames was signed too",
			    (unsigned long long)c->size);
		else
			edited = 1;
	}
	if (edited)
		found(v, VERDICT_EDITED, v->segment, best + 1,
		    "frames from %llu on are not those that were signed",
		    (unsigned long long)best + 1);
	v->n_claims = 0;
}

static void see_clock(struct verifier *v, const struct frame *f)
{
	bool back = f->realtime < v->realtime || f->boottime < v->boottime;

	if (back && !v->clock_told) {
		v->clock_told = true;
		found(v, VERDICT_CLOCK, v->segment, f->seq,
		    "the clock was set back before frame %llu",
		    (unsigned long long)f->seq);
	}
	v->realtime = f->realtime;
	v->boottime = f->boottime;
}

static void see_frame(void *ctx, const struct walk *w, const struct frame *f)
{
	struct verifier *v = ctx;

	if (v->sink.frame)
		v->sink.frame(v->sink.ctx, f);
	see_clock(v, f);
	if (v->next_note < v->notes->n &&
	    v->notes->v[v->next_note].size <= f->seq) {
		v->tree = w->tree;
		judge_notes(v, f->seq);
	}
}

/* The file ends within a frame. */
static void found_cut(struct verifier *v, const struct walk *w, uint64_t next)
{
	if (w->is_last)
		return; /* told as TRUNCATED at the end */
	if (next == w->cut)
		found(v, VERDICT_EDITED, v->segment, w->cut,
		    "bytes were added behind the last frame");
	else
		found(v, VERDICT_MISSING, v->segment, w->cut,
		    "the file was cut short");
}

static void tell_walk(struct verifier *v, const struct walk *w, uint64_t next)
{
	if (w->edited)
		found(v, VERDICT_EDITED, v->segment, w->edited,
		    "frame %llu is damaged", (unsigned long long)w->edited);
	if (w->reordered)
		found(v, VERDICT_REORDERED, v->segment, w->reordered,
		    "frame %llu stands behind later ones",
		    (unsigned long long)w->reordered);
	else if (w->missing)
		found(v, VERDICT_MISSING, v->segment, w->missing,
		    "frame %llu is not there", (unsigned long long)w->missing);
	if (w->cut)
		found_cut(v, w, next);
	if (w->torn)
		found(v, VERDICT_UNSEALED_TAIL, v->segment, w->torn,
		    "what follows frame %llu is no whole frame",
		    (unsigned long long)w->last);
}

/* The header's place in the chain; decides which tree to start from. */
static void join(struct verifier *v, const struct load *load,
    const struct segment_header *h, const struct sha256 *root, bool trusted)
{
	bool follows = v->tree_known && v->next_seq == h->first_seq;

	if (follows && trusted)
		claim_add(v, load->name, h->tree.size, root);
	judge_claims(v);
	if (v->next_seq && h->first_seq > v->next_seq)
		found(v, VERDICT_MISSING, load->name, v->next_seq,
		    "frames %llu to %llu are missing",
		    (unsigned long long)v->next_seq,
		    (unsigned long long)h->first_seq - 1);
	if (v->next_seq && h->first_seq < v->next_seq)
		found(v, VERDICT_FORKED, load->name, h->first_seq,
		    "two segments hold frame %llu",
		    (unsigned long long)h->first_seq);
	if (trusted && h->tree.size > v->ret->signed_size)
		v->ret->signed_size = h->tree.size;
	if (trusted && h->tree.size > v->sealed)
		v->sealed = h->tree.size;
	/* What was signed is the better start, also if frames before differ. */
	if (trusted || !follows)
		v->tree = h->tree;
}

static void check_frames(struct verifier *v, const struct load *load,
    const struct segment_header *h, const struct sha256 *trusted_root,
    uint64_t next)
{
	struct walk w = {.frames = str_from(buf_str(&load->bytes), h->len),
	    .ahead = load->steps,
	    .tree = v->tree,
	    .sealed = v->sealed,
	    .is_last = next == 0,
	    .each = see_frame,
	    .ctx = v};

	memcpy(v->segment, load->name, sizeof v->segment);
	v->base = v->tree.size;
	v->clock_told = false;
	if (memcmp(v->boot, h->boot, sizeof v->boot) != 0)
		v->boottime = INT64_MIN;
	memcpy(v->boot, h->boot, sizeof v->boot);
	if (trusted_root)
		claim_add(v, v->segment, v->base, trusted_root);
	judge_notes(v, v->base);
	walk_run(&w);
	tell_walk(v, &w, next);
	v->tree = w.tree;
	v->tree_known = walk_is_whole(&w);
	v->next_seq = w.end_unknown || (w.cut && next) ? 0 : w.last + 1;
	v->ret->frames += w.n_frames;
	v->ret->bytes += w.frames.n;
	if (w.last > v->ret->last_seq)
		v->ret->last_seq = w.last;
	if (v->ret->first_seq == 0)
		v->ret->first_seq = h->first_seq;
}

static void lost_place(struct verifier *v)
{
	judge_claims(v);
	v->tree_known = false;
	v->next_seq = 0;
}

static void check_segment(
    struct verifier *v, const struct load *load, uint64_t next)
{
	struct segment_header h;
	struct err err = {""};
	struct sha256 root;
	int r = load->error;

	v->ret->segments++;
	if (load->two_copies)
		found(v, VERDICT_EDITED, load->name, load->files.first,
		    "its compressed copy differs");
	if (r == 0)
		r = segment_header_get(buf_str(&load->bytes), &h, &err);
	else
		err = load->job.err;
	if (r < 0) {
		found(v, VERDICT_EDITED, load->name, load->files.first, "%s",
		    err.text);
		lost_place(v);
		return;
	}
	if (h.first_seq != load->files.first) {
		found(v, VERDICT_REORDERED, load->name, load->files.first,
		    "this is the segment of frame %llu",
		    (unsigned long long)h.first_seq);
		lost_place(v);
		return;
	}
	r = segment_header_check(&h, v->origin, v->pub, &err);
	if (r < 0)
		found(v, note_verdict(r), load->name, h.first_seq, "%s",
		    err.text);
	merkle_root(&h.tree, &root);
	join(v, load, &h, &root, r == 0);
	check_frames(v, load, &h, r == 0 ? &root : NULL, next);
}

/* What can be said only when all segments were seen. */
static void check_end(struct verifier *v, bool have_newest)
{
	struct note_list *l = v->notes;
	uint64_t last = v->ret->last_seq;

	judge_claims(v);
	for (size_t i = v->next_note + 1; i < l->n; i++)
		if (l->v[i].size == l->v[i - 1].size &&
		    memcmp(&l->v[i].root, &l->v[i - 1].root,
			sizeof l->v[i].root) != 0)
			found(v, VERDICT_FORKED, l->v[i].name, l->v[i].size,
			    "two histories of %llu frames were signed",
			    (unsigned long long)l->v[i].size);
	if (!have_newest)
		found(v, VERDICT_TRUNCATED, "checkpoint", 0,
		    "the newest checkpoint is gone: nothing says where the "
		    "chain ends");
	if ((v->next_seq || v->ret->segments == 0) && last < v->sealed)
		found(v, VERDICT_TRUNCATED,
		    *v->segment ? v->segment : "checkpoint", last + 1,
		    "%llu frames were signed, they end with %llu",
		    (unsigned long long)v->sealed, (unsigned long long)last);
	if (v->next_seq && last > v->sealed)
		found(v, VERDICT_UNSEALED_TAIL, v->segment, v->sealed + 1,
		    "frames %llu to %llu are behind the last checkpoint",
		    (unsigned long long)v->sealed + 1,
		    (unsigned long long)last);
	merkle_root(&v->tree, &v->ret->root);
	v->ret->sound = (v->ret->verdicts & ~VERDICTS_NOTED) == 0;
}

/* Only what belongs to the chain; .new files were never synced. */
static int list_segments(int dirfd, struct segment_list *list, struct err *err)
{
	size_t n = 0;
	int r = segment_list_read(dirfd, list);

	if (r < 0)
		return err_sys(err, r, "cannot list the segments");
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].plain || list->v[i].packed)
			list->v[n++] = list->v[i];
	list->n = n;
	return 0;
}

static int check_segments(struct verifier *v, int dirfd,
    const struct segment_list *list, struct err *err)
{
	struct loader loader;
	struct load *load;
	int r = loader_start(&loader, dirfd, list);

	for (size_t i = 0; r == 0 && (load = loader_next(&loader)); i++) {
		uint64_t next = i + 1 < list->n ? list->v[i + 1].first : 0;

		if (load->error < 0 && load->error != -EBADMSG)
			r = err_set(err, load->error, "%s", load->job.err.text);
		else
			check_segment(v, load, next);
	}
	loader_stop(&loader);
	return r;
}

int trail_verify(int dirfd, const struct sign_public *pub, const char *origin,
    const struct verify_sink *sink, struct verify_result *ret, struct err *err)
{
	struct verifier *v = calloc(1, sizeof *v);
	struct note_list *notes = calloc(1, sizeof *notes);
	struct note_finder finder = {pub, str_z(origin), bad_note, v, false};
	struct segment_list list = {NULL, 0, 0};
	int r = v && notes ? 0 : err_sys(err, -ENOMEM, "cannot verify");

	*ret = (struct verify_result){0};
	if (r == 0) {
		*v = (struct verifier){.origin = str_z(origin),
		    .pub = pub,
		    .sink = sink ? *sink : (struct verify_sink){.ctx = NULL},
		    .ret = ret,
		    .notes = notes,
		    .realtime = INT64_MIN,
		    .boottime = INT64_MIN};
		/* First: a writer may add frames and sign them meanwhile. */
		r = note_list_read(dirfd, &finder, notes, err);
	}
	if (r == 0)
		r = list_segments(dirfd, &list, err);
	if (r == 0 && list.n == 0 && !notes->any_file)
		r = err_set(err, -ENOENT, "there is no trail here");
	if (r == 0) {
		v->sealed = notes->max;
		r = check_segments(v, dirfd, &list, err);
	}
	if (r == 0)
		check_end(v, finder.have_newest);
	segment_list_free(&list);
	free(notes);
	free(v);
	return r;
}
