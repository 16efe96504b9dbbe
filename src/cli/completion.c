/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/completion.h"

const char *completion_words_name(enum opt_hint hint)
{
	switch (hint) {
	case OPT_HINT_SESSION:
		return "session";
	case OPT_HINT_HOST:
		return "host";
	case OPT_HINT_USER:
		return "user";
	case OPT_HINT_NONE:
	case OPT_HINT_FILE:
	case OPT_HINT_DIR:
		break;
	}
	return NULL;
}

void completion_add_quoted(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf_add_z(b, "'\\''");
		else
			buf_add_char(b, *text);
	}
}

static void add_names(struct buf *b)
{
	for (size_t i = 0; i < commands_count; i++) {
		if (i)
			buf_add_char(b, ' ');
		buf_add_z(b, commands[i]->name);
	}
}

static void add_choices(struct buf *b, const char *const *choices)
{
	for (size_t i = 0; choices[i]; i++) {
		if (i)
			buf_add_char(b, ' ');
		buf_add_z(b, choices[i]);
	}
}

/* bash: what to run for a value of this hint. */
static void bash_hint(struct buf *b, enum opt_hint hint)
{
	const char *words = completion_words_name(hint);

	if (words)
		buf_printf(b, "_sshtrail_words %s", words);
	else if (hint == OPT_HINT_FILE)
		buf_add_z(b, "_sshtrail_files -f");
	else if (hint == OPT_HINT_DIR)
		buf_add_z(b, "_sshtrail_files -d");
	else
		buf_add_z(b, ":");
}

static void bash_values(struct buf *b, const struct opt_group *groups)
{
	completion_each_opt(groups, g, o)
	{
		if (o->type == OPT_FLAG)
			continue;
		buf_printf(b, "\t\t--%s", o->name);
		if (o->letter)
			buf_printf(b, "|-%c", o->letter);
		buf_add_z(b, ") ");
		if (o->choices) {
			buf_add_z(b, "_sshtrail_list '");
			add_choices(b, o->choices);
			buf_add_char(b, '\'');
		} else {
			bash_hint(b, o->hint);
		}
		buf_add_z(b, "; return ;;\n");
	}
}

static void bash_command(struct buf *b, const struct command *command)
{
	struct opt_group groups[COMMAND_GROUPS_MAX];

	command_groups(command, NULL, NULL, NULL, groups);
	buf_printf(b, "\t%s)\n\t\tcase $prev in\n", command->name);
	bash_values(b, groups);
	buf_add_z(b, "\t\tesac\n\t\tcase $cur in\n\t\t-*) _sshtrail_list '");
	completion_each_opt(groups, g, o) buf_printf(b, "--%s ", o->name);
	buf_add_z(b, "'; return ;;\n\t\tesac\n\t\t");
	if (command->takes & COMMAND_OPERAND_NAME) {
		buf_add_z(b, "_sshtrail_list '");
		add_names(b);
		buf_add_char(b, '\'');
	} else if (command->operand_choices) {
		buf_printf(b, "_sshtrail_list '%s'", command->operand_choices);
	} else {
		bash_hint(b, command->operand_hint);
	}
	buf_add_z(b, " ;;\n");
}

/*
 * Words of the store are compared by hand: compgen -W would expand them, and
 * a user name may be "$(reboot)".
 */
void completion_bash(struct buf *b)
{
	buf_add_z(b,
	    "# bash completion of sshtrail; made by 'sshtrail completion "
	    "bash'\n\n"
	    "_sshtrail_list()\n{\n"
	    "\tmapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n}\n\n"
	    "_sshtrail_words()\n{\n\tlocal word\n"
	    "\twhile IFS= read -r word; do\n"
	    "\t\t[[ $word == \"$cur\"* ]] && COMPREPLY+=(\"$word\")\n"
	    "\tdone < <(\"${COMP_WORDS[0]}\" completion --words \"$1\" "
	    "2>/dev/null)\n}\n\n"
	    "_sshtrail_files()\n{\n"
	    "\tcompopt -o filenames 2>/dev/null\n"
	    "\tmapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n}\n\n"
	    "_sshtrail()\n{\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} "
	    "prev=${COMP_WORDS[COMP_CWORD-1]} cmd= i\n"
	    "\tCOMPREPLY=()\n"
	    "\tif [[ $cur == = ]]; then\n\t\tcur=\n"
	    "\telif [[ $prev == = ]]; then\n"
	    "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n\tfi\n"
	    "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	    "\t\tif [[ ${COMP_WORDS[i]} != -* ]]; then\n"
	    "\t\t\tcmd=${COMP_WORDS[i]}\n\t\t\tbreak\n\t\tfi\n\tdone\n"
	    "\tcase $cmd in\n\t'') _sshtrail_list '");
	add_names(b);
	buf_add_z(b, "' ;;\n");
	for (size_t i = 0; i < commands_count; i++)
		bash_command(b, commands[i]);
	buf_add_z(b, "\tesac\n}\n\ncomplete -F _sshtrail sshtrail\n");
}

static void fish_hint(struct buf *b, enum opt_hint hint, bool required)
{
	const char *words = completion_words_name(hint);

	if (words)
		buf_printf(b,
		    " %s -a '(sshtrail completion --words %s 2>"
		    "/dev/null)'",
		    required ? "-x" : "-f", words);
	else if (hint == OPT_HINT_FILE)
		buf_add_z(b, required ? " -r -F" : " -F");
	else if (hint == OPT_HINT_DIR)
		buf_add_z(b, " -x -a '(__fish_complete_directories)'");
	else if (required)
		buf_add_z(b, " -x");
}

/* Within single quotes fish knows \' and \\ only. */
static void fish_quoted(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, *text);
	}
}

static void fish_option(struct buf *b, const char *command, const struct opt *o)
{
	buf_printf(b,
	    "complete -c sshtrail -n '__fish_seen_subcommand_from %s' -l %s",
	    command, o->name);
	if (o->letter)
		buf_printf(b, " -s %c", o->letter);
	if (o->choices) {
		buf_add_z(b, " -x -a '");
		add_choices(b, o->choices);
		buf_add_char(b, '\'');
	} else if (o->type != OPT_FLAG) {
		fish_hint(b, o->hint, true);
	}
	buf_add_z(b, " -d '");
	fish_quoted(b, o->help);
	buf_add_z(b, "'\n");
}

static void fish_operand(struct buf *b, const struct command *command)
{
	if (command->max_args == 0)
		return;
	buf_printf(b,
	    "complete -c sshtrail -n '__fish_seen_subcommand_from %s'",
	    command->name);
	if (command->takes & COMMAND_OPERAND_NAME) {
		buf_add_z(b, " -f -a '");
		add_names(b);
		buf_add_char(b, '\'');
	} else if (command->operand_choices) {
		buf_printf(b, " -f -a '%s'", command->operand_choices);
	} else {
		fish_hint(b, command->operand_hint, false);
	}
	buf_add_char(b, '\n');
}

void completion_fish(struct buf *b)
{
	buf_add_z(b,
	    "# fish completion of sshtrail; made by 'sshtrail completion "
	    "fish'\n"
	    "complete -c sshtrail -f\n");
	for (size_t i = 0; i < commands_count; i++) {
		buf_printf(b,
		    "complete -c sshtrail -n __fish_use_subcommand -f -a %s "
		    "-d '",
		    commands[i]->name);
		fish_quoted(b, commands[i]->summary);
		buf_add_z(b, "'\n");
	}
	for (size_t i = 0; i < commands_count; i++) {
		struct opt_group groups[COMMAND_GROUPS_MAX];

		command_groups(commands[i], NULL, NULL, NULL, groups);
		fish_operand(b, commands[i]);
		completion_each_opt(groups, g, o)
		    fish_option(b, commands[i]->name, o);
	}
}
