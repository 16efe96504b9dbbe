/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/walk.h"

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

/* A whole frame, in its place or not. `behind_damage`: numbers may jump. */
static void walk_frame(
    struct walk *w, const struct frame *f, struct str bytes, bool behind_damage)
{
	struct sha256 leaf;

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
	merkle_leaf_hash(bytes.p, bytes.n, &leaf);
	merkle_append(&w->tree, &leaf);
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
	struct frame f;
	size_t len;

	w->last = w->tree.size;
	for (size_t at = 0; at < w->frames.n;) {
		struct str rest = str_from(w->frames, at);
		enum frame_state state = frame_get(rest, &f, &len);

		if (state == FRAME_WHOLE) {
			walk_frame(w, &f, str_upto(rest, len), behind_damage);
			at += len;
			behind_damage = false;
		} else {
			at = walk_damage(w, at, state);
			behind_damage = true;
		}
	}
}
