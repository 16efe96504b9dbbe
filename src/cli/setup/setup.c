/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/setup/diff.h"
#include "cli/text/escape.h"
#include "cli/text/table.h"
#include "core/event_json.h"

/* How a change stands, from what is remembered and what is there. */
enum state {
	STATE_NOT_MADE,
	STATE_MADE,
	STATE_MIXED, /* the file is neither as before nor as we left it */
};

static const char *const state_words[] = {
    "not made", "made", "changed since by someone else"};

struct job {
	struct setup *setup;
	struct cli *cli;
	const struct change *change;
	int dir; /* records, -1: there are none */
	enum state state;
	bool recorded;
	struct record record;
	struct placed now, wanted;
	struct err err;
};

int setup_open(struct setup *s, struct cli *c, const char *root, bool writes)
{
	*s = (struct setup){
	    .path = root ? root : "", .live = !root, .notes = BUF_INIT};
	if (writes && !root && geteuid() != 0)
		return cli_fail(
		    c, "only root can change this host: run it with sudo");
	s->root = open(root ? root : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root < 0)
		return cli_fail(c, "cannot open %s: %s", root ? root : "/",
		    strerror(errno));
	return CLI_FOUND;
}

void setup_close(struct setup *s)
{
	fd_close(&s->root);
	buf_free(&s->notes);
}

static int open_records(struct job *j, bool make)
{
	j->dir = record_open_dir(j->setup->root, make, &j->err);
	if (j->dir >= 0 || (j->dir == -ENOENT && !make))
		return 0;
	return j->dir;
}

static enum state state_of(const struct job *j)
{
	if (!j->recorded || placed_same(&j->now, &j->record.before))
		return STATE_NOT_MADE;
	return placed_same(&j->now, &j->record.after) ? STATE_MADE
						      : STATE_MIXED;
}

static int look(struct job *j, bool make_dir)
{
	int r = placed_read(j->setup->root, j->change->file, &j->now, &j->err);

	/* Without its folder there is no file; edit() says what is missing. */
	if (r == -ENOENT)
		r = 0;
	if (r == 0)
		r = open_records(j, make_dir);
	if (r == 0 && j->dir >= 0) {
		r = record_load(j->dir, j->change->name, &j->record, &j->err);
		j->recorded = r == 0;
		if (r == -ENOENT)
			r = 0;
	}
	if (r == 0 && j->recorded && j->change->rebase)
		r = j->change->rebase(&j->record, &j->now);
	j->state = state_of(j);
	return r;
}

static void job_free(struct job *j)
{
	fd_close(&j->dir);
	record_free(&j->record);
	placed_free(&j->now);
	placed_free(&j->wanted);
}

/* What the file is to be: j->wanted. */
static int want(struct job *j)
{
	const struct placed *before =
	    j->state == STATE_MADE ? &j->record.before : &j->now;
	int r = j->change->edit(j->setup, before, j->state == STATE_MADE,
	    &j->wanted.content, &j->err);

	if (r == 0)
		r = buf_error(&j->wanted.content);
	j->wanted.exists = before->exists || j->wanted.content.n;
	j->wanted.mode = before->exists ? before->mode : j->change->mode;
	j->wanted.uid = before->exists ? before->uid : geteuid();
	j->wanted.gid = before->exists ? before->gid : getegid();
	return r;
}

static void add_meta(struct buf *b, const char *what, const struct placed *from,
    const struct placed *to)
{
	if (!from->exists || !to->exists)
		return;
	if (from->mode != to->mode)
		buf_printf(b, "mode of %s: %04o, now %04o\n", what,
		    (unsigned)from->mode, (unsigned)to->mode);
	if (from->uid != to->uid || from->gid != to->gid)
		buf_printf(b, "owner of %s: %u:%u, now %u:%u\n", what,
		    (unsigned)from->uid, (unsigned)from->gid, (unsigned)to->uid,
		    (unsigned)to->gid);
}

static void add_diff(struct buf *b, const char *file, const struct placed *from,
    const struct placed *to)
{
	diff_unified(b, from->exists ? file : NULL, buf_str(&from->content),
	    to->exists ? file : NULL, buf_str(&to->content));
	add_meta(b, file, from, to);
}

static void put_lines(struct cli *c, struct str text)
{
	struct str line;

	while (text.n) {
		str_cut(&text, '\n', &line);
		escape_add(&c->out.b, line, ESCAPE_NO_LIMIT,
		    term_escape_flags(&c->term), NULL);
		buf_add_char(&c->out.b, '\n');
	}
}

/* done: "made", "undone", "shown", "nothing". */
static int report(struct job *j, const char *done, const char *sentence,
    const struct placed *from, const struct placed *to)
{
	struct cli *c = j->cli;
	struct buf diff = BUF_INIT;

	add_diff(&diff, j->change->file, from, to);
	if (c->json) {
		buf_add_z(&c->out.b, "{\"change\":");
		json_add_string(&c->out.b, str_z(j->change->name));
		buf_add_z(&c->out.b, ",\"file\":");
		json_add_string(&c->out.b, str_z(j->change->file));
		buf_add_z(&c->out.b, ",\"done\":");
		json_add_string(&c->out.b, str_z(done));
		buf_add_z(&c->out.b, ",\"diff\":");
		json_add_string(&c->out.b, buf_str(&diff));
		buf_add_z(&c->out.b, ",\"notes\":");
		json_add_string(&c->out.b, buf_str(&j->setup->notes));
		buf_add_z(&c->out.b, "}\n");
	} else {
		put_lines(c, buf_str(&diff));
		put_lines(c, buf_str(&j->setup->notes));
		put_lines(c, str_z(sentence));
	}
	buf_free(&diff);
	out_row(&c->out);
	return CLI_FOUND;
}

static int fail(struct job *j, int r)
{
	return cli_fail(j->cli, "%s: %s", j->change->name,
	    *j->err.text ? j->err.text : strerror(-r));
}

/* The file is neither as before nor as we left it: say how. */
static int refuse(struct job *j)
{
	struct buf diff = BUF_INIT;

	add_diff(&diff, j->change->file, &j->record.after, &j->now);
	put_lines(j->cli, buf_str(&diff));
	buf_free(&diff);
	out_row(&j->cli->out);
	out_flush(&j->cli->out);
	return cli_fail(j->cli,
	    "%s: %s was changed by someone else since; this is what differs. "
	    "Take that back and try again; or, to keep the file as it is, "
	    "remove %s/%s, by which this change is remembered",
	    j->change->name, j->change->file, RECORD_DIR, j->change->name);
}

static bool is_active(const struct job *j)
{
	return !j->setup->live || !j->change->active ||
	       j->change->active(&j->wanted.content);
}

/* Back to what was before, as far as that goes; the first error is told. */
static void roll_back(struct job *j)
{
	struct err ignored;

	placed_write(
	    j->setup->root, j->change->file, &j->record.before, &ignored);
	if (j->setup->live && j->change->end)
		j->change->end(j->setup, &j->record.kept, &ignored);
	record_remove(j->dir, j->change->name, &ignored);
	buf_clear(&j->setup->notes);
}

static int copy_placed(struct placed *to, const struct placed *from)
{
	struct buf content = to->content;

	*to = *from;
	to->content = content;
	buf_clear(&to->content);
	buf_add_str(&to->content, buf_str(&from->content));
	return buf_error(&to->content);
}

/* Remember the change before it is made. */
static int remember(struct job *j)
{
	int r = 0;

	if (j->state != STATE_MADE) {
		r = copy_placed(&j->record.before, &j->now);
		if (j->setup->live && j->change->keep)
			j->change->keep(&j->record.kept);
	}
	if (r == 0)
		r = copy_placed(&j->record.after, &j->wanted);
	return r < 0
		   ? r
		   : record_save(j->dir, j->change->name, &j->record, &j->err);
}

static int put_in_place(struct job *j)
{
	int r = j->change->check(j->setup, &j->wanted.content, &j->err);

	if (r == 0)
		r = remember(j);
	if (r < 0)
		return r;
	r = placed_write(j->setup->root, j->change->file, &j->wanted, &j->err);
	if (r == 0 && j->setup->live && j->change->begin)
		r = j->change->begin(j->setup, &j->wanted.content, &j->err);
	if (r < 0)
		roll_back(j);
	return r;
}

static int make(struct job *j, bool really)
{
	const char *sentence = "Made. 'sshtrail setup --undo' takes it back.";
	bool same;
	int r;

	if (j->state == STATE_MIXED)
		return refuse(j);
	r = want(j);
	if (r < 0)
		return fail(j, r);
	same = placed_same(&j->now, &j->wanted);
	if (same && (j->state != STATE_MADE || is_active(j)))
		return report(
		    j, "nothing", "Nothing is to be done.", &j->now, &j->now);
	if (!really)
		return report(j, "shown",
		    same ? "The file is in place, but not in effect; --yes "
			   "mends that."
			 : "Nothing was changed; --yes makes this change.",
		    &j->now, &j->wanted);
	r = put_in_place(j);
	if (r < 0)
		return fail(j, r);
	if (!j->setup->live)
		buf_add_z(&j->setup->notes,
		    "The running system was not told, as of --root.\n");
	return report(j, "made", sentence, &j->now, &j->wanted);
}

static int undo(struct job *j)
{
	int r = 0;

	if (!j->recorded)
		return report(j, "nothing",
		    "Nothing is to be undone: it was not made from here.",
		    &j->now, &j->now);
	if (j->state == STATE_MIXED)
		return refuse(j);
	if (j->state == STATE_MADE)
		r = placed_write(j->setup->root, j->change->file,
		    &j->record.before, &j->err);
	if (r == 0 && j->setup->live && j->change->end)
		r = j->change->end(j->setup, &j->record.kept, &j->err);
	if (r == 0)
		r = record_remove(j->dir, j->change->name, &j->err);
	if (r < 0)
		return fail(j, r);
	return report(j, "undone", "Undone.", &j->now, &j->record.before);
}

/* lckpwdf(3) waits for 15 s, by a signal. */
static int lock(struct job *j)
{
	if (j->change->lock() == 0)
		return 0;
	if (errno != EINTR && errno != EAGAIN && errno != EACCES)
		return err_sys(
		    &j->err, -errno, "cannot lock %s", j->change->file);
	return err_set(&j->err, -EBUSY,
	    "cannot lock %s: another program (passwd, vipw, useradd) is "
	    "changing it: try again when it has ended",
	    j->change->file);
}

int setup_run(struct setup *s, struct cli *c, const struct change *change,
    enum setup_wish wish)
{
	struct job j = {.setup = s, .cli = c, .change = change, .dir = -1};
	const bool locks = s->live && wish != SETUP_SHOW && change->lock;
	int r = locks ? lock(&j) : 0;
	const bool locked = locks && r == 0;

	s->name = change->name;
	if (r == 0)
		r = look(&j, wish == SETUP_MAKE);
	if (r < 0)
		r = fail(&j, r);
	else
		r = wish == SETUP_UNDO ? undo(&j)
				       : make(&j, wish == SETUP_MAKE);
	if (locked)
		change->unlock();
	job_free(&j);
	return r;
}

static const struct column list_columns[] = {
    {.title = "CHANGE"},
    {.title = "STATE"},
    {.title = "FILE"},
    {.title = "WHAT FOR"},
};

static void list_row(
    struct cli *c, struct table *t, const struct job *j, const char *state)
{
	struct buf *b = &c->out.b;

	if (!c->json) {
		table_cell_z(t, j->change->name, STYLE_NONE);
		table_cell_z(t, state, STYLE_NONE);
		table_cell_z(t, j->change->file, STYLE_NONE);
		table_cell_z(t, j->change->summary, STYLE_NONE);
		table_row(t);
		return;
	}
	buf_add_z(b, "{\"change\":");
	json_add_string(b, str_z(j->change->name));
	buf_add_z(b, ",\"state\":");
	json_add_string(b, str_z(state));
	buf_add_z(b, ",\"file\":");
	json_add_string(b, str_z(j->change->file));
	buf_add_z(b, "}\n");
	out_row(&c->out);
}

int setup_list(struct setup *s, struct cli *c)
{
	struct table t;

	if (!c->json && table_begin(&t, &c->out, &c->term, list_columns,
			    sizeof list_columns / sizeof *list_columns) < 0)
		return cli_fail(c, "setup: out of memory");
	for (size_t i = 0; i < changes_count; i++) {
		struct job j = {
		    .setup = s, .cli = c, .change = changes[i], .dir = -1};
		int r = look(&j, false);

		list_row(c, &t, &j, r == 0 ? state_words[j.state] : j.err.text);
		job_free(&j);
	}
	if (!c->json && table_end(&t) < 0)
		return cli_fail(c, "setup: out of memory");
	return CLI_FOUND;
}
