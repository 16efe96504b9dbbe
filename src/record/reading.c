/* SPDX-License-Identifier: Apache-2.0 */
#include "record/reading.h"

#define SHOWN_MAX 80

void reading_skip(const struct reading *r, struct format_sink *sink,
    const char *expected, struct str text)
{
	const struct format_skip skip = {.offset = r->offset,
	    .line = r->line,
	    .expected = expected,
	    .text = str_upto(text, SHOWN_MAX)};

	sink->skipped(sink, &skip);
}

static bool is_blank(struct str line)
{
	return str_trim(line).n == 0;
}

/* A line that does not end within what may be held: it is dropped as it comes.
 */
static size_t pass_over(
    struct reading *r, struct str rest, struct format_sink *sink)
{
	if (rest.n < READING_LINE_MAX && !r->too_long)
		return 0;
	if (!r->too_long)
		reading_skip(r, sink, "a line of less than 16 MiB", rest);
	r->too_long = true;
	r->offset += rest.n;
	return rest.n;
}

ssize_t reading_lines(struct reading *r, struct str data, bool last,
    struct format_sink *sink, reading_line_fn *line)
{
	struct str rest = data;

	while (rest.n) {
		size_t n = str_find_char(rest, '\n');
		size_t whole = n == STR_NPOS ? rest.n : n + 1;
		struct str text = str_upto(rest, n);
		int error = 0;

		if (n == STR_NPOS && !last) {
			if (!r->too_long)
				r->line++;
			whole = pass_over(r, rest, sink);
			if (!r->too_long)
				r->line--;
			return (ssize_t)(data.n - rest.n + whole);
		}
		if (!r->too_long) {
			r->line++;
			if (text.n >= READING_LINE_MAX)
				reading_skip(r, sink,
				    "a line of less than 16 MiB", text);
			else if (!is_blank(text))
				error = line(r, text, sink);
		}
		if (error < 0)
			return error;
		r->too_long = false;
		r->offset += whole;
		rest = str_from(rest, whole);
	}
	return (ssize_t)data.n;
}

void reading_advance(struct reading *r, uint64_t ns)
{
	r->now = ns > STAMP_MAX - r->now ? STAMP_MAX : r->now + ns;
}

int reading_piece(const struct reading *r, struct format_sink *sink,
    uint64_t id, struct piece *p)
{
	p->boot = r->now;
	return sink->piece(sink, id, p);
}

int reading_bytes(const struct reading *r, struct format_sink *sink,
    uint64_t id, enum piece_type type, struct str bytes)
{
	struct piece p = {.type = type, .bytes = bytes};

	return bytes.n ? reading_piece(r, sink, id, &p) : 0;
}

int reading_size(const struct reading *r, struct format_sink *sink, uint64_t id,
    uint16_t cols, uint16_t rows)
{
	struct piece p = {.type = PIECE_SIZE, .cols = cols, .rows = rows};

	return cols && rows ? reading_piece(r, sink, id, &p) : 0;
}
