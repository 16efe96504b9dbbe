/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the programs in the kernel (record.h) to recordings, and those of
 * sshtrail-rec (rec/peer.h), which are the same.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/map.h"
#include "sources/pty/command.h"
#include "sources/rec/peer.h"

static const struct origin kernel = {"terminals", PTY_MAGIC, TRUST_KERNEL,
    "a record of the programs that watch terminals"};
static const struct origin recorder = {
    "rec", REC_PEER_MAGIC, TRUST_DAEMON, "a record of sshtrail-rec"};

/*
 * Terminals and commands that are open at once, and commands among them: who
 * runs many is not to keep terminals out. Records of more are not understood.
 */
#define TERMINALS_MAX 4096
#define COMMANDS_MAX  2048

struct source_run {
	struct source_input in;
	const struct origin *origin;
	struct records records;
	struct terminal *terminals; /* TERMINALS_MAX */
	struct map by_serial;	    /* index */
	size_t n_commands;
	struct arena mem; /* of the record at work */
};

/* Which types of records there are of what, and which of them have bytes. */
enum { OF_TERMINAL = 1, OF_COMMAND = 2, TERMINAL_BYTES = 4, COMMAND_BYTES = 8 };

static const unsigned char types[PTY_CLOSE + 1] = {
    [PTY_OPEN] = OF_TERMINAL | OF_COMMAND | COMMAND_BYTES,
    [PTY_SIZE] = OF_TERMINAL,
    [PTY_OUTPUT] = OF_TERMINAL | OF_COMMAND | TERMINAL_BYTES | COMMAND_BYTES,
    [PTY_INPUT] = OF_TERMINAL | TERMINAL_BYTES,
    [PTY_MASKED] = OF_TERMINAL,
    [PTY_ERRORS] = OF_COMMAND | COMMAND_BYTES,
    [PTY_EXEC] = OF_COMMAND | COMMAND_BYTES,
    [PTY_LIMITED] = OF_COMMAND,
    [PTY_CLOSE] = OF_TERMINAL | OF_COMMAND,
};

static struct terminal *find(const struct source_run *run, uint64_t serial)
{
	const uint64_t *at = map_get(&run->by_serial, serial);

	return at ? &run->terminals[*at] : NULL;
}

/* A free place, or NULL. */
static struct terminal *add(
    struct source_run *run, uint64_t serial, bool command)
{
	struct terminal *t = run->terminals;
	uint64_t *at;

	if (run->by_serial.n >= TERMINALS_MAX ||
	    (command && run->n_commands >= COMMANDS_MAX))
		return NULL;
	while (t->serial)
		t++;
	at = map_put(&run->by_serial, serial);
	if (!at)
		return NULL;
	*at = (uint64_t)(t - run->terminals);
	*t = (struct terminal){.serial = serial, .command = command};
	run->n_commands += command;
	return t;
}

static void forget(struct source_run *run, struct terminal *t)
{
	map_del(&run->by_serial, t->serial);
	buf_free(&t->args);
	run->n_commands -= t->command;
	t->serial = 0;
}

static int begin(struct work *w)
{
	const struct pty_rec *rec = &w->rec;

	w->t->begun = rec->head.time;
	w->t->offset = rec->offset;
	w->t->cols = rec->cols;
	w->t->rows = rec->rows;
	return w->t->command ? command_begin(w) : terminal_begin(w);
}

static int follow(struct source_run *run, struct work *w)
{
	struct terminal *t = w->t;
	int r = t->command ? command_follow(w) : terminal_follow(w);

	if (t->ended)
		forget(run, t);
	return r;
}

static bool is_sound(struct work *w, struct str record)
{
	unsigned type, command;
	int64_t time;

	if (record.n < sizeof w->rec)
		return false;
	memcpy(&w->rec, record.p, sizeof w->rec);
	w->bytes = str_from(record, sizeof w->rec);
	type = types[w->rec.head.type];
	command = w->rec.flags & PTY_COMMAND;
	if (!(type & (command ? OF_COMMAND : OF_TERMINAL)) ||
	    w->rec.n > w->bytes.n || w->rec.n > PTY_CHUNK ||
	    (w->rec.n &&
		!(type & (command ? COMMAND_BYTES : TERMINAL_BYTES))) ||
	    w->rec.serial == 0 || w->rec.offset > INT64_MAX / 4 ||
	    w->rec.counted > INT64_MAX / 4 ||
	    !records_time(w->records, w->rec.head.time, &time))
		return false;
	w->bytes = str_upto(w->bytes, w->rec.n);
	return true;
}

static int take_terminal(struct source_run *run, struct work *w,
    struct str record, const char **ret_expected)
{
	bool command;
	int r = 0;

	*ret_expected = "a record of a terminal after a clock record";
	if (!is_sound(w, record))
		return 0;
	command = w->rec.flags & PTY_COMMAND;
	*ret_expected = "a terminal that is open, or fewer of them";
	w->t = find(run, w->rec.serial);
	if (!w->t && w->rec.head.type == PTY_CLOSE)
		return 0;
	if (!w->t) {
		w->t = add(run, w->rec.serial, command);
		if (!w->t)
			return 0;
		r = begin(w);
	}
	*ret_expected = "records of a terminal, or of a command, and not both";
	if (w->t->command != command)
		return 0;
	*ret_expected = NULL;
	if (r < 0)
		return r;
	return follow(run, w);
}

static int take_record(struct source_run *run, struct str record,
    uint64_t offset, struct source_sink *sink)
{
	struct work w = {.origin = run->origin,
	    .in = &run->in,
	    .records = &run->records,
	    .mem = &run->mem,
	    .sink = sink,
	    .offset = offset};
	const char *expected = NULL;
	struct rec_head head;
	int r = 0;

	memcpy(&head, record.p, sizeof head);
	arena_reset(&run->mem);
	if (head.version != PTY_VERSION || head.type > PTY_CLOSE ||
	    head.type == 0)
		expected = "a type of record that this version knows";
	else if (head.type != PTY_CLOCK)
		r = take_terminal(run, &w, record, &expected);
	else if (!records_clock(&run->records, record))
		expected = "a whole clock record";
	if (expected)
		source_unparsed(
		    sink, offset, str_upto(record, sizeof w.rec), expected);
	return r;
}

static int terminals_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	return records_probe(head, PTY_MAGIC, PTY_VERSION);
}

static int rec_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	return records_probe(head, REC_PEER_MAGIC, PTY_VERSION);
}

static int open_run(struct source_run **ret, const struct origin *origin,
    const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (run)
		run->terminals = calloc(TERMINALS_MAX, sizeof *run->terminals);
	if (!run || !run->terminals) {
		free(run);
		return err_set(err, -ENOMEM, "out of memory");
	}
	run->in = *in;
	run->origin = origin;
	run->records = (struct records){.magic = origin->magic,
	    .version = PTY_VERSION,
	    .expected = origin->what,
	    .take = take_record};
	*ret = run;
	return 0;
}

static int terminals_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	return open_run(ret, &kernel, in, err);
}

static int rec_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	return open_run(ret, &recorder, in, err);
}

static void terminals_close(struct source_run *run)
{
	for (size_t i = 0; i < TERMINALS_MAX; i++)
		buf_free(&run->terminals[i].args);
	map_free(&run->by_serial);
	arena_free(&run->mem);
	free(run->terminals);
	free(run);
}

/* Each as it is, and what its pointer leads to; `mover` is a constant. */
static void terminals_keep(const struct source_run *run, struct buf *to)
{
	for (size_t i = 0; i < TERMINALS_MAX; i++) {
		struct terminal t = run->terminals[i];

		if (!t.serial)
			continue;
		buf_add(to, &t, sizeof t);
		buf_add(to, t.args.p, t.args.n);
	}
}

static int take_up_one(struct source_run *run, struct str *kept)
{
	struct terminal was, *t;
	size_t n_args;

	if (kept->n < sizeof was)
		return -EBADMSG;
	memcpy(&was, kept->p, sizeof was);
	n_args = was.args.n;
	was.args = BUF_INIT;
	if (kept->n - sizeof was < n_args || !was.serial)
		return -EBADMSG;
	buf_add(&was.args, kept->p + sizeof was, n_args);
	t = buf_error(&was.args) ? NULL : add(run, was.serial, was.command);
	if (!t) {
		buf_free(&was.args);
		return -ENOMEM;
	}
	*t = was;
	*kept = str_from(*kept, sizeof was + n_args);
	return 0;
}

static int terminals_take_up(struct source_run *run, struct str kept)
{
	int r = 0;

	while (kept.n && r == 0)
		r = take_up_one(run, &kept);
	for (size_t i = 0; r < 0 && i < TERMINALS_MAX; i++)
		if (run->terminals[i].serial)
			forget(run, &run->terminals[i]);
	return r;
}

static ssize_t terminals_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	return records_feed(&run->records, run, data, offset, last, sink);
}

const struct source source_terminals = {
    .name = "terminals",
    .summary = "what terminals show and commands write, from programs in the "
	       "kernel",
    .probe = terminals_probe,
    .open = terminals_open,
    .feed = terminals_feed,
    .finish = source_finish_nothing,
    .held = source_held_nothing,
    .keep = terminals_keep,
    .take_up = terminals_take_up,
    .close = terminals_close,
};

const struct source source_rec = {
    .name = "rec",
    .summary = "what terminals show, from sshtrail-rec",
    .probe = rec_probe,
    .open = rec_open,
    .feed = terminals_feed,
    .finish = source_finish_nothing,
    .held = source_held_nothing,
    .close = terminals_close,
};
