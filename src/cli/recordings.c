/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recordings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "archive/recording.h"
#include "base/fd.h"
#include "cli/text/escape.h"
#include "cli/text/event_text.h"
#include "record/chunk.h"

/* More of one session are not listed. */
#define RECORDINGS_MAX 1000
#define NAME_COLUMNS   40

static int keep(void *ctx, const struct recording *row)
{
	struct recordings *r = ctx;
	struct recording *copy = &r->v[r->n];

	if (r->n == RECORDINGS_MAX)
		return 0;
	*copy = *row;
	copy->host = arena_dup(&r->mem, row->host);
	copy->chain = arena_dup(&r->mem, row->chain);
	copy->tty = arena_dup(&r->mem, row->tty);
	copy->size = arena_dup(&r->mem, row->size);
	copy->command = arena_dup(&r->mem, row->command);
	copy->format = arena_dup(&r->mem, row->format);
	copy->sha256 = arena_dup(&r->mem, row->sha256);
	r->n++;
	return copy->host.p && copy->chain.p && copy->tty.p && copy->size.p &&
		       copy->command.p && copy->format.p && copy->sha256.p
		   ? 0
		   : -ENOMEM;
}

int recordings_find(
    struct recordings *ret, struct store *s, uint64_t session, struct err *err)
{
	const struct recording_query q = {.session = session};
	int r;

	*ret = (struct recordings){.mem = ARENA_INIT};
	ret->v = calloc(RECORDINGS_MAX, sizeof *ret->v);
	if (!ret->v)
		return err_sys(err, -ENOMEM, "recordings");
	r = s->ops->recordings(s, &q, keep, ret, err);
	if (r < 0)
		recordings_free(ret);
	return r;
}

void recordings_free(struct recordings *r)
{
	free(r->v);
	arena_free(&r->mem);
	*r = (struct recordings){.mem = ARENA_INIT};
}

/* Of a command that had no terminal. */
static bool is_command(const struct recording *r)
{
	return r->command.n && !r->tty.n && !r->size.n;
}

static bool is_imported(const struct recording *r)
{
	return !str_eq(r->chain, r->host);
}

void recording_name(const struct recording *r, struct buf *b)
{
	if (is_imported(r)) {
		escape_add(b, r->chain, ESCAPE_NO_LIMIT, 0, NULL);
		buf_add_char(b, ':');
	}
	buf_add_u64(b, r->number);
}

bool recording_is_named(const struct recording *r, struct str name)
{
	uint64_t number;

	if (str_skip(&name, r->chain) && !str_skip(&name, STR(":")))
		return false;
	return str_u64(name, &number) && number == r->number;
}

void recording_describe(struct cli *c, const struct recording *r, struct buf *b)
{
	char start[TIME_LOCAL_LEN], end[TIME_LOCAL_LEN];

	recording_name(r, b);
	buf_add_z(b, ": ");
	if (is_command(r)) {
		escape_add_cut(b, r->command, NAME_COLUMNS, 0);
	} else {
		escape_add_cut(
		    b, r->tty.n ? r->tty : STR("terminal"), NAME_COLUMNS, 0);
		if (r->size.n)
			buf_add_char(b, ' ');
		escape_add_cut(b, r->size, NAME_COLUMNS, 0);
	}
	buf_add_z(b, ", ");
	buf_add_str(b, clock_format(&c->clock, r->start, start));
	if (r->end < 0) {
		buf_add_z(b, ", going on");
	} else {
		buf_add_z(b, " to ");
		buf_add_str(b, clock_format(&c->clock, r->end, end));
		buf_add_z(b, ", ");
		bytes_format(r->bytes, b);
	}
	if (r->lost) {
		buf_add_z(b, ", missing ");
		bytes_format(r->lost, b);
	}
	if (r->left_out) {
		buf_add_z(b, ", left out ");
		bytes_format(r->left_out, b);
	}
	if (r->partial)
		buf_add_z(b, ", not all of it");
	if (r->format.n) {
		buf_add_z(b, ", imported: ");
		buf_add_str(b, r->format);
	}
}

/* A recording on its way into files of a format. */
struct export
{
	struct cli *cli;
	const struct recording *recording;
	const struct recording_view *view;
	void *writing; /* state of the format's writer */
	struct format_files files;
	int fd[FORMAT_PARTS_MAX]; /* -1: not there yet */
	bool begun, damaged;
	struct arena mem;
};

static void begin(struct export *e, const struct piece *p)
{
	const struct recording *r = e->recording;
	struct head head = HEAD_NONE;
	struct err ignored;

	/* Where the first piece is missing, the catalogue still knows some. */
	if (p->type != PIECE_BEGIN ||
	    head_read(&head, p->bytes, &e->mem, &ignored) < 0)
		head.no_tty = is_command(r);
	head.time = p->time;
	if (head.host.n == 0)
		head.host = r->host;
	if (head.tty.n == 0)
		head.tty = r->tty;
	if (head.command.n == 0)
		head.command = r->command;
	if (head.title.n == 0)
		head.title = head.no_tty ? head.command : head.tty;
	if (!head.cols)
		size_parse(r->size, &head.cols, &head.rows);
	e->view->format->writer->begin(e->writing, &e->files, &head, p->boot);
	e->begun = true;
}

/* One stream of the two may be asked for. */
static bool is_asked_for(const struct export *e, const struct piece *p)
{
	const enum recording_stream stream = e->view->stream;

	return !(p->type == PIECE_OUTPUT && stream == RECORDING_STDERR) &&
	       !(p->type == PIECE_ERRORS && stream == RECORDING_STDOUT);
}

/* A part's file is made when something is to be in it. */
static int open_part(struct export *e, size_t part, struct err *err)
{
	const char *name = e->view->format->parts[part].name;
	CLEANUP_FD int dir =
	    open(e->view->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (dir >= 0)
		e->fd[part] = openat(dir, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return e->fd[part] < 0 ? err_sys(err, -errno, "cannot make %s/%s",
				     e->view->dir, name)
			       : 0;
}

static int write_part(struct export *e, size_t part, struct err *err)
{
	struct buf *b = &e->files.part[part];
	int r = buf_error(b);

	if (r < 0)
		return err_sys(err, r, "recording");
	if (!e->view->dir) {
		buf_add_str(&e->cli->out.b, buf_str(b));
		buf_clear(b);
		return out_row(&e->cli->out) ? 0 : -EPIPE;
	}
	if (e->fd[part] < 0)
		r = open_part(e, part, err);
	if (r == 0) {
		r = fd_write_all(e->fd[part], b->p, b->n);
		if (r < 0)
			err_sys(err, r, "cannot write %s/%s", e->view->dir,
			    e->view->format->parts[part].name);
	}
	buf_clear(b);
	return r;
}

static int write_parts(struct export *e, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < format_n_parts(e->view->format) && r == 0; i++)
		if (e->files.part[i].n || e->files.part[i].error)
			r = write_part(e, i, err);
	return r;
}

struct exporting {
	struct export *export;
	struct err *err;
};

static int export_chunk(void *ctx, struct str payload)
{
	const struct exporting *x = ctx;
	struct export *e = x->export;
	struct chunk_reader chunk;
	struct piece p;
	int r = -EBADMSG;

	if (chunk_open(&chunk, payload)) {
		while ((r = chunk_next(&chunk, &p)) > 0) {
			if (!e->begun)
				begin(e, &p);
			if (is_asked_for(e, &p))
				e->view->format->writer->piece(
				    e->writing, &e->files, &p);
		}
	}
	e->damaged |= r < 0;
	return write_parts(e, x->err);
}

/* Whether what was read is what the chain of events says. */
static bool is_vouched(
    const struct recording *r, const struct recording_read *read)
{
	char hex[65];

	if (r->sha256.n == 0)
		return true;
	sha256_hex(&read->digest, hex);
	return str_eqz(r->sha256, hex);
}

static int read_all(
    struct export *e, struct recording_read *read, struct err *err)
{
	struct exporting x = {e, err};
	int r;

	*read = (struct recording_read){.host = e->recording->chain,
	    .number = e->recording->number,
	    .last = e->recording->last,
	    .chunk = export_chunk,
	    .ctx = &x};
	r = recording_read(e->cli->archive, read, err);
	if (r == 0 && e->begun && e->view->format->writer->end) {
		e->view->format->writer->end(e->writing, &e->files);
		r = write_parts(e, err);
	}
	return r;
}

static int export_open(struct export *e, struct err *err)
{
	e->writing = calloc(1, e->view->format->writer->size + 1);
	if (!e->writing)
		return err_sys(err, -ENOMEM, "recording");
	for (size_t i = 0; i < FORMAT_PARTS_MAX; i++)
		e->fd[i] = -1;
	if (e->view->dir && mkdir(e->view->dir, 0700) < 0)
		return err_sys(
		    err, -errno, "cannot make the directory %s", e->view->dir);
	return 0;
}

static void export_close(struct export *e)
{
	for (size_t i = 0; i < FORMAT_PARTS_MAX; i++) {
		buf_free(&e->files.part[i]);
		fd_close(&e->fd[i]);
	}
	free(e->writing);
	arena_free(&e->mem);
}

int recording_export(
    struct cli *c, const struct recording *r, const struct recording_view *view)
{
	struct export e = {
	    .cli = c, .recording = r, .view = view, .mem = ARENA_INIT};
	struct recording_read read = {.number = 0};
	struct err err = {""};
	int error = export_open(&e, &err);

	if (error == 0)
		error = read_all(&e, &read, &err);
	export_close(&e);
	if (error == -EPIPE)
		return CLI_FOUND;
	if (error < 0)
		return cli_fail_code(c, error, &err);
	if (!e.begun)
		return cli_fail(c,
		    "nothing of this recording is left in the chain "
		    "recordings:%.*s: sshtrail verify tells more",
		    STR_ARG(r->chain));
	if (!read.damaged && !e.damaged && is_vouched(r, &read))
		return CLI_FOUND;
	cli_fail(c,
	    "the recording is not what its events vouch for: it was changed "
	    "or damaged; sshtrail verify tells more");
	return CLI_UNSOUND;
}
