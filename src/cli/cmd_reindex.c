/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "archive/archive.h"
#include "archive/screens.h"
#include "base/fd.h"
#include "cli/command.h"

struct progress {
	struct cli *cli;
	const char *what;
	bool shown;
	uint64_t percent;
};

static void on_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct progress *p = ctx;
	uint64_t percent =
	    total ? (uint64_t)((double)done * 100 / (double)total) : 100;
	struct buf b = BUF_INIT;

	if (!isatty(p->cli->err_fd) || (p->shown && percent == p->percent))
		return;
	p->shown = true;
	p->percent = percent;
	buf_printf(&b, "\rsshtrail: %s: %3llu %%", p->what,
	    (unsigned long long)percent);
	if (!buf_error(&b))
		(void)fd_write_all(p->cli->err_fd, b.p, b.n);
	buf_free(&b);
}

static void end_progress(struct progress *p)
{
	if (p->shown)
		(void)fd_write_all(p->cli->err_fd, "\n", 1);
	p->shown = false;
}

/* Of recordings: they are there already where nobody removed them. */
static int make_screens(struct cli *c, struct err *err)
{
	struct progress p = {.cli = c, .what = "screens"};
	struct archive *a = NULL;
	int r = archive_open(&a, c->dir.p, ARCHIVE_WRITE, err);

	if (r == 0)
		r = screens_make_missing(a, on_progress, &p, err);
	end_progress(&p);
	archive_close(a);
	return r;
}

static int reindex_run(const struct invocation *inv)
{
	struct cli *c = inv->cli;
	struct progress p = {.cli = c, .what = "reindex"};
	struct err err = {""};
	int r = archive_reindex(c->dir.p, on_progress, &p, &err);

	end_progress(&p);
	if (r == 0)
		r = make_screens(c, &err);
	return r < 0 ? cli_fail_code(c, r, &err) : CLI_FOUND;
}

const struct command cmd_reindex = {
    .name = "reindex",
    .operands = "",
    .summary = "make the index again from the trails",
    .help = "The index is derived from the trails and can be thrown away: "
	    "answers are the same afterwards. Needed after damage to the "
	    "index only. What is derived of recordings, for jumps and searches "
	    "in them, is made where it is missing.",
    .max_args = 0,
    .run = reindex_run,
};
