/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "cli/command.h"
#include "wire/member.h"
#include "wire/profile.h"

struct login_options {
	const char *name;
};

static const struct opt login_opts[] = {
    {"name", 0, OPT_STR, "NAME",
	"what --hub calls it; else the host in the URL",
	.at = offsetof(struct login_options, name)},
    {.name = NULL},
};

/* A line of standard input; at a terminal without echo. */
static bool read_token(struct cli *c, char *ret, size_t n)
{
	struct termios before, quiet;
	bool tty = tcgetattr(STDIN_FILENO, &before) == 0, got;

	if (tty) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		cli_note(c, "token:");
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	got = fgets(ret, (int)n, stdin);
	if (tty)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	if (got)
		ret[strcspn(ret, "\r\n")] = '\0';
	return got;
}

/* Of "https://hub.example:7420". */
static struct str host_of(struct str url)
{
	struct str host;

	str_skip(&url, STR("https://"));
	str_cut(&url, ':', &host);
	str_cut(&host, '/', &url);
	return url;
}

static int login_run(const struct invocation *inv)
{
	const struct login_options *own = inv->own;
	struct str host = host_of(str_z(inv->args[0]));
	struct buf dir = BUF_INIT;
	char token[TOKEN_TEXT_LEN + 3], name[CERT_NAME_MAX + 2];
	struct err err = {""};
	int r;

	snprintf(name, sizeof name, "%.*s", STR_ARG(host));
	r = profile_dir(own->name ? own->name : name, &dir, &err);
	if (r < 0) {
		buf_free(&dir);
		return cli_usage(
		    inv->cli, "%s; give one with --name", err.text);
	}
	if (!read_token(inv->cli, token, sizeof token))
		r = err_set(&err, -EINVAL, "there is no token to read");
	else
		r = profile_make(dir.p, inv->args[0], token, &err);
	explicit_bzero(token, sizeof token);
	if (r == 0)
		cli_note(inv->cli,
		    "--hub %s asks %s; what is known of it is in %s",
		    own->name ? own->name : name, inv->args[0], dir.p);
	buf_free(&dir);
	return r < 0 ? cli_fail(inv->cli, "%s", err.text) : CLI_FOUND;
}

const struct command cmd_login = {
    .name = "login",
    .operands = "HUB-URL",
    .summary = "make a hub known, to ask it with --hub",
    .help = "Reads a token from standard input, never from the command line: "
	    "what \"sshtrail-hub api-token\" printed for an account, or "
	    "\"sshtrail-hub init\" for admin. The token names the hub's "
	    "authority, so that no file need be copied. Both are kept in "
	    "~/.config/sshtrail/hubs/NAME (or below XDG_CONFIG_HOME), for "
	    "nobody else to read.\n\n"
	    "Then ls, show, search, who, last, failed, story and export take "
	    "--hub, and work as on a store, within what the account may see. "
	    "The hub records each question in its own trail.",
    .examples = "  sshtrail login https://hub.example:7420 < token\n"
		"  sshtrail --hub hub.example ls --user ann\n",
    .opts = login_opts,
    .opts_size = sizeof(struct login_options),
    .min_args = 1,
    .max_args = 1,
    .run = login_run,
};
