/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/counts.h"
#include "cli/failures.h"
#include "cli/failures_count.h"
#include "cli/rows.h"
#include "cli/text/table.h"

struct failed_options {
	struct opt_list by;
};

static const struct opt failed_opts[] = {
    {"by", 'b', OPT_LIST, "BY,...",
	"print how many, by any of user, addr, host, day",
	.at = offsetof(struct failed_options, by)},
    {.name = NULL},
};

static const struct column failed_columns[] = {
    {"TIME", 0, false, 0},
    {"HOST", 24, false, 8},
    {"USER", 32, false, 10},
    {"VALID", 0, false, 0},
    {"FROM", 40, false, 15},
    {"METHOD", 22, false, 5},
    {"MARK", 0, false, 0},
    {"REASON", 0, false, 0},
};

struct failed {
	struct cli *cli;
	struct table table;
	struct buf text;
	struct failures failures;
	uint64_t limit; /* 0: none */
};

static const char *valid_word(const struct event *ev)
{
	if (!event_has(ev, F_VALID))
		return "?";
	return ev->v[F_VALID].i ? "yes" : "no";
}

/*
 * "weak": only concluded; "xN": the writer says that it came N times more,
 * besides the line before.
 */
static void cell_marks(struct failed *f, const struct event *ev)
{
	int64_t repeat = event_int(ev, F_REPEAT, 0);

	buf_clear(&f->text);
	if (event_int(ev, F_WEAK, 0))
		buf_add_z(&f->text, "weak");
	if (repeat > 0) {
		buf_add_z(&f->text, f->text.n ? " x" : "x");
		buf_add_i64(&f->text, repeat);
	}
	table_cell(&f->table, buf_str(&f->text), STYLE_DIM);
}

static void cell_reason(struct failed *f, const struct event *ev)
{
	struct str fp = event_str(ev, F_FP), reason = event_str(ev, F_REASON);

	buf_clear(&f->text);
	buf_add_str(&f->text, reason);
	if (fp.n && reason.n)
		buf_add_char(&f->text, ' ');
	buf_add_str(&f->text, fp);
	table_cell(&f->table, buf_str(&f->text), STYLE_NONE);
}

static bool failed_row(void *ctx, const struct event *ev)
{
	struct failed *f = ctx;
	char time[TIME_LOCAL_LEN];

	table_cell(&f->table, clock_format(&f->cli->clock, ev->time, time),
	    STYLE_NONE);
	table_cell(&f->table, ev->host, STYLE_NONE);
	table_cell(&f->table, event_str(ev, F_USER), STYLE_NONE);
	table_cell_z(&f->table, valid_word(ev), STYLE_NONE);
	table_cell(&f->table, event_str(ev, F_ADDR), STYLE_CYAN);
	table_cell(&f->table, event_str(ev, F_METHOD), STYLE_NONE);
	cell_marks(f, ev);
	cell_reason(f, ev);
	return table_row(&f->table);
}

static bool failure_row(void *ctx, const struct event *ev)
{
	struct failed *f = ctx;
	bool more =
	    f->cli->json ? rows_event_json(f->cli, ev) : failed_row(f, ev);

	return more && (!f->limit || f->failures.told < f->limit);
}

static bool add_account(void *ctx, const struct event *ev)
{
	return failures_add(&((struct failed *)ctx)->failures, ev);
}

static int print_failures(struct failed *f, struct query *q)
{
	int r;

	/* Several accounts make one row. */
	f->limit = q->limit;
	q->limit = 0;
	if (failures_init(&f->failures, failure_row, f) < 0)
		return cli_fail(f->cli, "cannot list failures: out of memory");
	r = rows_events(f->cli, q, add_account, f, NULL, NULL);
	if (failures_finish(&f->failures) < 0)
		r = cli_fail(f->cli, "cannot list failures: out of memory");
	failures_free(&f->failures);
	return r;
}

static const enum field failed_fields[] = {
    F_USER, F_VALID, F_ADDR, F_METHOD, F_WEAK, F_REPEAT, F_FP, F_REASON, F_PID};

static int print_table(struct failed *f, struct query *q)
{
	struct cli *c = f->cli;
	int r;

	for (size_t i = 0; i < sizeof failed_fields / sizeof *failed_fields;
	     i++)
		query_want(q, failed_fields[i]);
	if (table_begin(&f->table, &c->out, &c->term, failed_columns,
		sizeof failed_columns / sizeof *failed_columns) < 0)
		return cli_fail(c, "cannot list failures: out of memory");
	r = print_failures(f, q);
	buf_free(&f->text);
	if (table_end(&f->table) < 0)
		return cli_fail(c, "cannot list failures: out of memory");
	return r;
}

static int failed_run(const struct invocation *inv)
{
	const struct failed_options *own = inv->own;
	struct cli *c = inv->cli;
	struct failed f = {.cli = c};
	struct query q;
	int r = counts_check(c, &own->by);

	if (r == CLI_FOUND)
		r = filters_query(inv->filters, c, RANGE_WEEK, &q);
	if (r != CLI_FOUND)
		return r;
	q.kinds = (uint64_t)1 << EVENT_AUTH_FAIL;
	if (own->by.n)
		return counts_print_with(c, &q, &own->by, failures_count);
	r = cli_open(c);
	if (r != CLI_FOUND)
		return r;
	r = c->json ? print_failures(&f, &q) : print_table(&f, &q);
	return r == CLI_FOUND ? cli_found(c, f.failures.told, "failed login")
			      : r;
}

static void failed_free(void *own)
{
	opt_list_free(&((struct failed_options *)own)->by);
}

const struct command cmd_failed = {
    .name = "failed",
    .operands = "",
    .summary = "list failed logins, as lastb does, newest first",
    .help = "VALID says whether sshd knew and allowed the user. MARK \"weak\" "
	    "stands where the failure is concluded from how the connection "
	    "ended: at sshd's usual log level the only trace of refused "
	    "keys. \"x5\": five times in a row. What several sources tell of "
	    "one attempt is one line; search --kind auth.fail has them all. "
	    "Shows the 7 days before the "
	    "newest event in the store unless --since or --all say "
	    "otherwise.",
    .examples = "  sshtrail failed --by addr --all\n"
		"  sshtrail failed --user root --since yesterday\n",
    .opts = failed_opts,
    .opts_size = sizeof(struct failed_options),
    .takes =
	COMMAND_HUB | COMMAND_FILTERS | COMMAND_FILTERS_ALL | COMMAND_PAGER,
    .max_args = 0,
    .run = failed_run,
    .free_own = failed_free,
};
