/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/recover.h"

#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "trail/frame.h"
#include "trail/mend.h"
#include "trail/segment.h"

/* Segments begun and not synced: the sealer's queue, and the current one. */
#define STEPS_MAX 16

struct scan {
	int dirfd;
	struct str origin;
	const struct sign_public *pub;
	bool have_signed;
	uint64_t signed_size;
	struct sha256 signed_root;
	struct segment_list list;
	struct merkle tree;
	struct mend_step steps[STEPS_MAX];
	size_t n_steps;
	size_t header_len; /* of the last step */
	uint8_t boot[16];  /* of the last step */
	bool torn;
};

/* The checkpoint file is a hint: without it, all frames count as unsigned. */
static int read_signed(struct scan *s, bool *ret_damaged, struct err *err)
{
	struct buf b = BUF_INIT;
	struct checkpoint cp;
	int r = fd_read_file(s->dirfd, "checkpoint", CHECKPOINT_NOTE_MAX, &b);

	if (r == 0)
		r = checkpoint_verify(buf_str(&b), s->pub, &cp, err);
	else if (r != -ENOENT && r != -EFBIG)
		err_sys(err, r, "cannot read the checkpoint");
	if (r == 0 && !str_eq(cp.origin, s->origin))
		r = err_set(
		    err, -ENOKEY, "this is the chain %.*s", STR_ARG(cp.origin));
	if (r == 0) {
		s->have_signed = true;
		s->signed_size = cp.size;
		s->signed_root = cp.root;
	}
	buf_free(&b);
	*ret_damaged = r == -EBADMSG || r == -EFBIG;
	return *ret_damaged || r == -ENOENT ? 0 : r;
}

static bool roots_equal(const struct merkle *t, const struct sha256 *root)
{
	struct sha256 mine;

	merkle_root(t, &mine);
	return memcmp(&mine, root, sizeof mine) == 0;
}

static bool signed_fits(const struct scan *s)
{
	return !s->have_signed || s->tree.size != s->signed_size ||
	       roots_equal(&s->tree, &s->signed_root);
}

/* Take in the good frames; the place behind the last one. */
static size_t walk(
    struct scan *s, struct str bytes, struct mend_step *step, bool *ret_edited)
{
	size_t at = s->header_len, len;
	struct sha256 leaf;
	struct frame f;

	step->unsigned_from = at;
	*ret_edited = !signed_fits(s);
	while (at < bytes.n && !*ret_edited) {
		struct str rest = str_from(bytes, at);

		if (frame_get(rest, &f, &len) != FRAME_WHOLE ||
		    f.seq != s->tree.size + 1)
			break;
		merkle_leaf_hash(rest.p, len, &leaf);
		merkle_append(&s->tree, &leaf);
		at += len;
		if (s->have_signed && s->tree.size <= s->signed_size)
			step->unsigned_from = at;
		*ret_edited = !signed_fits(s);
	}
	return at;
}

static int scan_segment(struct scan *s, const struct segment_files *files,
    bool fresh, struct err *err)
{
	struct mend_step *step = &s->steps[s->n_steps];
	struct buf b = BUF_INIT;
	struct segment_header h;
	char name[SEGMENT_NAME_LEN];
	bool edited = false;
	int r;

	segment_name(files->first, ".new", name);
	r = fresh ? segment_read(s->dirfd, name, &b, err)
		  : segment_load(s->dirfd, files->first, &b, name, err);
	if (r == 0)
		r = segment_header_get(buf_str(&b), &h, err);
	if (r == 0)
		r = segment_header_check(&h, s->origin, s->pub, err);
	if (r == 0 && h.first_seq != files->first)
		r = err_set(err, -EBADMSG, "%s has another number", name);
	if (r == 0 && s->n_steps > 0) {
		struct sha256 root;

		merkle_root(&h.tree, &root);
		if (!roots_equal(&s->tree, &root))
			r = err_set(err, -EBADMSG, "%s does not follow", name);
	}
	if (r == 0) {
		s->tree = h.tree;
		s->header_len = h.len;
		memcpy(s->boot, h.boot, sizeof s->boot);
		*step = (struct mend_step){.first = files->first,
		    .fresh = fresh,
		    .packed = files->packed && !fresh};
		step->file_len = b.n;
		step->len = walk(s, buf_str(&b), step, &edited);
		s->torn = step->len < b.n;
		s->n_steps++;
		if (edited || (s->torn && (s->tree.size < s->signed_size ||
					      step->packed)))
			r = err_set(err, -EBADMSG,
			    "%s: frame %llu is not what was signed", name,
			    (unsigned long long)s->tree.size + !edited);
	}
	buf_free(&b);
	return r;
}

static const struct segment_files *find_fresh(const struct scan *s)
{
	for (size_t i = s->list.n; i-- > 0;)
		if (s->list.v[i].fresh &&
		    s->list.v[i].first == s->tree.size + 1)
			return &s->list.v[i];
	return NULL;
}

static int scan_chain(struct scan *s, struct err *err)
{
	const struct segment_files *files = NULL;
	struct err ignored;
	int r = 0;

	for (size_t i = 0; i < s->list.n; i++)
		if (s->list.v[i].plain || s->list.v[i].packed)
			files = &s->list.v[i];
	if (files)
		r = scan_segment(s, files, false, err);
	while (r == 0 && !s->torn && s->n_steps < STEPS_MAX) {
		struct merkle before = s->tree;

		files = find_fresh(s);
		if (!files)
			break;
		/* One that does not fit is no damage: it was never synced. */
		if (scan_segment(s, files, true, &ignored) < 0) {
			s->tree = before;
			break;
		}
		if (s->steps[s->n_steps - 1].len == s->header_len)
			break;
	}
	if (r == 0 && s->tree.size < s->signed_size)
		r = err_set(err, -EBADMSG,
		    "%llu frames were signed and %llu are there",
		    (unsigned long long)s->signed_size,
		    (unsigned long long)s->tree.size);
	return r;
}

static void fill_end(const struct scan *s, const uint8_t boot[static 16],
    bool unclean, struct chain_end *ret)
{
	const struct mend_step *last;

	*ret = (struct chain_end){.tree = s->tree};
	if (s->n_steps == 0)
		return;
	last = &s->steps[s->n_steps - 1];
	ret->segment = last->first;
	ret->segment_len = last->len;
	ret->header_len = s->header_len;
	ret->may_continue = !unclean && !last->packed &&
			    memcmp(boot, s->boot, sizeof s->boot) == 0;
}

int chain_recover(int dirfd, const struct trail_config *cfg,
    const uint8_t boot[static 16], struct chain_end *ret,
    struct trail_recovery *recovery, struct err *err)
{
	struct scan s = {.dirfd = dirfd,
	    .origin = str_z(cfg->origin),
	    .pub = &cfg->key->pub};
	bool damaged = false, unclean;
	uint64_t torn = 0;
	int r;

	merkle_init(&s.tree);
	r = read_signed(&s, &damaged, err);
	if (r < 0)
		return r;
	r = segment_list_read(dirfd, &s.list);
	if (r < 0)
		return err_sys(err, r, "cannot list the segments");
	r = scan_chain(&s, err);
	unclean = s.torn || damaged || s.tree.size != s.signed_size;
	if (r == 0)
		r = mend_apply(dirfd, s.steps, s.n_steps, &torn, err);
	if (r == 0)
		r = mend_leftovers(dirfd, &torn, err);
	if (r == 0 && damaged)
		r = mend_set_aside(dirfd, "checkpoint", err);
	segment_list_free(&s.list);
	if (r < 0)
		return r;
	fill_end(&s, boot, unclean, ret);
	*recovery =
	    (struct trail_recovery){torn, s.tree.size, unclean || torn > 0};
	return 0;
}
