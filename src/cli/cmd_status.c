/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/daemon.h"
#include "cli/text/escape.h"

struct status_options {
	const char *socket;
};

static const struct opt status_opts[] = {
    {"socket", 0, OPT_STR, "FILE",
	"control socket of the daemon (" DAEMON_SOCKET ")",
	.at = offsetof(struct status_options, socket), .hint = OPT_HINT_FILE},
    {.name = NULL},
};

/* Names of files in the answer may hold anything. */
static void print_lines(struct cli *c, struct str text)
{
	struct str line;

	while (text.n) {
		str_cut(&text, '\n', &line);
		escape_add(&c->out.b, line, SIZE_MAX, 0, NULL);
		buf_add_char(&c->out.b, '\n');
	}
	out_row(&c->out);
}

static int status_run(const struct invocation *inv)
{
	const struct status_options *own = inv->own;
	const char *path = own->socket ? own->socket : DAEMON_SOCKET;
	struct cli *c = inv->cli;
	struct buf answer = BUF_INIT;
	int error = daemon_ask(
	    path, c->json ? STR("status json\n") : STR("status\n"), &answer);

	if (error == 0)
		print_lines(c, buf_str(&answer));
	buf_free(&answer);
	return error ? cli_fail(
			   c, "no answer at %s: %s", path, daemon_advice(error))
		     : CLI_FOUND;
}

const struct command cmd_status = {
    .name = "status",
    .operands = "",
    .summary = "tell what the daemon captures, and what it does not",
    .help = "Asks the sshtraild of this host, which answers root and the "
	    "members of its group: which process ends it, how many events and "
	    "bytes come, which "
	    "sessions are open, what the trail takes and its disk has left, "
	    "from which taps it takes events and why not from others, how "
	    "many of each, what was lost. Of CPU and memory it tells what the "
	    "process that collects took since its start.",
    .examples = "  sshtrail status\n"
		"  sshtrail status --json | jq '.taps[] | select(.lost > 0)'\n",
    .opts = status_opts,
    .opts_size = sizeof(struct status_options),
    .max_args = 0,
    .run = status_run,
};
