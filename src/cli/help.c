/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#define HELP_WIDTH 80
#define HELP_MIN   40
#define NAME_WIDTH 12

static void add_blanks(struct buf *b, size_t n)
{
	while (n--)
		buf_add_char(b, ' ');
}

/* One line, broken at blanks; what follows is indented by `hang` more. */
static void add_line(struct buf *b, struct str line, size_t width, size_t hang)
{
	size_t indent = 0, column;
	struct str word;

	while (indent < line.n && line.p[indent] == ' ')
		indent++;
	line = str_from(line, indent);
	add_blanks(b, indent);
	column = 0;
	while (line.n) {
		str_cut(&line, ' ', &word);
		if (column && indent + column + 1 + word.n > width) {
			buf_add_char(b, '\n');
			indent += column && hang ? hang : 0;
			hang = 0;
			add_blanks(b, indent);
			column = 0;
		}
		if (column++)
			buf_add_char(b, ' ');
		else
			column = 0;
		column += word.n;
		buf_add_str(b, word);
	}
	buf_add_char(b, '\n');
}

/* Lines that begin with blanks are items of a list. */
static void add_wrapped(struct buf *b, struct str text, size_t width)
{
	struct str line;

	while (text.n) {
		str_cut(&text, '\n', &line);
		add_line(b, line, width, line.n && line.p[0] == ' ' ? 4 : 0);
	}
}

static void program_help(struct buf *b)
{
	buf_add_z(b,
	    "sshtrail - who did what over SSH, when, from where, and how do "
	    "we know\n\n"
	    "Usage: sshtrail COMMAND [OPTION]...\n\nCommands:\n");
	for (size_t i = 0; i < commands_count; i++)
		buf_printf(b, "  %-*s %s\n", NAME_WIDTH, commands[i]->name,
		    commands[i]->summary);
	buf_add_z(b,
	    "\n'sshtrail help COMMAND' tells more, 'man sshtrail' all.\n\n"
	    "Exit status: 0 found or sound, 1 nothing found, 2 wrong usage,\n"
	    "3 the evidence does not verify, 4 could not do it.\n");
}

void command_help(const struct command *command, unsigned width, struct buf *b)
{
	struct opt_group groups[COMMAND_GROUPS_MAX];

	if (width < HELP_MIN || width > HELP_WIDTH)
		width = width > HELP_WIDTH || !width ? HELP_WIDTH : HELP_MIN;
	if (!command) {
		program_help(b);
		return;
	}
	buf_printf(b,
	    "sshtrail %s - %s\n\nUsage: sshtrail %s [OPTION]...%s%s\n",
	    command->name, command->summary, command->name,
	    *command->operands ? " " : "", command->operands);
	if (command->help) {
		buf_add_char(b, '\n');
		add_wrapped(b, str_z(command->help), width);
	}
	buf_add_char(b, '\n');
	command_groups(command, NULL, NULL, NULL, groups);
	opt_help(groups, width, b);
	if (command->examples) {
		buf_add_z(b, "\nExamples:\n");
		buf_add_z(b, command->examples);
	}
}
