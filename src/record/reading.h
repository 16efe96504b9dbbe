/* SPDX-License-Identifier: Apache-2.0 */
/* What readers of formats share: lines with their numbers, and times. */
#ifndef RECORD_READING_H
#define RECORD_READING_H

#include "record/format.h"
#include "record/stamp.h"

/* Longer lines are passed over, and said so. */
#define READING_LINE_MAX ((size_t)16 << 20)

/* First in the state of a reader. */
struct reading {
	uint64_t offset; /* in the first part, of what is being read */
	uint64_t line;	 /* its number; 0: before the first one */
	bool too_long;	 /* within a line that is passed over */
	uint64_t now;	 /* nanoseconds since the begin */
};

/* One line, without its newline. 0, or a negative errno of the sink. */
typedef int reading_line_fn(
    void *state, struct str line, struct format_sink *sink);

/* As feed() of a reader: a call for each line that is not empty. */
ssize_t reading_lines(struct reading *r, struct str data, bool last,
    struct format_sink *sink, reading_line_fn *line);

/* The line that is read, or what stands at the offset, is of no use. */
void reading_skip(const struct reading *r, struct format_sink *sink,
    const char *expected, struct str text);

/* Time goes on; never beyond STAMP_MAX. */
void reading_advance(struct reading *r, uint64_t ns);

/* A piece at the time that was reached. */
int reading_piece(const struct reading *r, struct format_sink *sink,
    uint64_t id, struct piece *p);
int reading_bytes(const struct reading *r, struct format_sink *sink,
    uint64_t id, enum piece_type type, struct str bytes);
/* A size of nothing is none. */
int reading_size(const struct reading *r, struct format_sink *sink, uint64_t id,
    uint16_t cols, uint16_t rows);

#endif
