/* SPDX-License-Identifier: Apache-2.0 */
#include "record/asciicast.h"

#include <stdio.h>

#include "record/json_text.h"
#include "record/stamp.h"

struct writing {
	unsigned version;     /* 2 or 3 */
	bool no_tty;	      /* newlines are to be completed */
	uint64_t first, last; /* boot times of pieces */
	uint64_t told;	      /* version 3: sum of the intervals told */
	struct json_tail output, input, errors;
};

static void add_time(struct writing *w, struct buf *b, uint64_t boot)
{
	uint64_t since;

	if (boot > w->last)
		w->last = boot;
	since = w->last - w->first;
	buf_add_char(b, '[');
	if (w->version == 2)
		stamp_add(b, since, 6);
	else
		stamp_add(b, stamp_interval(&w->told, since, NS_PER_MS), 3);
	buf_add_z(b, ", ");
}

/* What no terminal's driver has seen has no carriage returns. */
static void add_lines(struct buf *b, struct json_tail *tail, struct str s)
{
	struct str line;

	while (str_find_char(s, '\n') != STR_NPOS) {
		str_cut(&s, '\n', &line);
		json_text_add(b, tail, line);
		json_text_add(b, tail, STR("\r\n"));
	}
	json_text_add(b, tail, s);
}

static void add_line(struct writing *w, struct buf *b, const struct piece *p,
    char code, struct json_tail *tail, struct str text)
{
	add_time(w, b, p->boot);
	buf_printf(b, "\"%c\", \"", code);
	if (w->no_tty && code == 'o')
		add_lines(b, tail, text);
	else
		json_text_add(b, tail, text);
	buf_add_z(b, "\"]\n");
}

static void add_plain(struct writing *w, struct buf *b, const struct piece *p,
    char code, struct str text)
{
	struct json_tail none = {.n = 0};

	add_time(w, b, p->boot);
	buf_printf(b, "\"%c\", \"", code);
	json_text_add(b, &none, text);
	json_text_end(b, &none);
	buf_add_z(b, "\"]\n");
}

static void add_env(const struct head *h, struct buf *b, bool with_term)
{
	if (h->shell.n == 0 && (h->term.n == 0 || !with_term))
		return;
	buf_add_z(b, ", \"env\": {");
	if (h->shell.n) {
		buf_add_z(b, "\"SHELL\": ");
		json_text_quoted(b, h->shell);
	}
	if (h->term.n && with_term) {
		buf_add_z(b, h->shell.n ? ", \"TERM\": " : "\"TERM\": ");
		json_text_quoted(b, h->term);
	}
	buf_add_char(b, '}');
}

static void add_size(const struct head *h, struct buf *b, unsigned version)
{
	unsigned cols = h->cols ? h->cols : 80, rows = h->rows ? h->rows : 24;

	if (version == 2) {
		buf_printf(b, "{\"version\": 2, \"width\": %u, \"height\": %u",
		    cols, rows);
		return;
	}
	buf_printf(b, "{\"version\": 3, \"term\": {\"cols\": %u, \"rows\": %u",
	    cols, rows);
	if (h->term.n) {
		buf_add_z(b, ", \"type\": ");
		json_text_quoted(b, h->term);
	}
	buf_add_char(b, '}');
}

static void begin(struct writing *w, unsigned version,
    struct format_files *files, const struct head *h, uint64_t boot)
{
	struct buf *b = &files->part[0];

	w->version = version;
	w->no_tty = h->no_tty;
	w->first = w->last = boot;
	add_size(h, b, version);
	if (h->time)
		buf_printf(b, ", \"timestamp\": %lld",
		    (long long)(h->time / (int64_t)NS_PER_S));
	if (h->command.n) {
		buf_add_z(b, ", \"command\": ");
		json_text_quoted(b, h->command);
	}
	if (h->title.n) {
		buf_add_z(b, ", \"title\": ");
		json_text_quoted(b, h->title);
	}
	add_env(h, b, version == 2);
	buf_add_z(b, "}\n");
}

static void begin_2(void *state, struct format_files *files,
    const struct head *h, uint64_t boot)
{
	begin(state, 2, files, h, boot);
}

static void begin_3(void *state, struct format_files *files,
    const struct head *h, uint64_t boot)
{
	begin(state, 3, files, h, boot);
}

static void add_hole(struct writing *w, struct buf *b, const struct piece *p)
{
	char text[64] = "output may be missing before this";

	if (p->lost)
		snprintf(text, sizeof text,
		    "%llu bytes of output are missing here",
		    (unsigned long long)p->lost);
	add_plain(w, b, p, 'm', str_z(text));
}

static void add_left_out(
    struct writing *w, struct buf *b, const struct piece *p)
{
	char text[64] = "output is not recorded from here on";

	if (p->lost)
		snprintf(text, sizeof text,
		    "%llu bytes of output were not recorded",
		    (unsigned long long)p->lost);
	add_plain(w, b, p, 'm', str_z(text));
}

static void add_piece(
    void *state, struct format_files *files, const struct piece *p)
{
	struct buf *b = &files->part[0];
	struct writing *w = state;
	char text[16];

	switch (p->type) {
	case PIECE_OUTPUT:
		add_line(w, b, p, 'o', &w->output, p->bytes);
		break;
	case PIECE_INPUT:
		add_line(w, b, p, 'i', &w->input, p->bytes);
		break;
	case PIECE_ERRORS:
		/* A player knows one kind of output. */
		add_line(w, b, p, 'o', &w->errors, p->bytes);
		break;
	case PIECE_SIZE:
		snprintf(text, sizeof text, "%ux%u", p->cols, p->rows);
		add_plain(w, b, p, 'r', str_z(text));
		break;
	case PIECE_MASKED:
		add_plain(
		    w, b, p, 'm', STR("typed without echo: not recorded"));
		break;
	case PIECE_HOLE:
		add_hole(w, b, p);
		break;
	case PIECE_LEFT_OUT:
		add_left_out(w, b, p);
		break;
	case PIECE_MARK:
		add_plain(w, b, p, 'm', p->bytes);
		break;
	case PIECE_EXIT:
		/* Of version 3 only. */
		if (w->version == 2)
			break;
		snprintf(text, sizeof text, "%u", p->status);
		add_plain(w, b, p, 'x', str_z(text));
		break;
	case PIECE_BEGIN:
	case PIECE_END:
	case PIECE_N_TYPES:
		break;
	}
}

static void end_tail(
    struct writing *w, struct buf *b, struct json_tail *tail, char code)
{
	if (tail->n == 0)
		return;
	add_time(w, b, w->last);
	buf_printf(b, "\"%c\", \"", code);
	json_text_end(b, tail);
	buf_add_z(b, "\"]\n");
}

static void end(void *state, struct format_files *files)
{
	struct writing *w = state;

	end_tail(w, &files->part[0], &w->output, 'o');
	end_tail(w, &files->part[0], &w->errors, 'o');
	end_tail(w, &files->part[0], &w->input, 'i');
}

static const struct format_writer writer_2 = {
    .size = sizeof(struct writing),
    .begin = begin_2,
    .piece = add_piece,
    .end = end,
};

static const struct format_writer writer_3 = {
    .size = sizeof(struct writing),
    .begin = begin_3,
    .piece = add_piece,
    .end = end,
};

const struct format format_asciicast = {
    .name = "asciicast",
    .help = "asciinema, version 2",
    .marks = true,
    .probe = asciicast_probe_2,
    .reader = &asciicast_reader,
    .writer = &writer_2,
};

const struct format format_asciicast_3 = {
    .name = "asciicast-v3",
    .help = "asciinema since its version 3",
    .marks = true,
    .probe = asciicast_probe_3,
    .reader = &asciicast_reader,
    .writer = &writer_3,
};

const struct format format_asciicast_1 = {
    .name = "asciicast-v1",
    .help = "asciinema before its version 2",
    .probe = asciicast_probe_1,
    .reader = &asciicast_reader_1,
};
