/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/mdoc.h"

struct help_options {
	bool mdoc;
};

static const struct opt help_opts[] = {
    {"mdoc", 0, OPT_FLAG, .help = "print the manual page of COMMAND in mdoc",
	.at = offsetof(struct help_options, mdoc)},
    {.name = NULL},
};

static int help_run(const struct invocation *inv)
{
	const struct help_options *own = inv->own;
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
	if (own->mdoc && about)
		mdoc_page(about, &c->out.b);
	else
		command_help(about, c->term.width, &c->out.b);
	out_row(&c->out);
	return CLI_FOUND;
}

const struct command cmd_help = {
    .name = "help",
    .operands = "[COMMAND]",
    .summary = "tell about a command",
    .opts = help_opts,
    .opts_size = sizeof(struct help_options),
    .takes = COMMAND_PAGER | COMMAND_OPERAND_NAME,
    .max_args = 1,
    .run = help_run,
};
