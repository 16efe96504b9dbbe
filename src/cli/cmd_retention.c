/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "archive/layout.h"
#include "archive/retention.h"
#include "base/fd.h"
#include "base/when.h"
#include "cli/command.h"
#include "cli/own.h"
#include "cli/text/escape.h"
#include "core/event_json.h"
#include "core/event_text.h"

struct retention_options {
	const char *config;
	bool yes;
};

static const struct opt retention_opts[] = {
    {"config", 'c', OPT_STR, "FILE",
	"what is kept how long (" POLICY_FILE
	"); see sshtrail-retention.yml(5)",
	.at = offsetof(struct retention_options, config),
	.hint = OPT_HINT_FILE},
    {"yes", 'y', OPT_FLAG, .help = "remove it, instead of only telling",
	.at = offsetof(struct retention_options, yes)},
    {.name = NULL},
};

struct retention {
	struct cli *cli;
	struct archive *archive; /* NULL: only telling */
	struct err *err;
	const char *config;
	uint64_t n;
};

static void step_json(struct buf *b, const struct retention_step *step)
{
	char until[TIME_ISO_LEN];

	time_format_iso(step->until, until);
	buf_add_z(b, "{\"chain\":");
	json_add_string(b, str_z(step->chain));
	buf_printf(b,
	    ",\"first\":%llu,\"last\":%llu,\"segments\":%llu,\"bytes\":%llu,"
	    "\"until\":\"%s\",\"reason\":",
	    (unsigned long long)step->first, (unsigned long long)step->upto,
	    (unsigned long long)step->segments, (unsigned long long)step->bytes,
	    until);
	json_add_string(b, str_z(step->why));
	buf_add_z(b, "}\n");
}

static void print_step(struct retention *t, const struct retention_step *step)
{
	struct buf *b = &t->cli->out.b;

	t->n++;
	if (t->cli->json) {
		step_json(b, step);
	} else {
		escape_add(b, str_z(step->chain), ESCAPE_NO_LIMIT,
		    term_escape_flags(&t->cli->term), NULL);
		buf_add_z(b, ": ");
		retention_describe(step, b);
		buf_add_char(b, '\n');
	}
	out_row(&t->cli->out);
}

/* Into a chain from which nothing is ever removed. */
static int append_event(struct retention *t, const struct retention_step *step)
{
	char host[65] = "localhost", chain[80];
	struct buf reason = BUF_INIT;
	struct event ev;
	int r;

	/* A name that is cut has no NUL. */
	(void)gethostname(host, sizeof host - 1);
	snprintf(chain, sizeof chain, "retention:%s", host);
	retention_describe(step, &reason);
	retention_event(&ev, step, t->config, buf_str(&reason));
	ev.time = t->cli->now;
	ev.host = str_z(host);
	ev.source = STR("sshtrail");
	own_tell(&ev);
	r = buf_error(&reason);
	if (r == 0)
		r = archive_begin(t->archive, chain, t->err);
	if (r == 0)
		r = archive_append(t->archive, &ev, t->err);
	buf_free(&reason);
	return r;
}

static int on_step(void *ctx, const struct retention_step *step)
{
	struct retention *t = ctx;

	print_step(t, step);
	return t->archive ? append_event(t, step) : 0;
}

static int only_tell(struct retention *t, const struct policy *p)
{
	CLEANUP_FD int dirfd = -1;
	int r = layout_open(t->cli->dir.p, false, &dirfd, t->err);

	return r < 0
		   ? r
		   : retention_plan(dirfd, p, t->cli->now, on_step, t, t->err);
}

static int remove_all(struct retention *t, const struct policy *p)
{
	struct retention_work work = {
	    .policy = p, .now = t->cli->now, .tell = on_step, .ctx = t};
	int r = archive_open(&t->archive, t->cli->dir.p, ARCHIVE_WRITE, t->err);

	if (r == 0)
		r = archive_retain(t->archive, &work, t->err);
	archive_close(t->archive);
	return r;
}

static int load_policy(struct cli *c, struct policy *p, const char *file)
{
	struct buf complaints = BUF_INIT;
	int r = policy_load(p, file, &complaints);
	struct str rest = buf_str(&complaints), line;

	while (rest.n) {
		str_cut(&rest, '\n', &line);
		cli_fail(c, "%.*s", STR_ARG(line));
	}
	buf_free(&complaints);
	return r < 0 ? CLI_FAILED : CLI_FOUND;
}

static int retention_run(const struct invocation *inv)
{
	const struct retention_options *own = inv->own;
	struct cli *c = inv->cli;
	struct err err = {""};
	struct retention t = {.cli = c,
	    .err = &err,
	    .config = own->config ? own->config : POLICY_FILE};
	struct policy p;
	int r = load_policy(c, &p, t.config);

	if (r == CLI_FOUND) {
		int done = own->yes ? remove_all(&t, &p) : only_tell(&t, &p);

		r = done < 0 ? cli_fail_code(c, done, &err)
			     : cli_found(c, t.n,
				   "chain with anything to "
				   "remove");
	}
	if (r == CLI_FOUND && !own->yes)
		cli_note(c, "nothing was removed: --yes does it");
	policy_free(&p);
	return r;
}

const struct command cmd_retention = {
    .name = "retention",
    .operands = "",
    .summary = "remove what is older, or more, than is to be kept",
    .help = "Tells what would be removed, and removes it with --yes: whole "
	    "segments from the front of a chain, never its last one. A signed "
	    "hole stays in their place, which 'verify' tells of; what is left "
	    "verifies as before. Who removed what, and why, is an event "
	    "(config, op retention) in the chain retention:HOST, from which "
	    "nothing is ever removed. The index is made again without it.",
    .examples = "sshtrail retention  # what would be removed\n"
		"sshtrail retention --yes  # remove it\n",
    .opts = retention_opts,
    .opts_size = sizeof(struct retention_options),
    .max_args = 0,
    .run = retention_run,
};
