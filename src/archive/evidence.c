/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/archive.h"
#include "archive/evidence_inside.h"
#include "archive/layout.h"
#include "base/array.h"
#include "base/fd.h"
#include "base/hash.h"
#include "core/event_json.h"
#include "crypto/proof.h"
#include "trail/frame.h"
#include "trail/prune.h"
#include "trail/segment.h"

/* --- what is wanted --- */

static int add_chain(void *ctx, const char *name)
{
	struct evidence *e = ctx;
	struct evidence_chain *c;

	if (array_grow(&e->chains, e->n_chains, &e->chains_cap, sizeof *c) < 0)
		return -ENOMEM;
	c = &e->chains[e->n_chains++];
	*c = (struct evidence_chain){.hash = hash_stable(str_z(name))};
	snprintf(c->name, sizeof c->name, "%s", name);
	return 0;
}

int evidence_open(struct evidence **ret, const char *dir, struct err *err)
{
	struct evidence *e = calloc(1, sizeof *e);
	uint8_t id_key[LAYOUT_ID_KEY_LEN];
	int r;

	if (!e)
		return err_sys(err, -ENOMEM, "store %s", dir);
	r = layout_open(dir, false, &e->dirfd, err);
	if (r < 0)
		e->dirfd = -1;
	if (r == 0)
		r = layout_keys(e->dirfd, &e->key, id_key, err);
	if (r == 0)
		r = evidence_read_keys(e, err);
	if (r == 0)
		r = layout_each_chain(e->dirfd, add_chain, e, err);
	if (r < 0) {
		evidence_close(e);
		return r;
	}
	*ret = e;
	return 0;
}

void evidence_close(struct evidence *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->n_chains; i++) {
		free(e->chains[i].seq);
		free(e->chains[i].recording);
	}
	free(e->chains);
	for (size_t i = 0; i < e->n_keys; i++)
		buf_free(&e->keys[i].text);
	free(e->keys);
	sign_key_wipe(&e->key);
	fd_close(&e->dirfd);
	free(e);
}

const struct sign_key *evidence_key(const struct evidence *e)
{
	return &e->key;
}

static struct evidence_chain *find_chain(struct evidence *e, uint64_t hash)
{
	for (size_t i = 0; i < e->n_chains; i++)
		if (e->chains[i].hash == hash)
			return &e->chains[i];
	return NULL;
}

int evidence_want(
    struct evidence *e, uint64_t chain, uint64_t seq, struct err *err)
{
	struct evidence_chain *c = find_chain(e, chain);
	int r;

	if (!c)
		return err_set(err, -ENOENT,
		    "the chain of event %llu is not in the store",
		    (unsigned long long)seq);
	r = array_grow(&c->seq, c->n, &c->cap, sizeof *c->seq);
	if (r < 0)
		return err_sys(err, r, "events");
	c->seq[c->n++] = seq;
	return 0;
}

int evidence_want_recording(struct evidence *e, struct str chain,
    uint64_t number, uint64_t last, struct err *err)
{
	struct buf name = BUF_INIT;
	struct evidence_chain *c;
	int r;

	buf_add_z(&name, ARCHIVE_RECORDINGS);
	buf_add_str(&name, chain);
	c = find_chain(e, hash_stable(buf_str(&name)));
	buf_free(&name);
	if (!c)
		return err_set(err, -ENOENT,
		    "the chain of recording %llu is not in the store",
		    (unsigned long long)number);
	r = array_grow(&c->recording, c->n_recordings, &c->recordings_cap,
	    sizeof *c->recording);
	if (r < 0)
		return err_sys(err, r, "recordings");
	c->recording[c->n_recordings++] = (struct evidence_recording){
	    .number = number, .last = last, .ended = last == 0};
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void sort_events(struct evidence_chain *c)
{
	size_t n = 0;

	if (c->n)
		qsort(c->seq, c->n, sizeof *c->seq, by_number);
	for (size_t i = 0; i < c->n; i++)
		if (n == 0 || c->seq[n - 1] != c->seq[i])
			c->seq[n++] = c->seq[i];
	c->n = n;
}

static bool is_of_recording(struct evidence_recording *r, const struct frame *f)
{
	if (f->stream != (uint32_t)r->number || f->seq < r->number ||
	    (r->last && f->seq > r->last))
		return false;
	r->begun |= f->seq == r->number;
	r->ended |= f->seq == r->last;
	return true;
}

static bool is_wanted(struct evidence_chain *c, const struct frame *f)
{
	bool wanted = false;

	if (f->type != FRAME_RECORDING)
		return c->n && bsearch(&f->seq, c->seq, c->n, sizeof *c->seq,
				   by_number);
	for (size_t i = 0; i < c->n_recordings && !wanted; i++)
		wanted = is_of_recording(&c->recording[i], f);
	return wanted;
}

/* --- one chain --- */

struct writing {
	struct evidence *e;
	struct evidence_chain *chain;
	struct parcel *parcel;
	const struct evidence_pulse *pulse;
	const char *dir; /* in it */
	int chainfd;
	struct evidence_notes notes;
	uint64_t removed; /* frames in front that are not there any more */
	struct merkle tree;
	struct proof proof;
	struct buf lines, frame;
	uint64_t events; /* of those that are wanted, found */
	struct err *err;
};

static const char *name_in(
    const struct writing *w, const char *file, char ret[static 64])
{
	snprintf(ret, 64, "%s/%s", w->dir, file);
	return ret;
}

/* Where frames were removed, the first header that is left has the tree. */
static int begin_tree(struct writing *w)
{
	struct buf bytes = BUF_INIT;
	struct segment_header h;
	char name[SEGMENT_NAME_LEN];
	uint64_t first = 0;
	int r = trail_first(w->chainfd, &first);

	if (r < 0)
		return err_sys(w->err, r, "chain %s", w->chain->name);
	if (first <= 1)
		return 0;
	w->removed = first - 1;
	r = segment_load(w->chainfd, first, &bytes, name, w->err);
	if (r == 0)
		r = segment_header_get(buf_str(&bytes), &h, w->err);
	if (r == 0 && h.first_seq != first)
		r = err_set(w->err, -EBADMSG, "%s is another segment", name);
	if (r == 0) {
		w->tree = h.tree;
		proof_hide_tree(&w->proof, &h.tree);
	}
	buf_free(&bytes);
	return r;
}

/* What was signed of the tree as it is now. */
static int compare(struct writing *w)
{
	struct sha256 root;

	for (size_t i = 0; i < w->notes.n; i++) {
		const struct evidence_note *n = &w->notes.v[i];

		if (n->size != w->tree.size)
			continue;
		proof_cut(&w->proof);
		merkle_root(&w->tree, &root);
		if (memcmp(&root, &n->root, sizeof root) != 0)
			return err_set(w->err, -EBADMSG,
			    "chain %s is not what its %s says of frames 1 to "
			    "%llu: sshtrail verify tells more",
			    w->chain->name, n->file,
			    (unsigned long long)n->size);
	}
	return 0;
}

static int take_frame(struct writing *w, const struct frame *f)
{
	struct sha256 leaf;
	int r = w->pulse->alive ? w->pulse->alive(w->pulse->ctx) : 0;

	if (r < 0)
		return r;
	buf_clear(&w->frame);
	frame_put(&w->frame, f);
	if (buf_error(&w->frame))
		return err_sys(w->err, buf_error(&w->frame), "frame");
	merkle_leaf_hash(w->frame.p, w->frame.n, &leaf);
	merkle_append(&w->tree, &leaf);
	if (is_wanted(w->chain, f)) {
		w->events += f->type == FRAME_EVENT;
		proof_show(&w->proof);
		parcel_add(w->parcel, buf_str(&w->frame));
	} else {
		proof_hide(&w->proof, &leaf);
	}
	return compare(w);
}

static int read_frames(struct writing *w)
{
	struct trail_reader *reader = NULL;
	struct frame f;
	int r = compare(w);

	if (r == 0)
		r = trail_reader_open(
		    &reader, w->chainfd, w->removed + 1, w->err);
	while (r == 0 && w->tree.size < w->notes.max) {
		r = trail_reader_next(reader, &f, w->err);
		if (r == 0)
			r = err_set(w->err, -EBADMSG,
			    "chain %s ends with frame %llu, and %llu were "
			    "signed: sshtrail verify tells more",
			    w->chain->name, (unsigned long long)w->tree.size,
			    (unsigned long long)w->notes.max);
		else if (r == 1)
			r = take_frame(w, &f);
	}
	trail_reader_close(reader);
	return r;
}

/* Every event that is wanted must be there, and signed by the store. */
static int check_all_there(const struct writing *w)
{
	const struct evidence_chain *c = w->chain;
	uint64_t last = c->n ? c->seq[c->n - 1] : 0;

	if (last > w->notes.v[0].size)
		return err_set(w->err, -EAGAIN,
		    "event %llu of %s is not signed yet: try again",
		    (unsigned long long)last, c->name);
	if (c->n && c->seq[0] <= w->removed)
		return err_set(w->err, -ENOENT,
		    "event %llu of %s was removed meanwhile: try again",
		    (unsigned long long)c->seq[0], c->name);
	if (w->events != c->n)
		return err_set(w->err, -EBADMSG,
		    "not all events are in chain %s: sshtrail reindex makes "
		    "the index anew",
		    c->name);
	return 0;
}

static int write_frames(struct writing *w)
{
	char name[64];
	int r, ended;

	parcel_begin(w->parcel, name_in(w, "frames", name));
	r = begin_tree(w);
	if (r == 0)
		r = read_frames(w);
	ended = parcel_end(w->parcel, r == 0 ? w->err : NULL);
	if (r == 0)
		r = ended;
	if (r == 0)
		r = check_all_there(w);
	proof_cut(&w->proof);
	if (r == 0 && buf_error(&w->lines))
		r = err_sys(w->err, buf_error(&w->lines), "proof");
	return r < 0 ? r
		     : parcel_file(w->parcel, name_in(w, "tree", name),
			   buf_str(&w->lines), w->err);
}

/* {"chain":"...","seq":1,"event":{...}}, the event as it is in its frame. */
static int write_events(struct writing *w)
{
	const struct evidence_chain *c = w->chain;
	struct trail_reader *reader = NULL;
	struct buf line = BUF_INIT;
	struct frame f;
	char name[64];
	int r = trail_reader_open(&reader, w->chainfd, c->seq[0], w->err),
	    ended;

	parcel_begin(w->parcel, name_in(w, "events.jsonl", name));
	for (size_t i = 0; i < c->n && r == 0; i++) {
		if (w->pulse->alive && (r = w->pulse->alive(w->pulse->ctx)) < 0)
			break;
		if (i && c->seq[i] != c->seq[i - 1] + 1)
			trail_reader_seek(reader, c->seq[i]);
		r = trail_reader_next(reader, &f, w->err);
		if (r <= 0)
			break;
		buf_clear(&line);
		buf_add_z(&line, "{\"chain\":");
		json_add_string(&line, str_z(c->name));
		buf_printf(&line, ",\"seq\":%llu,\"event\":%.*s}\n",
		    (unsigned long long)f.seq, STR_ARG(f.payload));
		parcel_add(w->parcel, buf_str(&line));
		r = buf_error(&line);
	}
	ended = parcel_end(w->parcel, r == 0 ? w->err : NULL);
	trail_reader_close(reader);
	buf_free(&line);
	return r < 0 ? r : ended;
}

static int write_notes(struct writing *w, struct buf *about)
{
	const char *comma = "";
	char name[64];
	int r = 0;

	buf_add_z(about, ",\"notes\":[");
	for (size_t i = 0; i < w->notes.n && r == 0; i++, comma = ",") {
		const struct evidence_note *n = &w->notes.v[i];

		/* Of frames that are gone it tells nothing any more. */
		if (n->size < w->removed)
			continue;
		n->key->used = true;
		buf_printf(about, "%s{\"file\":\"%s\",\"key\":\"%s\"", comma,
		    name_in(w, n->file, name), n->key->file);
		if (n->cosigner) {
			n->cosigner->used = true;
			buf_printf(
			    about, ",\"cosigner\":\"%s\"", n->cosigner->file);
		}
		buf_add_char(about, '}');
		r = parcel_file(w->parcel, name, buf_str(&n->text), w->err);
	}
	buf_add_z(about, "]}");
	return r;
}

/* All but `lines`, `frame` and `notes` is the caller's. */
static int write_chain(struct writing *w, struct buf *about)
{
	const struct evidence_chain *c = w->chain;
	CLEANUP_FD int fd = -1;
	int r = layout_open_chain(w->e->dirfd, c->name, false, &fd, w->err);

	w->chainfd = fd;
	w->proof.lines = &w->lines;
	if (r == 0)
		r = evidence_notes_read(&w->notes, w->e, c->name, fd, w->err);
	if (r == 0)
		r = write_frames(w);
	if (r == 0 && c->n)
		r = write_events(w);
	buf_printf(about, "{\"directory\":\"%s\",\"chain\":", w->dir);
	json_add_string(about, str_z(c->name));
	if (r == 0)
		r = write_notes(w, about);
	evidence_notes_free(&w->notes);
	buf_free(&w->lines);
	buf_free(&w->frame);
	return r;
}

/* --- all of it --- */

static int write_keys(
    const struct evidence *e, struct parcel *p, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < e->n_keys && r == 0; i++)
		if (i == KEY_STORE || e->keys[i].used)
			r = parcel_file(
			    p, e->keys[i].file, buf_str(&e->keys[i].text), err);
	return r;
}

static void list_recordings(const struct evidence *e, struct buf *about)
{
	const char *comma = "";

	buf_add_z(about, "],\n\"recordings\":[");
	for (size_t i = 0; i < e->n_chains; i++) {
		const struct evidence_chain *c = &e->chains[i];

		for (size_t j = 0; j < c->n_recordings; j++, comma = ",") {
			buf_printf(about, "%s\n{\"chain\":", comma);
			json_add_string(about, str_z(c->name));
			buf_printf(about,
			    ",\"number\":%llu,\"last\":%llu,\"whole\":%s}",
			    (unsigned long long)c->recording[j].number,
			    (unsigned long long)c->recording[j].last,
			    c->recording[j].begun && c->recording[j].ended
				? "true"
				: "false");
		}
	}
	buf_add_z(about, "]");
}

int evidence_write(struct evidence *e, struct parcel *p,
    const struct evidence_pulse *pulse, struct buf *about, struct err *err)
{
	unsigned n = 0;
	int r = 0;

	buf_add_z(about, "\"chains\":[");
	for (size_t i = 0; i < e->n_chains && r == 0; i++) {
		char dir[32];
		struct writing w = {.e = e,
		    .chain = &e->chains[i],
		    .parcel = p,
		    .pulse = pulse,
		    .dir = dir,
		    .err = err};

		if (e->chains[i].n + e->chains[i].n_recordings == 0)
			continue;
		buf_add_z(about, n ? ",\n" : "\n");
		snprintf(dir, sizeof dir, "chain%u", ++n);
		sort_events(&e->chains[i]);
		r = write_chain(&w, about);
	}
	list_recordings(e, about);
	return r < 0 ? r : write_keys(e, p, err);
}
