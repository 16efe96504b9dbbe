/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/walk.h"

#include <stdlib.h>

#include "base/array.h"
#include "trail/frame.h"

static void set_once(uint64_t *at, uint64_t seq)
{
	if (*at == 0)
		*at = seq;
}

bool walk_is_whole(const struct walk *w)
{
	return !w->edited && !w->missing && !w->reordered && !w->cut;
}

static enum frame_state step_at(struct str frames, size_t at, struct step *ret)
{
	struct str rest = str_from(frames, at);
	enum frame_state state = frame_get(rest, &ret->frame, &ret->len);

	ret->at = at;
	if (state == FRAME_WHOLE)
		merkle_leaf_hash(rest.p, ret->len, &ret->leaf);
	return state;
}

void steps_read(struct steps *s, struct str frames)
{
	s->n = 0;
	for (size_t at = 0; at < frames.n;) {
		struct step *step;

		if (array_grow(&s->v, s->n, &s->cap, sizeof *s->v) < 0)
			return;
		step = &s->v[s->n];
		if (step_at(frames, at, step) != FRAME_WHOLE)
			return;
		at += step->len;
		s->n++;
	}
}

void steps_free(struct steps *s)
{
	free(s->v);
	*s = (struct steps){NULL, 0, 0};
}

/* In its place or not. `behind_damage`: numbers may jump. */
static void walk_step(
    struct walk *w, const struct step *step, bool behind_damage)
{
	const struct frame *f = &step->frame;

	w->n_frames++;
	if (f->seq <= w->last) {
		set_once(&w->reordered, f->seq);
		return;
	}
	if (f->seq > w->last + 1 && !behind_damage)
		set_once(&w->missing, w->last + 1);
	w->last = f->seq;
	if (!walk_is_whole(w))
		return;
	merkle_append(&w->tree, &step->leaf);
	w->each(w->ctx, w, f);
}

/* No frame at `at`: where to go on, or the end. */
static size_t walk_damage(struct walk *w, size_t at, enum frame_state state)
{
	struct str rest = str_from(w->frames, at);
	size_t skip = frame_resync(rest, w->last);

	if (skip == STR_NPOS && w->is_last && w->last >= w->sealed) {
		w->torn = w->last + 1;
		return w->frames.n;
	}
	if (skip == STR_NPOS && state == FRAME_CUT) {
		w->cut = w->last + 1;
		return w->frames.n;
	}
	set_once(&w->edited, w->last + 1);
	w->end_unknown = skip == STR_NPOS;
	return skip == STR_NPOS ? w->frames.n : at + skip;
}

void walk_run(struct walk *w)
{
	bool behind_damage = false;
	size_t at = 0;

	w->last = w->tree.size;
	for (size_t i = 0; i < w->ahead.n; i++) {
		walk_step(w, &w->ahead.v[i], false);
		at = w->ahead.v[i].at + w->ahead.v[i].len;
	}
	while (at < w->frames.n) {
		struct step step;
		enum frame_state state = step_at(w->frames, at, &step);

		if (state == FRAME_WHOLE) {
			walk_step(w, &step, behind_damage);
			at += step.len;
			behind_damage = false;
		} else {
			at = walk_damage(w, at, state);
			behind_damage = true;
		}
	}
}
