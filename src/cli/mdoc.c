/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/mdoc.h"

/* The day the text of the pages last changed. */
#define PAGE_DATE "November 23, 2026"

/* Text on a text line: nothing of it is taken for a request or escape. */
static void add_text(struct buf *b, struct str text)
{
	bool begin = true;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (begin && (c == '.' || c == '\''))
			buf_add_z(b, "\\&");
		if (c == '\\')
			buf_add_z(b, "\\e");
		else if (c == '-')
			buf_add_z(b, "\\-");
		else
			buf_add_char(b, c);
		begin = c == '\n';
	}
}

static void add_text_z(struct buf *b, const char *text)
{
	add_text(b, str_z(text));
}

/* Sentences on lines of their own, as mdoc wants them. */
static void add_sentences(struct buf *b, struct str text)
{
	size_t end;

	while ((end = str_find(text, STR(". "))) != STR_NPOS) {
		add_text(b, str_upto(text, end + 1));
		buf_add_char(b, '\n');
		text = str_from(text, end + 2);
	}
	add_text(b, text);
	buf_add_char(b, '\n');
}

static bool is_item(struct str line)
{
	return str_starts(line, STR("  "));
}

/* "  exec: a program was executed" of a list. */
static void add_item(struct buf *b, struct str line)
{
	struct str text = str_trim(line), name;

	str_cut(&text, ':', &name);
	buf_add_z(b, ".It ");
	add_text(b, name);
	buf_add_char(b, '\n');
	add_text(b, str_trim(text));
	buf_add_char(b, '\n');
}

/* Paragraphs and lists as in command->help. */
static void add_help(struct buf *b, struct str text)
{
	bool in_list = false, gap = false;
	struct str line;

	while (text.n) {
		str_cut(&text, '\n', &line);
		if (in_list && !is_item(line)) {
			buf_add_z(b, ".El\n");
			in_list = false;
		}
		if (!line.n) {
			gap = true;
			continue;
		}
		if (is_item(line)) {
			if (!in_list)
				buf_add_z(b, ".Bl -tag -width Ds\n");
			in_list = true;
			add_item(b, line);
		} else {
			if (gap)
				buf_add_z(b, ".Pp\n");
			add_sentences(b, line);
		}
		gap = false;
	}
	if (in_list)
		buf_add_z(b, ".El\n");
}

static void add_option(struct buf *b, const struct opt *o)
{
	buf_add_z(b, ".It ");
	if (o->letter)
		buf_printf(b, "Fl %c , ", o->letter);
	buf_add_z(b, "Fl \\-");
	add_text_z(b, o->name);
	if (o->type != OPT_FLAG) {
		buf_add_z(b, " Ar ");
		add_text_z(b, o->arg ? o->arg : "VALUE");
	}
	buf_add_char(b, '\n');
	add_sentences(b, str_z(o->help));
}

static void add_options(struct buf *b, const struct command *command)
{
	struct opt_group groups[COMMAND_GROUPS_MAX];

	command_groups(command, NULL, NULL, NULL, groups);
	for (const struct opt_group *g = groups; g->opts; g++) {
		buf_printf(b, ".Ss %s\n.Bl -tag -width Ds\n", g->title);
		for (const struct opt *o = g->opts; o->name; o++)
			if (!o->hidden)
				add_option(b, o);
		buf_add_z(b, ".El\n");
	}
}

static void add_examples(struct buf *b, struct str text)
{
	struct str line;

	if (!text.n)
		return;
	buf_add_z(b, ".Sh EXAMPLES\n.Bd -literal -offset indent\n");
	while (text.n) {
		str_cut(&text, '\n', &line);
		add_text(b, str_trim(line));
		buf_add_char(b, '\n');
	}
	buf_add_z(b, ".Ed\n");
}

static void add_title(struct buf *b, const char *name)
{
	for (; *name; name++)
		buf_add_char(b, *name >= 'a' && *name <= 'z'
				    ? (char)(*name - 'a' + 'A')
				    : *name);
}

void mdoc_page(const struct command *command, struct buf *b)
{
	buf_add_z(b, ".Dd " PAGE_DATE "\n.Dt SSHTRAIL-");
	add_title(b, command->name);
	buf_printf(
	    b, " 1\n.Os\n.Sh NAME\n.Nm sshtrail-%s\n.Nd ", command->name);
	add_text_z(b, command->summary);
	buf_printf(b, "\n.Sh SYNOPSIS\n.Nm sshtrail %s\n.Op Ar option ...\n",
	    command->name);
	if (*command->operands) {
		buf_add_z(b, ".Ar ");
		add_text_z(b, command->operands);
		buf_add_char(b, '\n');
	}
	buf_add_z(b, ".Sh DESCRIPTION\n");
	add_help(b, str_z(command->help ? command->help : command->summary));
	add_options(b, command);
	buf_add_z(b, ".Sh EXIT STATUS\n"
		     "0 found, sound or done; 1 nothing found; 2 wrong usage;\n"
		     "3 the evidence does not verify; 4 could not do it.\n");
	add_examples(b, str_z(command->examples ? command->examples : ""));
	buf_add_z(b, ".Sh SEE ALSO\n.Xr sshtrail 1\n");
}
