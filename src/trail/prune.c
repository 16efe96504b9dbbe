/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"
#include "trail/header.h"
#include "trail/segment.h"

#define AT  "removed "
#define WHY "because "

static const char *const suffixes[] = {"", ".zst"};

/* The lines below the root hash. */
static bool parse_extension(struct str s, struct trail_hole *ret)
{
	struct str at, why;

	if (!str_cut(&s, '\n', &at) || !str_skip(&at, STR(AT)) ||
	    !time_parse_iso(&at, NULL, &ret->time) || at.n ||
	    !str_cut(&s, '\n', &why) || !str_skip(&why, STR(WHY)) || s.n ||
	    why.n > TRAIL_WHY_MAX)
		return false;
	memcpy(ret->why, why.p, why.n);
	ret->why[why.n] = '\0';
	return true;
}

int trail_hole_read(int dirfd, const struct sign_public *pub,
    const char *origin, struct trail_hole *ret, struct err *err)
{
	struct buf b = BUF_INIT;
	struct checkpoint cp;
	int r = fd_read_file(dirfd, TRAIL_HOLE, CHECKPOINT_NOTE_MAX, &b);

	if (r < 0)
		return err_sys(err, r, TRAIL_HOLE);
	r = checkpoint_verify(buf_str(&b), pub, &cp, err);
	if (r == 0 && (!str_eqz(cp.origin, origin) ||
			  !parse_extension(cp.extension, ret)))
		r = err_set(err, -EBADMSG,
		    TRAIL_HOLE " says nothing of this "
			       "chain");
	ret->upto = r == 0 ? cp.size : 0;
	buf_free(&b);
	return r;
}

static uint64_t size_of(int dirfd, uint64_t first)
{
	char name[SEGMENT_NAME_LEN];
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		segment_name(first, suffixes[i], name);
		if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return (uint64_t)st.st_size;
	}
	return 0;
}

static int read_header(int dirfd, uint64_t first, struct buf *b,
    struct segment_header *ret, struct err *err)
{
	char name[SEGMENT_NAME_LEN];
	int r = segment_load(dirfd, first, b, name, err);

	if (r == 0)
		r = segment_header_get(buf_str(b), ret, err);
	if (r == 0 && ret->first_seq != first)
		r = err_set(err, -EBADMSG, "it is another segment's");
	return r < 0 ? err_context(err, r, "segment %s", name) : 0;
}

/* Only those that are part of the chain. */
static int list_read(int dirfd, struct segment_list *ret)
{
	int r = segment_list_read(dirfd, ret);
	size_t to = 0;

	for (size_t i = 0; r == 0 && i < ret->n; i++)
		if (ret->v[i].plain || ret->v[i].packed)
			ret->v[to++] = ret->v[i];
	if (r == 0)
		ret->n = to;
	return r;
}

int trail_first(int dirfd, uint64_t *ret)
{
	struct segment_list list;
	int r = list_read(dirfd, &list);

	*ret = r == 0 && list.n ? list.v[0].first : 0;
	segment_list_free(&list);
	return r;
}

int trail_first_header(
    int dirfd, uint64_t first, struct buf *ret, struct err *err)
{
	struct buf b = BUF_INIT;
	struct segment_header h;
	int r = read_header(dirfd, first, &b, &h, err);

	if (r == 0)
		buf_add(ret, b.p, h.len);
	buf_free(&b);
	return r < 0 ? r : buf_error(ret);
}

int trail_pieces(int dirfd, uint64_t *ret_bytes,
    int (*fn)(void *ctx, const struct trail_piece *p), void *ctx,
    struct err *err)
{
	struct buf b = BUF_INIT;
	struct segment_header h;
	struct segment_list list;
	int r = list_read(dirfd, &list);

	if (r < 0)
		return err_sys(err, r, "cannot list the segments");
	*ret_bytes = 0;
	for (size_t i = 0; i < list.n; i++)
		*ret_bytes += size_of(dirfd, list.v[i].first);
	for (size_t i = 0; i + 1 < list.n && r == 0; i++) {
		struct trail_piece p = {.first = list.v[i].first,
		    .end = list.v[i + 1].first,
		    .bytes = size_of(dirfd, list.v[i].first),
		    .sealed = list.v[i].packed && !list.v[i].plain};

		r = read_header(dirfd, p.end, &b, &h, err);
		p.begun = h.realtime;
		if (r == 0)
			r = fn(ctx, &p);
	}
	segment_list_free(&list);
	buf_free(&b);
	return r;
}

/* What is left must vouch for what goes. */
static int check_kept(int dirfd, const char *origin, const struct sign_key *key,
    uint64_t first, struct sha256 *ret_root, struct err *err)
{
	struct buf b = BUF_INIT;
	struct segment_header h;
	int r = read_header(dirfd, first, &b, &h, err);

	if (r == 0)
		r = segment_header_check(&h, str_z(origin), &key->pub, err);
	if (r == 0)
		merkle_root(&h.tree, ret_root);
	buf_free(&b);
	return r;
}

int trail_hole_write(int dirfd, const char *origin, const struct sign_key *key,
    const struct trail_hole *hole, const struct sha256 *root, struct err *err)
{
	struct buf text = BUF_INIT, note = BUF_INIT;
	struct checkpoint cp = {
	    .origin = str_z(origin), .size = hole->upto, .root = *root};
	char at[TIME_ISO_LEN];
	int r;

	time_format_iso(hole->time, at);
	buf_printf(&text, AT "%s\n" WHY "%s\n", at, hole->why);
	cp.extension = buf_str(&text);
	r = buf_error(&text);
	if (r == 0)
		r = checkpoint_sign(&cp, key, &note);
	if (r == 0)
		r = fd_replace_file(dirfd, TRAIL_HOLE, 0644, note.p, note.n);
	buf_free(&text);
	buf_free(&note);
	return r < 0 ? err_sys(err, r, TRAIL_HOLE) : 0;
}

/* From the front on: what is left is a chain after each step. */
static int remove_before(int dirfd, uint64_t end, struct err *err)
{
	char name[SEGMENT_NAME_LEN];
	struct segment_list list;
	int r = list_read(dirfd, &list);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		for (size_t k = 0; k < 2 && list.v[i].first < end; k++) {
			segment_name(list.v[i].first, suffixes[k], name);
			if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
				r = -errno;
		}
	if (r == 0 && fsync(dirfd) < 0)
		r = -errno;
	segment_list_free(&list);
	return r < 0 ? err_sys(err, r, "cannot remove segments") : 0;
}

int trail_prune(int dirfd, const char *origin, const struct sign_key *key,
    const struct trail_hole *hole, struct err *err)
{
	struct sha256 root;
	int r = check_kept(dirfd, origin, key, hole->upto + 1, &root, err);

	if (r == 0)
		r = trail_hole_write(dirfd, origin, key, hole, &root, err);
	return r < 0 ? r : remove_before(dirfd, hole->upto + 1, err);
}
