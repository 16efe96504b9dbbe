/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

static int help_run(const struct invocation *inv)
{
	struct cli *c = inv->cli;
	const struct command *about = NULL;

	if (inv->n_args) {
		about = command_find(str_z(inv->args[0]));
		if (!about)
			return cli_usage(c,
			    "help: no command \"%s\"; 'sshtrail help' lists "
			    "them",
			    inv->args[0]);
	}
	command_help(about, c->term.width, &c->out.b);
	out_row(&c->out);
	return CLI_FOUND;
}

const struct command cmd_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "tell about a command",
    .takes = COMMAND_PAGER | COMMAND_OPERAND_NAME,
    .max_args = 1,
    .run = help_run,
};
