/* SPDX-License-Identifier: Apache-2.0 */
#include "record/script.h"

#include "base/when.h"
#include "record/stamp.h"

/* Names of signals and of H entries that scriptreplay(1) has room for. */
#define NAME_MAX_BYTES 100

const struct format_part script_parts[SCRIPT_N_PARTS] = {
    [SCRIPT_TIMING] = {.name = "timing"},
    [SCRIPT_OUTPUT] = {.name = "typescript"},
    [SCRIPT_INPUT] = {.name = "input", .optional = true},
};

struct writing {
	bool classic;
	int64_t time; /* of the begin */
	uint64_t first, told;
};

/* A value within a line, on which no line may end. */
static void add_value(struct buf *b, struct str s)
{
	s = str_upto(s, NAME_MAX_BYTES);
	for (size_t i = 0; i < s.n; i++)
		buf_add_char(b, (uint8_t)s.p[i] < ' ' ? '?' : s.p[i]);
}

static void add_start(struct buf *b, int64_t time)
{
	char text[TIME_ISO_LEN];

	time_format_iso(time / (int64_t)NS_PER_US, text);
	/* 2026-11-26T00:09:32.123456Z: seconds, as script writes them. */
	text[10] = ' ';
	buf_add(b, text, 19);
	buf_add_z(b, "+00:00");
}

static void add_header(struct buf *b, const char *name, struct str value)
{
	if (value.n == 0)
		return;
	buf_printf(b, "H 0.000000 %s ", name);
	add_value(b, value);
	buf_add_char(b, '\n');
}

static void add_size_headers(struct buf *b, const struct head *h)
{
	if (!h->cols || !h->rows)
		return;
	buf_printf(b, "H 0.000000 COLUMNS %u\n", h->cols);
	buf_printf(b, "H 0.000000 LINES %u\n", h->rows);
}

static void add_tty(struct buf *b, struct str tty)
{
	if (tty.n == 0)
		return;
	buf_add_z(b, "H 0.000000 TTY /dev/");
	add_value(b, tty);
	buf_add_char(b, '\n');
}

/* The first line of each file of bytes, which players drop. */
static void add_first_line(struct buf *b, const struct head *h)
{
	buf_add_z(b, "Script started on ");
	add_start(b, h->time);
	buf_add_z(b, " [");
	if (h->command.n) {
		buf_add_z(b, "COMMAND=\"");
		add_value(b, h->command);
		buf_add_z(b, "\" ");
	}
	if (h->term.n) {
		buf_add_z(b, "TERM=\"");
		add_value(b, h->term);
		buf_add_z(b, "\" ");
	}
	if (h->tty.n) {
		buf_add_z(b, "TTY=\"/dev/");
		add_value(b, h->tty);
		buf_add_z(b, "\" ");
	}
	buf_printf(b, "COLUMNS=\"%u\" LINES=\"%u\"]\n", h->cols ? h->cols : 80,
	    h->rows ? h->rows : 24);
}

static void begin_classic(void *state, struct format_files *files,
    const struct head *h, uint64_t boot)
{
	struct writing *w = state;

	*w = (struct writing){.classic = true, .time = h->time, .first = boot};
	add_first_line(&files->part[SCRIPT_OUTPUT], h);
}

static void begin(void *state, struct format_files *files, const struct head *h,
    uint64_t boot)
{
	struct buf *b = &files->part[SCRIPT_TIMING];
	struct writing *w = state;

	*w = (struct writing){.first = boot};
	add_first_line(&files->part[SCRIPT_OUTPUT], h);
	add_first_line(&files->part[SCRIPT_INPUT], h);
	buf_add_z(b, "H 0.000000 START_TIME ");
	add_start(b, h->time);
	buf_add_char(b, '\n');
	add_header(b, "TERM", h->term);
	add_tty(b, h->tty);
	add_size_headers(b, h);
	add_header(b, "SHELL", h->shell);
	add_header(b, "COMMAND", h->command);
	add_header(b, "TIMING_LOG", str_z(script_parts[SCRIPT_TIMING].name));
	add_header(b, "OUTPUT_LOG", str_z(script_parts[SCRIPT_OUTPUT].name));
	add_header(b, "INPUT_LOG", str_z(script_parts[SCRIPT_INPUT].name));
}

/* Since the entry before, of whichever kind. */
static void add_time(struct writing *w, struct buf *b, uint64_t boot)
{
	uint64_t since = boot > w->first ? boot - w->first : 0;

	stamp_add(b, stamp_interval(&w->told, since, NS_PER_US), 6);
}

/* An entry of no bytes would end scriptreplay(1). */
static void add_bytes(struct writing *w, struct format_files *files,
    const struct piece *p, unsigned part)
{
	struct buf *b = &files->part[SCRIPT_TIMING];

	if (p->bytes.n == 0)
		return;
	if (!w->classic)
		buf_add_z(b, part == SCRIPT_OUTPUT ? "O " : "I ");
	add_time(w, b, p->boot);
	buf_printf(b, " %zu\n", p->bytes.n);
	buf_add_str(&files->part[part], p->bytes);
}

static void add_size(struct writing *w, struct buf *b, const struct piece *p)
{
	if (w->classic)
		return;
	buf_add_z(b, "S ");
	add_time(w, b, p->boot);
	buf_printf(b, " SIGWINCH ROWS=%u COLS=%u\n", p->rows, p->cols);
}

static void add_mark(struct writing *w, struct buf *b, const struct piece *p)
{
	struct str name = p->bytes;

	if (w->classic || !str_skip(&name, STR(PIECE_SIGNAL)))
		return;
	buf_add_z(b, "S ");
	add_time(w, b, p->boot);
	buf_add_z(b, " SIG");
	add_value(b, str_upto(name, 16));
	buf_add_char(b, '\n');
}

/* When, and with what: at the end of the timing, or of the typescript. */
static void add_exit(
    struct writing *w, struct format_files *files, const struct piece *p)
{
	struct buf *b = &files->part[SCRIPT_OUTPUT];
	uint64_t since = p->boot > w->first ? p->boot - w->first : 0;

	if (w->classic) {
		buf_add_z(b, "\nScript done on ");
		add_start(b, w->time + (int64_t)since);
		buf_printf(b, " [COMMAND_EXIT_CODE=\"%u\"]\n", p->status);
		return;
	}
	b = &files->part[SCRIPT_TIMING];
	buf_add_z(b, "H 0.000000 DURATION ");
	stamp_add(b, since, 6);
	buf_printf(b, "\nH 0.000000 EXIT_CODE %u\n", p->status);
}

static void add_piece(
    void *state, struct format_files *files, const struct piece *p)
{
	struct buf *b = &files->part[SCRIPT_TIMING];
	struct writing *w = state;

	if (piece_is_shown(p))
		add_bytes(w, files, p, SCRIPT_OUTPUT);
	else if (p->type == PIECE_INPUT && !w->classic)
		add_bytes(w, files, p, SCRIPT_INPUT);
	else if (p->type == PIECE_SIZE)
		add_size(w, b, p);
	else if (p->type == PIECE_MARK)
		add_mark(w, b, p);
	else if (p->type == PIECE_EXIT)
		add_exit(w, files, p);
}

static const struct format_writer writer = {
    .size = sizeof(struct writing),
    .begin = begin,
    .piece = add_piece,
};

static const struct format_writer writer_classic = {
    .size = sizeof(struct writing),
    .begin = begin_classic,
    .piece = add_piece,
};

const struct format format_script = {
    .name = "script",
    .help = "script and scriptreplay, with --log-timing",
    .parts = script_parts,
    .n_parts = SCRIPT_N_PARTS,
    .hostile = true,
    .probe = script_probe,
    .named = script_named,
    .reader = &script_reader,
    .writer = &writer,
};

const struct format format_script_classic = {
    .name = "script-classic",
    .help = "script and scriptreplay before 2.35, output only",
    .parts = script_parts,
    .n_parts = SCRIPT_INPUT,
    .hostile = true,
    .probe = script_probe_classic,
    .reader = &script_reader_classic,
    .writer = &writer_classic,
};
