/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static const char *const color_choices[] = {"auto", "always", "never", NULL};

const struct opt common_opts[] = {
    {"store", 'D', OPT_STR, "DIR",
	"the store; else SSHTRAIL_STORE, else /var/lib/sshtrail for root and "
	"~/.local/share/sshtrail for others",
	.at = offsetof(struct common_options, store), .hint = OPT_HINT_DIR},
    {"hub", 0, OPT_STR, "HUB",
	"ask a hub instead of a store: its name or URL, known by "
	"'sshtrail login'",
	.at = offsetof(struct common_options, hub)},
    {"json", 'j', OPT_FLAG, .help = "JSON, one object a line",
	.at = offsetof(struct common_options, json)},
    {"utc", 0, OPT_FLAG, .help = "read and show times in UTC",
	.at = offsetof(struct common_options, utc)},
    {"width", 'w', OPT_U64, "N",
	"fit tables to N columns; else the terminal's width, and no limit "
	"where output is no terminal",
	.at = offsetof(struct common_options, width), .max = 10000},
    {"color", 0, OPT_CHOICE, "WHEN", "colours: auto, always or never",
	.at = offsetof(struct common_options, color), .choices = color_choices},
    {"no-pager", 0, OPT_FLAG, .help = "do not start a pager",
	.at = offsetof(struct common_options, no_pager)},
    {"help", 'h', OPT_FLAG, .help = "this text",
	.at = offsetof(struct common_options, help)},
    {.name = NULL},
};

void command_groups(const struct command *command, void *own,
    struct filters *filters, struct common_options *common,
    struct opt_group ret[static COMMAND_GROUPS_MAX])
{
	size_t n = 0;

	memset(ret, 0, COMMAND_GROUPS_MAX * sizeof *ret);
	if (command->opts)
		ret[n++] = (struct opt_group){"Options", command->opts, own};
	if (command->takes & COMMAND_FILTERS)
		ret[n++] = (struct opt_group){"Filters",
		    filters_opts + !!(command->takes & COMMAND_OWN_TEXT),
		    filters};
	if (command->takes & COMMAND_FILTERS_ALL)
		ret[n++] =
		    (struct opt_group){"Times", filters_all_opts, filters};
	if (command->takes & COMMAND_FILTERS_FLAGS)
		ret[n++] =
		    (struct opt_group){"Sessions", filters_flag_opts, filters};
	ret[n] = (struct opt_group){"Common options", common_opts, common};
}

const struct command *command_find(struct str name)
{
	for (size_t i = 0; i < commands_count; i++)
		if (str_eqz(name, commands[i]->name))
			return commands[i];
	return NULL;
}

static void apply_common(struct cli *c, const struct common_options *o)
{
	if (o->utc) {
		setenv("TZ", "UTC0", 1);
		tzset();
	}
	c->json = o->json;
	term_init(
	    &c->term, c->out.fd, (unsigned)o->width, (enum color_when)o->color);
	c->clock.known = false;
}

static int print_help(const struct command *command, struct cli *c)
{
	command_help(command, c->term.width, &c->out.b);
	out_row(&c->out);
	return CLI_FOUND;
}

static int check_args(const struct invocation *inv)
{
	const struct command *command = inv->command;

	if (inv->n_args < command->min_args)
		return cli_usage(inv->cli,
		    "%s: %s is missing; see 'sshtrail help %s'", command->name,
		    command->operands, command->name);
	if (inv->n_args > command->max_args)
		return cli_usage(inv->cli,
		    "%s: unexpected argument \"%s\"; see 'sshtrail help %s'",
		    command->name, inv->args[command->max_args], command->name);
	return CLI_FOUND;
}

/* Where the command finds what it works on. */
static int find_store(
    const struct invocation *inv, const struct common_options *common)
{
	struct cli *c = inv->cli;
	struct err err = {""};

	if (common->hub && common->store)
		return cli_usage(c, "either --hub or --store");
	if (common->hub && !(inv->command->takes & COMMAND_HUB))
		return cli_usage(c,
		    "%s works on a store and its machine, not through a hub: "
		    "run it there, with --store",
		    inv->command->name);
	if (common->hub && !commands_hub)
		return cli_fail(c, "hubs are asked by another program");
	if (common->hub) {
		buf_clear(&c->dir);
		c->hub = true;
		return commands_hub->find(common->hub, &c->dir, &err) < 0
			   ? cli_fail(c, "%s", err.text)
			   : CLI_FOUND;
	}
	if (cli_find_dir(c, common->store ? str_z(common->store) : STR_NONE) <
	    0)
		return cli_fail(
		    c, "no store: HOME is not set; name one with --store");
	return CLI_FOUND;
}

static int run_parsed(
    const struct invocation *inv, const struct common_options *common)
{
	struct cli *c = inv->cli;
	int r;

	apply_common(c, common);
	if (common->help)
		return print_help(inv->command, c);
	r = check_args(inv);
	if (r != CLI_FOUND)
		return r;
	r = find_store(inv, common);
	if (r != CLI_FOUND)
		return r;
	if (inv->command->takes & COMMAND_PAGER && c->term.tty && !c->json &&
	    !common->no_pager)
		pager_attach(&c->pager, &c->out);
	return inv->command->run(inv);
}

static int finish_output(struct cli *c, int code)
{
	int r = out_end(&c->out);

	pager_end(&c->pager, &c->out);
	if (r < 0)
		return cli_fail(c, "cannot write the output: %s", strerror(-r));
	return code;
}

static int parse_failed(
    struct cli *c, const struct command *command, int r, const struct err *err)
{
	if (r == -ENOMEM)
		return cli_fail(c, "%s: out of memory", command->name);
	return cli_usage(c, "%s: %s; see 'sshtrail help %s'", command->name,
	    err->text, command->name);
}

int command_run(const struct command *command, struct cli *c,
    const struct common_options *before, struct opt_args *args)
{
	struct filters filters = {0};
	struct common_options common = *before;
	struct opt_group groups[COMMAND_GROUPS_MAX];
	struct err err = {""};
	void *own = calloc(1, command->opts_size ? command->opts_size : 1);
	int r;

	if (!own)
		return cli_fail(c, "%s: out of memory", command->name);
	command_groups(command, own, &filters, &common, groups);
	r = opt_parse(groups, args, &err);
	if (r < 0) {
		r = parse_failed(c, command, r, &err);
	} else {
		struct invocation inv = {
		    c, command, &filters, own, args->v, args->n};

		r = run_parsed(&inv, &common);
	}
	r = finish_output(c, r);
	filters_free(&filters);
	if (command->free_own)
		command->free_own(own);
	free(own);
	return r;
}
