/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/command.h"
#include "cli/text/escape.h"

#define SOCKET	   "/run/sshtrail/control"
#define ANSWER_MAX ((size_t)1 << 20)
#define WAIT_SEC   5

struct status_options {
	const char *socket;
};

static const struct opt status_opts[] = {
    {"socket", 0, OPT_STR, "FILE", "control socket of the daemon (" SOCKET ")",
	.at = offsetof(struct status_options, socket), .hint = OPT_HINT_FILE},
    {.name = NULL},
};

static int no_daemon(struct cli *c, const char *path, int error)
{
	const char *advice =
	    error == EACCES ? "you are neither root nor in its group"
	    : error == ENOENT || error == ECONNREFUSED
		? "sshtraild is not running; start it, or name its socket "
		  "with --socket"
		: strerror(error);

	return cli_fail(c, "no answer at %s: %s", path, advice);
}

static int connect_to(const char *path, int *ret)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const struct timeval wait = {.tv_sec = WAIT_SEC};
	size_t n = strlen(path);

	if (n >= sizeof addr.sun_path)
		return ENAMETOOLONG;
	memcpy(addr.sun_path, path, n + 1);
	*ret = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*ret < 0 ||
	    setsockopt(*ret, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) < 0 ||
	    connect(*ret, (const struct sockaddr *)&addr, sizeof addr) < 0)
		return errno;
	return 0;
}

static int ask(int fd, bool json, struct buf *answer)
{
	struct str request = json ? STR("status json\n") : STR("status\n");
	ssize_t n = send(fd, request.p, request.n, MSG_NOSIGNAL);

	while (n > 0 && answer->n < ANSWER_MAX) {
		char *at = buf_reserve(answer, 4096);

		if (!at)
			return ENOMEM;
		n = recv(fd, at, 4096, 0);
		answer->n += n > 0 ? (size_t)n : 0;
	}
	return n < 0 ? errno : 0;
}

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
	const char *path = own->socket ? own->socket : SOCKET;
	struct cli *c = inv->cli;
	struct buf answer = BUF_INIT;
	CLEANUP_FD int fd = -1;
	int error = connect_to(path, &fd);

	if (error == 0)
		error = ask(fd, c->json, &answer);
	if (error == 0 && answer.n == 0)
		error = ECONNREFUSED;
	if (error == 0)
		print_lines(c, buf_str(&answer));
	buf_free(&answer);
	return error ? no_daemon(c, path, error) : CLI_FOUND;
}

const struct command cmd_status = {
    .name = "status",
    .operands = "",
    .summary = "tell what the daemon captures, and what it does not",
    .help = "Asks the sshtraild of this host, which answers root and the "
	    "members of its group: from which taps it takes events and why "
	    "not from others, how many of each, what was lost.",
    .examples = "  sshtrail status\n"
		"  sshtrail status --json | jq '.taps[] | select(.lost > 0)'\n",
    .opts = status_opts,
    .opts_size = sizeof(struct status_options),
    .max_args = 0,
    .run = status_run,
};
