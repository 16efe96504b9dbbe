/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: recordings read from and written to memory, and told as text. */
#ifndef RECORD_MEMORY_TEST_H
#define RECORD_MEMORY_TEST_H

#include <stdlib.h>

#include "record/format.h"
#include "record/stamp.h"

struct memory {
	struct format_sink sink; /* first */
	struct str part[FORMAT_PARTS_MAX];
	struct buf told; /* what was read, a line for each call */
	/* Where pieces go as well; NULL: nowhere. */
	const struct format *to;
	void *writing;
	struct format_files *files;
	size_t n_pieces, n_skipped;
};

static inline void tell_bytes(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c >= ' ' && c < 0x7f && c != '\\')
			buf_add_char(b, c);
		else
			buf_printf(b, "\\%02x", (uint8_t)c);
	}
}

static inline int memory_begin(
    struct format_sink *sink, uint64_t id, const struct head *h)
{
	static const char *const names[] = {"host", "boot", "user", "target",
	    "tty", "term", "shell", "command", "cwd", "title"};
	const struct str texts[] = {h->host, h->boot, h->user, h->target,
	    h->tty, h->term, h->shell, h->command, h->cwd, h->title};
	struct memory *m = (struct memory *)sink;

	buf_printf(&m->told, "%u begin %ux%u ", (unsigned)id, h->cols, h->rows);
	stamp_add(&m->told, (uint64_t)h->time, 9);
	if (h->ses >= 0)
		buf_printf(&m->told, " ses=%lld", (long long)h->ses);
	if (h->pid >= 0)
		buf_printf(&m->told, " pid=%lld", (long long)h->pid);
	buf_add_z(&m->told, h->no_tty ? " no-tty" : "");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (texts[i].n == 0)
			continue;
		buf_printf(&m->told, " %s=", names[i]);
		tell_bytes(&m->told, texts[i]);
	}
	buf_add_char(&m->told, '\n');
	if (m->to)
		m->to->writer->begin(m->writing, m->files, h, 0);
	return 0;
}

static inline int memory_piece(
    struct format_sink *sink, uint64_t id, const struct piece *p)
{
	static const char types[] = "boirmslxkce";
	struct memory *m = (struct memory *)sink;

	m->n_pieces++;
	buf_printf(&m->told, "%u ", (unsigned)id);
	stamp_add(&m->told, p->boot, 9);
	buf_printf(&m->told, " %c ", types[p->type]);
	if (p->type == PIECE_SIZE)
		buf_printf(&m->told, "%ux%u", p->cols, p->rows);
	else if (p->type == PIECE_EXIT)
		buf_printf(&m->told, "%u", p->status);
	else
		tell_bytes(&m->told, p->bytes);
	buf_add_char(&m->told, '\n');
	if (m->to)
		m->to->writer->piece(m->writing, m->files, p);
	return 0;
}

static inline void memory_skipped(
    struct format_sink *sink, const struct format_skip *skip)
{
	struct memory *m = (struct memory *)sink;

	m->n_skipped++;
	buf_printf(&m->told, "skipped %u line %u byte %u: %s\n", skip->part,
	    (unsigned)skip->line, (unsigned)skip->offset, skip->expected);
}

static inline struct str memory_take(
    struct format_sink *sink, unsigned part, size_t n)
{
	struct memory *m = (struct memory *)sink;
	struct str s = str_upto(m->part[part], n);

	m->part[part] = str_from(m->part[part], n);
	return s;
}

/* All of parts[0] in pieces of `step` bytes; then look at m->told. */
static inline void memory_read(
    struct memory *m, const struct format *f, size_t step)
{
	void *state = calloc(1, f->reader->size);
	struct str data = m->part[0];
	size_t at = 0, end = 0;

	m->sink.begin = memory_begin;
	m->sink.piece = memory_piece;
	m->sink.skipped = memory_skipped;
	m->sink.take = memory_take;
	m->sink.time = 1;
	while (state) {
		bool last;
		ssize_t n;

		end = data.n - end < step ? data.n : end + step;
		last = end == data.n;
		n = f->reader->feed(
		    state, str_make(data.p + at, end - at), last, &m->sink);
		if (n < 0 || (size_t)n > end - at ||
		    (last && at + (size_t)n != end))
			abort();
		at += (size_t)n;
		if (last)
			break;
	}
	if (f->reader->free)
		f->reader->free(state);
	free(state);
}

#endif
