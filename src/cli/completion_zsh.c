/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/completion.h"

/* Text of an _arguments spec within single quotes. */
static void add_spec(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '[' || *text == ']' || *text == ':' ||
		    *text == '\\')
			buf_add_char(b, '\\');
		if (*text == '\'')
			buf_add_z(b, "'\\''");
		else
			buf_add_char(b, *text);
	}
}

/* The action part of a spec: how to complete a value. */
static void add_action(struct buf *b, enum opt_hint hint)
{
	const char *words = completion_words_name(hint);

	if (words)
		buf_printf(b, " _sshtrail_words %s", words);
	else if (hint == OPT_HINT_FILE)
		buf_add_z(b, "_files");
	else if (hint == OPT_HINT_DIR)
		buf_add_z(b, "_files -/");
	else
		buf_add_char(b, ' ');
}

static void add_value(struct buf *b, const struct opt *o)
{
	buf_add_char(b, ':');
	add_spec(b, o->arg ? o->arg : o->name);
	buf_add_char(b, ':');
	if (!o->choices) {
		add_action(b, o->hint);
		return;
	}
	buf_add_char(b, '(');
	for (size_t i = 0; o->choices[i]; i++)
		buf_printf(b, i ? " %s" : "%s", o->choices[i]);
	buf_add_char(b, ')');
}

static void add_option(struct buf *b, const struct opt *o)
{
	bool value = o->type != OPT_FLAG;
	bool many = o->type == OPT_LIST || o->type == OPT_EACH;

	buf_add_z(b, "\t\t\t");
	if (many)
		buf_add_z(b, "'*'");
	else if (o->letter)
		buf_printf(b, "'(-%c --%s)'", o->letter, o->name);
	if (o->letter)
		buf_printf(b, "{-%c%s,--%s%s}", o->letter, value ? "+" : "",
		    o->name, value ? "=" : "");
	else
		buf_printf(b, "--%s%s", o->name, value ? "=" : "");
	buf_add_z(b, "'[");
	add_spec(b, o->help);
	buf_add_char(b, ']');
	if (value)
		add_value(b, o);
	buf_add_z(b, "' \\\n");
}

static void add_operand(struct buf *b, const struct command *command)
{
	if (command->max_args == 0) {
		buf_add_z(b, "\t\t\t&& return\n");
		return;
	}
	buf_add_z(b, command->max_args > 1 ? "\t\t\t'*:" : "\t\t\t'1:");
	add_spec(b, command->operands);
	buf_add_char(b, ':');
	if (command->takes & COMMAND_OPERAND_NAME) {
		buf_add_char(b, '(');
		for (size_t i = 0; i < commands_count; i++)
			buf_printf(b, i ? " %s" : "%s", commands[i]->name);
		buf_add_char(b, ')');
	} else if (command->operand_choices) {
		buf_printf(b, "(%s)", command->operand_choices);
	} else {
		add_action(b, command->operand_hint);
	}
	buf_add_z(b, "' && return\n");
}

static void add_command(struct buf *b, const struct command *command)
{
	struct opt_group groups[COMMAND_GROUPS_MAX];

	command_groups(command, NULL, NULL, NULL, groups);
	buf_printf(b, "\t%s)\n\t\t_arguments -s \\\n", command->name);
	completion_each_opt(groups, g, o) add_option(b, o);
	add_operand(b, command);
	buf_add_z(b, "\t\t;;\n");
}

void completion_zsh(struct buf *b)
{
	buf_add_z(b,
	    "#compdef sshtrail\n"
	    "# zsh completion of sshtrail; made by 'sshtrail completion "
	    "zsh'\n\n"
	    "_sshtrail_words() {\n"
	    "\tlocal -a found\n"
	    "\tfound=(${(f)\"$(sshtrail completion --words $1 "
	    "2>/dev/null)\"})\n"
	    "\tcompadd -a found\n}\n\n"
	    "_sshtrail() {\n"
	    "\tlocal -a names\n"
	    "\tnames=(\n");
	for (size_t i = 0; i < commands_count; i++) {
		buf_printf(b, "\t\t'%s:", commands[i]->name);
		completion_add_quoted(b, commands[i]->summary);
		buf_add_z(b, "'\n");
	}
	buf_add_z(b, "\t)\n"
		     "\tif (( CURRENT == 2 )); then\n"
		     "\t\t_describe command names\n\t\treturn\n\tfi\n"
		     "\tshift words\n\t(( CURRENT-- ))\n"
		     "\tcase $words[1] in\n");
	for (size_t i = 0; i < commands_count; i++)
		add_command(b, commands[i]);
	buf_add_z(b,
	    "\tesac\n}\n\n"
	    "if [[ $funcstack[1] == _sshtrail ]]; then\n"
	    "\t_sshtrail \"$@\"\nelse\n\tcompdef _sshtrail sshtrail\nfi\n");
}
