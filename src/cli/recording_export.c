/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recording_export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "archive/recording.h"
#include "base/fd.h"
#include "cli/recording_commands.h"
#include "record/chunk.h"
#include "record/veil.h"

/* A recording on its way into files of a format. */
struct export
{
	struct cli *cli;
	const struct recording *recording;
	const struct recording_view *view;
	struct veil *veil; /* before the writer; NULL: nothing is hidden */
	void *writing;	   /* state of the format's writer */
	struct format_files files;
	int fd[FORMAT_PARTS_MAX];	    /* -1: not there yet */
	struct recording_commands commands; /* of the session, to be marks */
	bool begun, damaged;
	struct arena mem;
};

static void mask_head(struct export *e, struct head *head)
{
	head->command = masks_text(e->view->masks, head->command, &e->mem);
	head->title = masks_text(e->view->masks, head->title, &e->mem);
	veil_cols(e->veil, head->cols);
}

static void begin(struct export *e, const struct piece *p)
{
	const struct recording *r = e->recording;
	struct head head = HEAD_NONE;
	struct err ignored;

	/* Where the first piece is missing, the catalogue still knows some. */
	if (p->type != PIECE_BEGIN ||
	    head_read(&head, p->bytes, &e->mem, &ignored) < 0)
		head.no_tty = recording_is_command(r);
	head.time = p->time;
	if (head.host.n == 0)
		head.host = r->host;
	if (head.tty.n == 0)
		head.tty = r->tty;
	if (head.command.n == 0)
		head.command = r->command;
	if (!head.cols)
		size_parse(r->size, &head.cols, &head.rows);
	if (e->veil)
		mask_head(e, &head);
	if (head.title.n == 0)
		head.title = head.no_tty ? head.command : head.tty;
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

static void write_piece(void *user, const struct piece *p)
{
	struct export *e = user;

	e->view->format->writer->piece(e->writing, &e->files, p);
}

static bool hide(void *user)
{
	return masks_hide(((struct export *)user)->view->masks);
}

static void take_one(struct export *e, const struct piece *p)
{
	if (e->veil)
		veil_piece(e->veil, p);
	else
		write_piece(e, p);
}

static void take_piece(struct export *e, const struct piece *p)
{
	struct piece mark;

	while (recording_commands_next(&e->commands, p, &mark))
		take_one(e, &mark);
	if (is_asked_for(e, p))
		take_one(e, p);
}

/* What was taken so far may be written. */
static int check_veil(const struct export *e, struct err *err)
{
	int r = e->veil ? veil_error(e->veil) : 0;

	if (r < 0)
		return err_sys(err, r, "recording");
	return e->veil && *e->view->masks->err.text
		   ? err_set(err, -ECANCELED, "%s", e->view->masks->err.text)
		   : 0;
}

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
			take_piece(e, &p);
		}
	}
	e->damaged |= r < 0;
	r = check_veil(e, x->err);
	return r < 0 ? r : write_parts(e, x->err);
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

	*read = (struct recording_read){.chain = e->recording->chain,
	    .number = e->recording->number,
	    .last = e->recording->last,
	    .chunk = export_chunk,
	    .ctx = &x};
	r = recording_read(e->cli->archive, read, err);
	if (r < 0 || !e->begun)
		return r;
	if (e->veil)
		veil_end(e->veil);
	r = check_veil(e, err);
	if (r == 0 && e->view->format->writer->end)
		e->view->format->writer->end(e->writing, &e->files);
	return r < 0 ? r : write_parts(e, err);
}

static int export_open(struct export *e, struct err *err)
{
	const struct veil_ops ops = {hide, write_piece, e};

	e->writing = calloc(1, e->view->format->writer->size + 1);
	if (e->view->masks)
		e->veil = veil_new(&e->view->masks->mask, &ops);
	if (!e->writing || (e->view->masks && !e->veil))
		return err_sys(err, -ENOMEM, "recording");
	for (size_t i = 0; i < FORMAT_PARTS_MAX; i++)
		e->fd[i] = -1;
	if (e->view->dir && mkdir(e->view->dir, 0700) < 0)
		return err_sys(
		    err, -errno, "cannot make the directory %s", e->view->dir);
	return e->view->format->marks ? recording_commands_find(&e->commands,
					    e->cli->store, e->recording, err)
				      : 0;
}

static void export_close(struct export *e)
{
	for (size_t i = 0; i < FORMAT_PARTS_MAX; i++) {
		buf_free(&e->files.part[i]);
		fd_close(&e->fd[i]);
	}
	if (e->writing && e->view->format->writer->free)
		e->view->format->writer->free(e->writing);
	free(e->writing);
	veil_free(e->veil);
	recording_commands_free(&e->commands);
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
