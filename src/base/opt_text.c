/* SPDX-License-Identifier: Apache-2.0 */
/* What people read about options: --help, and names that were meant. */
#include "base/opt.h"

#define HELP_COLUMN_MAX 30
#define NAME_MAX_LEN	32

static void add_left_side(const struct opt *opt, struct buf *b)
{
	if (opt->letter)
		buf_printf(b, "  -%c, --%s", opt->letter, opt->name);
	else
		buf_printf(b, "      --%s", opt->name);
	if (opt->type == OPT_FLAG)
		return;
	buf_add_char(b, ' ');
	if (opt->arg || !opt->choices) {
		buf_add_z(b, opt->arg ? opt->arg : "VALUE");
		return;
	}
	for (size_t i = 0; opt->choices[i]; i++)
		buf_printf(b, "%s%s", i ? "|" : "", opt->choices[i]);
}

/* The column where help texts begin: behind most of the left sides. */
static size_t help_column(const struct opt_group *groups)
{
	size_t column = 0;
	struct buf b = BUF_INIT;

	for (; groups->opts; groups++)
		for (const struct opt *o = groups->opts; o->name; o++) {
			buf_clear(&b);
			add_left_side(o, &b);
			if (!o->hidden && b.n > column &&
			    b.n + 2 <= HELP_COLUMN_MAX)
				column = b.n;
		}
	buf_free(&b);
	return column + 2;
}

static void pad_to(struct buf *b, size_t line_start, size_t column)
{
	while (b->n - line_start < column && !buf_error(b))
		buf_add_char(b, ' ');
}

/* Words of `text` from `column` on, no line longer than `width`. */
static void add_wrapped(
    struct buf *b, size_t line, size_t column, size_t width, struct str text)
{
	bool first = true, more = text.n > 0;

	while (more) {
		struct str word;

		more = str_cut(&text, ' ', &word);
		if (!first && b->n - line + 1 + word.n > width) {
			buf_add_char(b, '\n');
			line = b->n;
			first = true;
		}
		if (first)
			pad_to(b, line, column);
		else
			buf_add_char(b, ' ');
		buf_add_str(b, word);
		first = false;
	}
	buf_add_char(b, '\n');
}

static void add_option(
    struct buf *b, const struct opt *opt, size_t column, size_t width)
{
	size_t line = b->n;

	add_left_side(opt, b);
	if (b->n - line + 2 > column) {
		buf_add_char(b, '\n');
		line = b->n;
	}
	add_wrapped(b, line, column, width, str_z(opt->help));
}

void opt_help(const struct opt_group *groups, unsigned width, struct buf *b)
{
	size_t column = help_column(groups);
	bool first = true;

	if (width < 40)
		width = 40;
	for (; groups->opts; groups++) {
		if (!groups->opts->name)
			continue;
		buf_printf(b, "%s%s:\n", first ? "" : "\n",
		    groups->title ? groups->title : "Options");
		first = false;
		for (const struct opt *o = groups->opts; o->name; o++)
			if (!o->hidden)
				add_option(b, o, column, width);
	}
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * How many letters must be inserted, removed, replaced or swapped with their
 * neighbour to make b of a. Both are at most NAME_MAX_LEN long.
 */
static unsigned count_edits(struct str a, struct str b)
{
	unsigned d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];

	for (unsigned i = 0; i <= a.n; i++)
		d[i][0] = i;
	for (unsigned j = 0; j <= b.n; j++)
		d[0][j] = j;
	for (unsigned i = 1; i <= a.n; i++)
		for (unsigned j = 1; j <= b.n; j++) {
			unsigned other = a.p[i - 1] != b.p[j - 1];

			d[i][j] = least(d[i - 1][j - 1] + other,
			    least(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
			    a.p[i - 2] == b.p[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[a.n][b.n];
}

const char *opt_nearest(struct str wrong, const char *const *names, size_t n)
{
	/* A third of the letters may be wrong, and one always. */
	unsigned fewest = (unsigned)(wrong.n / 3) + 2;
	const char *best = NULL;

	if (!wrong.n || wrong.n > NAME_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct str name = str_z(names[i]);
		unsigned edits;

		if (name.n > NAME_MAX_LEN)
			continue;
		edits = count_edits(wrong, name);
		/* A name of which every letter differs was not meant. */
		if (edits < fewest && edits < name.n) {
			fewest = edits;
			best = names[i];
		}
	}
	return best;
}
