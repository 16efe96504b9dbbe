/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/run.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hash.h"
#include "base/loop.h"
#include "base/when.h"
#include "cli/import/ahead.h"
#include "cli/import/append.h"
#include "cli/import/beside.h"
#include "cli/import/recording.h"
#include "cli/import/screening.h"
#include "cli/import/vouchers.h"

#define WINDOW	    ((size_t)4 << 20)
/*
 * How often what the daemon writes meanwhile is shown; and never so often that
 * it takes more than a part of the time.
 */
#define PAUSE_USEC  ((int64_t)1000000)
#define PAUSE_PARTS 10
/* A database is read as a whole; one of login records stays far below this. */
#define WHOLE_MAX   ((size_t)96 << 20)

/* One stream: the parts of one log, through one run of its source. */
struct stream {
	struct source_sink sink; /* first: the sink is cast back */
	struct import_run *run;
	struct appender *appender;
	struct dedup *dedup; /* the appender's, while that has nothing to do */
	struct source_run *source_run;
	struct source_input *inputs; /* of its files; the source points here */
	const struct import_file *file;
	struct err *err;
	int64_t src;	  /* seq of the file's import.start */
	uint64_t resume;  /* events that begin before are stored already */
	uint64_t held;	  /* those before this may be stored incomplete */
	bool behind_held; /* the part before ended in such an event */
	uint64_t lines_before, unparsed_before;
};

/* One file being read. */
struct reading {
	struct ahead *ahead;
	struct str window; /* what was read and not taken yet; the reader's */
	struct buf beside;
	uint64_t offset; /* of the window's first byte in the content */
	bool end;
	uint64_t content_size, raw_bytes;
	const char *damage; /* why the rest was not read, or NULL */
	struct err damage_err;
};

void import_count(struct import_run *run, const struct event *ev)
{
	struct import_totals *t = &run->totals;

	t->events++;
	t->by_kind[ev->kind]++;
	t->gaps += ev->kind == EVENT_GAP;
}

void import_damaged(
    struct import_run *run, const struct import_file *f, const char *why)
{
	run->totals.n_damaged++;
	if (run->warn)
		run->warn(run->ctx, f, why);
}

/* One of the import's own, behind all that was read so far; sets ev->seq. */
static int append(struct stream *s, struct event *ev)
{
	int r = appender_wait(s->appender, s->err);

	if (r == 0)
		r = archive_append(s->run->archive, ev, s->err);
	if (r < 0)
		return r;
	import_count(s->run, ev);
	return 0;
}

static int take_event(struct source_sink *sink, struct event *ev)
{
	struct stream *s = (struct stream *)sink;
	uint64_t offset = (uint64_t)event_int(ev, F_OFFSET, INT64_MAX);

	/* What is behind `resume` may amend an event that begins before. */
	if (!event_has(ev, F_AMENDS) && offset < s->resume)
		return 0;
	if (ev->source.n == 0)
		ev->source = str_z(s->file->source->name);
	event_set_int(ev, F_SRC, s->src);
	return appender_add(
	    s->appender, ev, s->behind_held || offset < s->held, s->err);
}

static int append_start(struct stream *s, const struct import_file *f,
    struct str op, int64_t *ret_src)
{
	struct event ev;
	int r;

	file_event_start(&ev, f, op);
	if (s->resume)
		event_set_int(&ev, F_OFFSET, (int64_t)s->resume);
	r = append(s, &ev);
	*ret_src = (int64_t)ev.seq;
	return r;
}

static int begin_file(struct stream *s, bool first)
{
	int r = append_start(
	    s, s->file, first ? STR("open") : STR("next"), &s->src);

	s->lines_before = s->sink.lines;
	s->unparsed_before = s->sink.unparsed;
	return r;
}

static int end_file(struct stream *s, struct reading *rd)
{
	const struct source *source = s->file->source;
	struct file_digest digest;
	char hex[2][65];
	uint64_t held = rd->content_size;
	struct event ev;

	ahead_digest(rd->ahead, s->file->size, &digest);
	rd->raw_bytes = digest.raw_bytes;
	if (source->held)
		held = source->held(s->source_run, rd->content_size);
	file_event_end(&ev, s->file, s->src, &digest, hex);
	event_set_int(&ev, F_OFFSET, (int64_t)held);
	event_set_int(&ev, F_LINES, (int64_t)(s->sink.lines - s->lines_before));
	event_set_int(
	    &ev, F_UNPARSED, (int64_t)(s->sink.unparsed - s->unparsed_before));
	if (rd->damage)
		event_set_str(&ev, F_REASON, str_z(rd->damage));
	return append(s, &ev);
}

/* The part of a file that could not be read is a loss like any other. */
static int note_damage(struct stream *s, struct reading *rd, const char *text)
{
	struct event ev;

	rd->damage = text;
	import_damaged(s->run, s->file, text);
	file_event_gap(&ev, s->file, s->src, rd->content_size, text);
	return append(s, &ev);
}

static int fill(struct stream *s, struct reading *rd)
{
	size_t limit = s->file->source->whole ? WHOLE_MAX : WINDOW;
	size_t before = rd->window.n;
	int r;

	if (before >= limit) {
		rd->end = true;
		return note_damage(s, rd, "too large to be read as a whole");
	}
	r = ahead_next(rd->ahead, rd->window, &rd->window, &rd->damage_err);
	if (r == -ENOMEM)
		return err_sys(s->err, r, "%s", s->file->path);
	if (r <= 0)
		rd->end = true;
	if (r < 0)
		return note_damage(s, rd, rd->damage_err.text);
	rd->content_size += (uint64_t)(rd->window.n - before);
	return 0;
}

/*
 * What lies beside the file and belongs to it, read after it: where the file
 * does not change meanwhile, both are of one moment.
 */
static int read_beside(struct stream *s, struct reading *rd)
{
	struct file_digest digest;
	struct import_file part;
	char hex[2][65];
	struct event ev;
	int64_t src;
	int r;

	if (!beside_file(s->file, &part))
		return 0;
	r = beside_read(
	    &part, WHOLE_MAX, &rd->beside, &digest.raw, &rd->damage_err);
	if (r == -ENOMEM)
		return err_set(s->err, r, "%s", rd->damage_err.text);
	if (r < 0)
		return note_damage(s, rd, rd->damage_err.text);
	digest.content = digest.raw;
	digest.content_bytes = digest.raw_bytes = rd->beside.n;
	s->run->totals.bytes += rd->beside.n;
	s->file->source->beside(s->source_run, buf_str(&rd->beside));
	r = append_start(s, &part, STR("beside"), &src);
	file_event_end(&ev, &part, src, &digest, hex);
	return r == 0 ? append(s, &ev) : r;
}

static int feed_window(struct stream *s, struct reading *rd)
{
	const struct source *source = s->file->source;
	ssize_t taken;
	int r;

	if (source->whole && !rd->end)
		return 0;
	r = read_beside(s, rd);
	if (r < 0)
		return r;
	taken = source->feed(
	    s->source_run, rd->window, rd->offset, rd->end, &s->sink);
	if (taken < 0)
		return (int)taken;
	rd->offset += (uint64_t)taken;
	rd->window = str_from(rd->window, (size_t)taken);
	return 0;
}

static bool changed_meanwhile(const struct stream *s, int fd)
{
	struct stat st;

	return s->file->fd < 0 && fstat(fd, &st) == 0 &&
	       ((uint64_t)st.st_size != s->file->size ||
		   time_from_kernel(st.st_mtim) != s->file->mtime);
}

/* The pass before, for sources that conclude from the whole of a file. */
static int prescan_file(struct stream *s, int fd)
{
	const struct source *source = s->file->source;
	struct buf window = BUF_INIT;
	struct input *in = NULL;
	ssize_t n = 1;
	ssize_t taken = 0;
	int r = input_open(&in, fd, NULL, NULL, s->err);

	while (r == 0 && n > 0 && taken >= 0) {
		char *at = buf_reserve(&window, WINDOW);

		if (!at) {
			r = err_sys(s->err, -ENOMEM, "%s", s->file->path);
			break;
		}
		n = input_read(in, at, WINDOW, NULL);
		window.n += n > 0 ? (size_t)n : 0;
		taken =
		    source->prescan(s->source_run, buf_str(&window), n <= 0);
		buf_consume(&window, taken > 0 ? (size_t)taken : 0);
	}
	input_close(in);
	buf_free(&window);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = err_sys(s->err, -errno, "%s", s->file->path);
	return r;
}

/* The store was in other hands: what they have added is known from now on. */
static int look_anew(struct stream *s)
{
	struct import_run *run = s->run;
	int r = dedup_again(s->dedup, archive_store(run->archive),
	    hash_stable(str_z(run->chain)), s->err);

	return r < 0 ? r : vouchers_look_anew(run, s->err);
}

/* A daemon that lent the store, or begins, should not wait until we are done.
 */
static int mind_others(struct stream *s)
{
	struct import_run *run = s->run;
	int64_t began = loop_now(), pause;
	int r;

	if (began < run->pause_at)
		return 0;
	run->pause_at = began + PAUSE_USEC;
	if (!archive_is_shared(run->archive))
		return 0;
	r = appender_wait(s->appender, s->err);
	began = loop_now();
	if (r == 0)
		r = archive_pause(run->archive, s->err);
	if (r == 1)
		return look_anew(s);
	pause = (loop_now() - began) * (PAUSE_PARTS - 1);
	run->pause_at = loop_now() + (pause > PAUSE_USEC ? pause : PAUSE_USEC);
	return r;
}

static int read_open_file(struct stream *s, struct reading *rd, int fd)
{
	int r = 0;

	while (r == 0 && !rd->end) {
		r = fill(s, rd);
		if (r == 0)
			r = feed_window(s, rd);
		if (r == 0 && s->run->progress)
			s->run->progress(s->run->ctx, s->file, &s->run->totals);
		if (r == 0)
			r = mind_others(s);
	}
	if (r == 0 && !rd->damage && changed_meanwhile(s, fd))
		rd->damage = "the file changed while it was read: import it "
			     "again for what came later";
	return r == 0 ? end_file(s, rd) : r;
}

static int read_file(struct stream *s, bool first)
{
	struct reading rd = {0};
	CLEANUP_FD int fd = -1;
	struct err open_err;
	int r = import_file_open(s->file, &fd, &open_err);

	if (r < 0) {
		import_damaged(s->run, s->file, open_err.text);
		return 0;
	}
	r = begin_file(s, first);
	if (r == 0 && s->file->source->prescan)
		r = prescan_file(s, fd);
	if (r == 0)
		r = ahead_start(&rd.ahead, fd, s->file->compressed,
		    import_file_limit(s->file), s->err);
	if (r == 0)
		r = read_open_file(s, &rd, fd);
	s->run->totals.bytes += rd.raw_bytes;
	s->run->totals.files_read++;
	ahead_stop(rd.ahead);
	buf_free(&rd.beside);
	return r;
}

static void source_input_of(const struct import_run *run,
    const struct import_file *f, struct source_input *in)
{
	*in = (struct source_input){.name = f->path,
	    .mtime = f->mtime,
	    .utc_offset = run->utc_offset,
	    .host = str_z(f->host),
	    .host_inferred = f->host_inferred,
	    .id_key = archive_id_key(run->archive)};
}

/* Read the n files of a stream; known[i] tells how much of each is stored. */
static int read_stream(struct stream *s, const struct import_file *files,
    const struct known_prefix *known, size_t n)
{
	const struct source *source = files[0].source;
	bool first = true;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		/* What is known of a part is read again only for an event
		 * that may go on in the part behind it. */
		bool needed =
		    !known[i].all || (i + 1 < n && !known[i + 1].all &&
					 known[i].resume < known[i].size);

		if (!needed) {
			s->run->totals.files_known++;
			continue;
		}
		s->file = &files[i];
		s->resume = known[i].resume;
		s->held = known[i].size;
		s->behind_held =
		    i > 0 && known[i - 1].resume < known[i - 1].size;
		source_input_of(s->run, s->file, &s->inputs[i]);
		if (first)
			r = source->open(&s->source_run, &s->inputs[i], s->err);
		else if (source->next)
			r = source->next(s->source_run, &s->inputs[i]);
		if (r == 0)
			r = read_file(s, first);
		first = false;
	}
	if (r == 0 && !first && source->finish)
		r = source->finish(s->source_run, &s->sink);
	if (s->source_run)
		source->close(s->source_run);
	s->source_run = NULL;
	if (r == 0)
		r = appender_wait(s->appender, s->err);
	if (r == 0 && !first)
		r = archive_commit(s->run->archive, s->err);
	return r;
}

static void keep_examples(struct import_run *run, const struct stream *s)
{
	struct import_totals *t = &run->totals;

	t->lines += s->sink.lines;
	t->unparsed += s->sink.unparsed;
	for (size_t i = 0; i < s->sink.n_examples; i++) {
		struct import_example *ex = &t->examples[t->n_examples];

		if (t->n_examples == IMPORT_EXAMPLES_MAX)
			return;
		ex->path = strdup(s->file->path);
		if (!ex->path)
			return;
		ex->line = s->sink.examples[i].line;
		ex->expected = s->sink.examples[i].expected;
		ex->n = s->sink.examples[i].n;
		memcpy(ex->text, s->sink.examples[i].text, ex->n);
		t->n_examples++;
	}
}

static void check_known(struct import_run *run, const struct import_file *f,
    struct known_prefix *ret)
{
	struct known_prefix beside;
	struct import_file part;
	struct err why;
	int r = known_check(&run->known, f, ret, &why);

	if (r == 0 && ret->all && beside_file(f, &part)) {
		r = known_check(&run->known, &part, &beside, &why);
		ret->all = beside.all;
	}
	if (r < 0 && run->warn)
		run->warn(run->ctx, f, why.text);
}

static int import_stream(struct import_run *run, struct import_file *files,
    size_t n, struct err *err)
{
	struct stream s = {
	    .sink.event = take_event, .run = run, .err = err, .file = files};
	struct known_prefix *known = calloc(n, sizeof *known);
	int r = 0;

	s.inputs = calloc(n, sizeof *s.inputs);
	if (!known || !s.inputs)
		r = err_sys(err, -ENOMEM, "%s", files[0].path);
	for (size_t i = 0; i < n && r == 0; i++)
		check_known(run, &files[i], &known[i]);
	if (r == 0)
		r = dedup_new(&s.dedup, archive_store(run->archive), err);
	if (r == 0) {
		r = appender_start(
		    &s.appender, run->archive, s.dedup, &run->totals);
		if (r < 0)
			err_sys(err, r, "import");
	}
	if (r == 0)
		r = read_stream(&s, files, known, n);
	keep_examples(run, &s);
	appender_stop(s.appender);
	dedup_free(s.dedup);
	free(s.inputs);
	free(known);
	return r;
}

int import_run(
    struct import_run *run, struct import_files *files, struct err *err)
{
	int r = known_load(&run->known, archive_store(run->archive), err);
	size_t n;

	for (size_t i = 0; i < files->n && r == 0; i += n) {
		n = 1;
		if (files->v[i].format)
			r = import_recording(run, &files->v[i], err);
		if (!files->v[i].source)
			continue;
		while (i + n < files->n &&
		       import_file_continues(&files->v[i], &files->v[i + n]))
			n++;
		r = import_stream(run, &files->v[i], n, err);
	}
	if (r == 0)
		r = vouchers_commit(run, false, err);
	return r < 0 ? r : screening_make(run, err);
}

void import_run_free(struct import_run *run)
{
	vouchers_close(run->vouchers);
	screening_close(run->screening);
	for (size_t i = 0; i < run->totals.n_examples; i++)
		free(run->totals.examples[i].path);
	known_free(&run->known);
}
