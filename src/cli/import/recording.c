/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/recording.h"

#include <errno.h>
#include <stdlib.h>

#include "base/map.h"
#include "cli/import/file_event.h"
#include "cli/import/member.h"
#include "cli/import/screening.h"
#include "cli/import/tape.h"
#include "cli/import/vouchers.h"
#include "core/event_json.h"
#include "record/unechoed.h"

#define NS_PER_USEC    1000
#define HELD_MAX       ((size_t)32 << 20)
#define PIECE_OVERHEAD 128

/* One recording of the file. */
struct reel {
	bool known; /* it is in the store already, as */
	uint64_t identity;
	uint64_t pieces;	   /* that came */
	const struct reel *before; /* when it was looked at; or NULL */
	bool ended;		   /* all is done, and freed */
	struct unechoed *unechoed; /* before the tape; NULL: all is kept */
	struct tape tape;
	struct err *err;
};

/* One reading of a file. */
struct reels {
	struct format_sink sink; /* first: the sink is cast back */
	struct import_run *run;
	const struct import_file *file;
	struct member parts[FORMAT_PARTS_MAX];
	struct trail *trail;	    /* NULL: it is only looked at */
	const struct reels *looked; /* when it was looked at; or NULL */
	int64_t src;		    /* of the first part's import.start */
	struct reel **v;	    /* n of them */
	size_t n;
	struct map by_id; /* of the reader: index in v */
	size_t held;	  /* bytes of chunks in memory, about */
	struct buf said;
	struct arena mem; /* of events */
	uint64_t skipped;
	struct err *err;
};

/* --- events --- */

static int append_start(
    struct reels *t, const struct member *p, struct str op, int64_t *ret_src)
{
	struct event ev;
	int r;

	file_event_start(&ev, &p->file, op);
	/* At once: its number is what the others name. */
	r = archive_append(t->run->archive, &ev, t->err);
	*ret_src = (int64_t)ev.seq;
	import_count(t->run, &ev);
	return r;
}

static int append_end(struct reels *t, const struct member *p, int64_t src)
{
	struct file_digest digest;
	char hex[2][65];
	struct event ev;

	member_digest(p, &digest);
	file_event_end(&ev, &p->file, src, &digest, hex);
	if (p->damage.text[0])
		event_set_str(&ev, F_REASON, str_z(p->damage.text));
	return vouchers_add(t->run, &ev, t->err);
}

static int note_damage(struct reels *t, const struct member *p)
{
	struct event ev;

	import_damaged(t->run, &p->file, p->damage.text);
	file_event_gap(&ev, &p->file, t->src, p->content_bytes, p->damage.text);
	return vouchers_add(t->run, &ev, t->err);
}

static struct reel *find_reel(const struct reels *t, uint64_t id)
{
	const uint64_t *at = map_get(&t->by_id, id);

	return at ? t->v[*at] : NULL;
}

static int to_tape(void *user, const struct piece *p)
{
	struct reel *reel = user;

	return tape_piece(&reel->tape, p, reel->err);
}

static void empty_reel(struct reel *reel)
{
	unechoed_free(reel->unechoed);
	tape_free(&reel->tape);
	reel->unechoed = NULL;
}

static void free_reel(struct reel *reel)
{
	empty_reel(reel);
	free(reel);
}

static struct reel *new_reel(const struct reels *t)
{
	struct reel *reel = calloc(1, sizeof *reel);

	if (!reel)
		return NULL;
	reel->err = t->err;
	if (t->run->keep_unechoed)
		return reel;
	reel->unechoed = unechoed_new(to_tape, reel);
	if (reel->unechoed)
		return reel;
	free(reel);
	return NULL;
}

static struct reel *add_reel(struct reels *t, uint64_t id)
{
	struct reel **v = realloc(t->v, (t->n + 1) * sizeof(struct reel *));
	const struct reel *before = t->looked ? find_reel(t->looked, id) : NULL;
	struct reel *reel = v ? new_reel(t) : NULL;
	uint64_t *at = reel ? map_put(&t->by_id, id) : NULL;

	if (v)
		t->v = v;
	if (!at) {
		if (reel)
			free_reel(reel);
		return NULL;
	}
	reel->before = before;
	if (before && before->known) {
		reel->known = true;
		reel->identity = before->identity;
	}
	*at = t->n;
	t->v[t->n++] = reel;
	return reel;
}

static void add_inferred(struct reels *t, const struct head *h, struct buf *b)
{
	if (!h->host.n && t->file->host_inferred)
		buf_add_z(b, t->file->host_inferred);
	if (h->time == t->sink.time) {
		buf_add_z(b, b->n ? "; " : "");
		buf_add_z(b, "begin: when the file was last changed");
	}
}

/* What it is, whichever chain it comes into. */
static void make_open(struct reels *t, const struct head *h, struct event *ev,
    char size[static HEAD_SIZE_LEN])
{
	event_init(ev, EVENT_CHANNEL_OPEN);
	head_to_event(h, ev, size);
	ev->source = STR("recordings");
	ev->trust = t->file->format->guarded ? TRUST_DAEMON : TRUST_TEXT;
	if (ev->host.n == 0)
		ev->host = str_z(t->file->host);
	event_set_str(ev, F_FORMAT, str_z(t->file->format->name));
}

static int begin(struct format_sink *sink, uint64_t id, const struct head *h)
{
	struct reels *t = (struct reels *)sink;
	struct reel *reel = add_reel(t, id);
	struct buf inferred = BUF_INIT;
	struct trail *trail = t->trail;
	char size[HEAD_SIZE_LEN];
	struct event ev;
	int r = -ENOMEM;

	make_open(t, h, &ev, size);
	buf_clear(&t->said);
	event_to_json(&ev, 0, &t->said);
	add_inferred(t, h, &inferred);
	if (inferred.n)
		event_set_str(&ev, F_INFERRED, buf_str(&inferred));
	if (reel && reel->known)
		trail = NULL;
	event_set_int(&ev, F_SRC, t->src);
	event_set_str(&ev, F_RECORDING_CHAIN, str_z(t->run->chain));
	event_set_int(&ev, F_RECORDING, (int64_t)tape_number(trail));
	if (reel && !buf_error(&t->said) && !buf_error(&inferred))
		r = tape_begin(&reel->tape, trail, h->time, &ev,
		    buf_str(&t->said), t->err);
	else
		err_sys(t->err, r, "recording");
	buf_free(&inferred);
	return r;
}

/* `r` is of struct unechoed, which had no memory, or handed on an error. */
static int tell_unechoed(const struct reels *t, int r)
{
	return r == -ENOMEM ? err_sys(t->err, r, "recording") : r;
}

/* Nothing waits in memory any more to be decided. */
static int settle(const struct reels *t, struct reel *reel)
{
	if (!reel->unechoed)
		return 0;
	return tell_unechoed(t, unechoed_settle(reel->unechoed));
}

/* What many recordings of one file have in memory. */
static int flush_all(struct reels *t)
{
	int r = 0;

	for (size_t i = 0; i < t->n && r == 0; i++) {
		if (t->v[i]->ended)
			continue;
		r = settle(t, t->v[i]);
		if (r == 0)
			r = tape_flush(&t->v[i]->tape, t->err);
	}
	t->held = 0;
	return r;
}

static void skipped(struct format_sink *sink, const struct format_skip *skip)
{
	struct reels *t = (struct reels *)sink;
	struct import_totals *totals = &t->run->totals;
	struct import_example *ex;

	t->skipped++;
	if (!t->trail)
		return;
	totals->unparsed++;
	if (totals->n_examples == IMPORT_EXAMPLES_MAX)
		return;
	ex = &totals->examples[totals->n_examples];
	ex->path = strdup(t->parts[skip->part].file.path
			      ? t->parts[skip->part].file.path
			      : t->file->path);
	if (!ex->path)
		return;
	ex->line = skip->line;
	ex->offset = skip->offset;
	ex->expected = skip->expected;
	ex->n = skip->text.n < sizeof ex->text ? skip->text.n : sizeof ex->text;
	if (ex->n)
		memcpy(ex->text, skip->text.p, ex->n);
	totals->n_examples++;
}

static struct str take(struct format_sink *sink, unsigned part, size_t n)
{
	struct reels *t = (struct reels *)sink;

	return member_take(&t->parts[part], n);
}

/* --- a whole file --- */

static bool is_damaged(const struct reels *t)
{
	bool damaged = t->skipped;

	for (size_t i = 0; i < FORMAT_PARTS_MAX; i++)
		damaged |= t->parts[i].damage.text[0] != '\0';
	return damaged;
}

/* What comes behind the recording was looked at, too. */
static bool is_partial(const struct reels *t)
{
	return is_damaged(t) || (t->looked && is_damaged(t->looked));
}

static void count_masked(struct import_totals *t, const struct counts *c)
{
	t->masked += (uint64_t)c->masked;
	t->masked_in += c->masked > 0;
}

static int tell_change(const struct reels *t)
{
	return err_set(
	    t->err, -EAGAIN, "it changed while it was read: import it again");
}

static int end_reel(struct reels *t, struct reel *reel)
{
	int r = settle(t, reel);
	struct event open, close;

	arena_reset(&t->mem);
	if (r == 0)
		r = tape_end(&reel->tape, t->err);
	if (r == 0)
		r = tape_events(&reel->tape, archive_id_key(t->run->archive),
		    is_partial(t), &open, &close, &t->mem, t->err);
	if (r < 0)
		return r;
	/* It grew while it was read: the next import will find it new. */
	if (reel->known && close.v[F_ID].u != reel->identity)
		return tell_change(t);
	r = reel->known ? 1 : vouchers_know(t->run, &close, t->err);
	if (r < 0)
		return r;
	reel->known = r;
	reel->identity = close.v[F_ID].u;
	if (r || !t->trail) {
		t->run->totals.seen_again += r && t->trail;
		return 0;
	}
	count_masked(&t->run->totals, &reel->tape.counts);
	r = screening_add(t->run, reel->tape.number, reel->tape.last);
	if (r < 0)
		return err_sys(t->err, r, "recording");
	r = vouchers_add(t->run, &open, t->err);
	return r < 0 ? r : vouchers_add(t->run, &close, t->err);
}

static int end_and_commit(struct reels *t, struct reel *reel)
{
	int r = reel->ended ? 0 : end_reel(t, reel);

	reel->ended = true;
	empty_reel(reel);
	return r < 0 ? r : vouchers_commit(t->run, true, t->err);
}

static int end_reels(struct reels *t)
{
	int r = 0;

	for (size_t i = 0; i < t->n && r == 0; i++)
		r = end_and_commit(t, t->v[i]);
	return r;
}

/* What a piece takes in memory while it waits, about: what is typed more. */
static size_t size_of(const struct piece *p)
{
	return PIECE_OVERHEAD + p->bytes.n * (p->type == PIECE_INPUT ? 16 : 1);
}

/*
 * Where it was looked at before, it ends with its last piece: were all of them
 * ended with the file, who reads one of many would read the others, too.
 */
static int take_piece(
    struct format_sink *sink, uint64_t id, const struct piece *p)
{
	struct reels *t = (struct reels *)sink;
	struct reel *reel = find_reel(t, id);
	int r = 0;

	if (!reel)
		return 0;
	if (reel->ended)
		return tell_change(t);
	if (reel->unechoed)
		r = tell_unechoed(t, unechoed_piece(reel->unechoed, p));
	else
		r = to_tape(reel, p);
	reel->pieces++;
	if (r == 0 && reel->before && reel->pieces == reel->before->pieces)
		r = end_and_commit(t, reel);
	t->held += size_of(p);
	return r < 0 || t->held < HELD_MAX ? r : flush_all(t);
}

static int feed_all(struct reels *t, void *state)
{
	const struct format_reader *reader = t->file->format->reader;
	struct member *p = &t->parts[0];

	for (;;) {
		ssize_t n;
		int r = member_fill(p, t->err);

		if (r < 0)
			return r;
		n = reader->feed(state, str_from(buf_str(&p->window), p->used),
		    p->end, &t->sink);
		if (n < 0)
			return (int)n;
		p->used += (size_t)n;
		if (t->run->progress)
			t->run->progress(t->run->ctx, t->file, &t->run->totals);
		if (p->end)
			return 0;
	}
}

static int read_parts(struct reels *t)
{
	const struct format_reader *reader = t->file->format->reader;
	void *state = calloc(1, reader->size);
	int r;

	if (!state)
		return err_sys(t->err, -ENOMEM, "%s", t->file->path);
	r = feed_all(t, state);
	if (reader->free)
		reader->free(state);
	free(state);
	return r < 0 ? r : end_reels(t);
}

/* Which files were read, and what they were to the last byte. */
static int end_parts(struct reels *t)
{
	int r = 0;

	for (size_t i = 0; i < FORMAT_PARTS_MAX && r == 0; i++) {
		struct member *p = &t->parts[i];
		int64_t src = t->src;

		if (!p->in)
			continue;
		r = member_drain(p, t->err);
		if (r == 0 && i > 0)
			r = append_start(t, p, STR("beside"), &src);
		if (r == 0 && p->damage.text[0])
			r = note_damage(t, p);
		if (r == 0)
			r = append_end(t, p, src);
		t->run->totals.bytes += p->raw_bytes;
	}
	return r;
}

static int open_parts(struct reels *t)
{
	struct err why;

	for (size_t i = 0; i < format_n_parts(t->file->format); i++) {
		if (i > 0 && !t->file->parts[i])
			continue;
		if (member_open(&t->parts[i], t->file, i, &why) == 0)
			continue;
		if (t->trail || i == 0)
			import_damaged(t->run, t->file, why.text);
		if (i == 0)
			return -ENOENT;
	}
	return 0;
}

static void reels_init(struct reels *t, struct import_run *run,
    const struct import_file *f, struct err *err)
{
	*t = (struct reels){.sink = {.begin = begin,
				.piece = take_piece,
				.skipped = skipped,
				.take = take,
				.time = f->mtime * NS_PER_USEC},
	    .run = run,
	    .file = f,
	    .err = err};
	for (size_t i = 0; i < FORMAT_PARTS_MAX; i++)
		t->parts[i].fd = -1;
}

static void reels_free(struct reels *t)
{
	for (size_t i = 0; i < t->n; i++)
		free_reel(t->v[i]);
	for (size_t i = 0; i < FORMAT_PARTS_MAX; i++)
		member_close(&t->parts[i]);
	free(t->v);
	map_free(&t->by_id);
	buf_free(&t->said);
	arena_free(&t->mem);
}

/* Into the store. */
static int write_parts(struct reels *t)
{
	int r = append_start(t, &t->parts[0], STR("open"), &t->src);

	if (r == 0)
		r = read_parts(t);
	/* Without its end the file is read again the next time. */
	if (r == -EAGAIN) {
		import_damaged(t->run, t->file, t->err->text);
		r = 0;
	} else if (r == 0) {
		r = end_parts(t);
	}
	t->run->totals.files_read++;
	return r < 0 ? r : vouchers_commit(t->run, true, t->err);
}

/* Whether each of its files was read before. */
static bool is_known(const struct import_run *run, const struct import_file *f)
{
	for (size_t i = 0; i < format_n_parts(f->format); i++) {
		struct import_file part = *f;
		struct known_prefix prefix;
		struct member opened;
		bool known;

		if (i > 0 && !f->parts[i])
			continue;
		known = member_open(&opened, f, i, NULL) == 0;
		part = opened.file;
		member_close(&opened);
		if (!known ||
		    known_check(&run->known, &part, &prefix, NULL) < 0 ||
		    !prefix.all)
			return false;
	}
	return true;
}

/* Which of its recordings are there already: a file may have grown by others.
 */
static int look(struct reels *t)
{
	return open_parts(t) < 0 ? 0 : read_parts(t);
}

int import_recording(
    struct import_run *run, const struct import_file *f, struct err *err)
{
	struct reels looked, t;
	int r;

	if (is_known(run, f)) {
		run->totals.files_known++;
		return 0;
	}
	r = vouchers_open(run, err);
	if (r < 0)
		return r;
	reels_init(&looked, run, f, err);
	reels_init(&t, run, f, err);
	t.trail = vouchers_trail(run->vouchers);
	if (f->format->several || known_may_be(&run->known, f)) {
		t.looked = &looked;
		r = look(&looked);
	}
	if (r == 0 && open_parts(&t) == 0)
		r = write_parts(&t);
	reels_free(&t);
	reels_free(&looked);
	return r;
}
