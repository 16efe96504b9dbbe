/* SPDX-License-Identifier: Apache-2.0 */
#include "base/opt.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct values {
	bool json, quiet;
	const char *host;
	struct opt_list users, texts;
	uint64_t limit;
	int64_t since, span;
	int format;
};

static const char *const formats[] = {"table", "json", "csv", NULL};

#define AT(member) .at = offsetof(struct values, member)

static const struct opt filter[] = {
    {"user", 'u', OPT_LIST, "NAME", "only sessions of NAME", AT(users)},
    {"host", 'H', OPT_STR, "NAME", "only this host", AT(host)},
    {"text", 't', OPT_EACH, "TEXT", "commands that hold TEXT", AT(texts)},
    {"since", 0, OPT_TIME, "TIME",
	"what happened at this time or later, as journalctl takes it",
	AT(since)},
    {"span", 0, OPT_SPAN, "SPAN", "so long", AT(span)},
    {0},
};

static const struct opt output[] = {
    {"json", 'j', OPT_FLAG, .help = "JSON lines", AT(json)},
    {"json-seq", 0, OPT_FLAG, .help = "the same", AT(json)},
    {"quiet", 'q', OPT_FLAG, .help = "say nothing", AT(quiet)},
    {"limit", 'n', OPT_U64, "N", "at most N rows", AT(limit), .max = 1000},
    {"format", 0, OPT_CHOICE, .help = "what comes out", AT(format),
	.choices = formats},
    {"a-name-that-is-much-too-long", 0, OPT_FLAG, .help = "works too",
	AT(quiet)},
    {"secret", 0, OPT_FLAG, .help = "not shown", AT(quiet), .hidden = true},
    {0},
};

#define NOW ((int64_t)1000000000000)

/* Splits a line at blanks ("~" stands for an empty argument) and parses it. */
struct run {
	struct values v;
	struct err err;
	char line[200];
	char *argv[32];
	struct opt_args args;
	int r;
};

static void run(struct run *run, const char *line, bool stop_early)
{
	const struct opt_group groups[] = {
	    {"Filter", filter, &run->v}, {NULL, output, &run->v}, {0}};
	char *at = run->line;

	memset(run, 0, sizeof *run);
	run->args.v = run->argv;
	run->args.now = NOW;
	run->args.stop_early = stop_early;
	strncpy(run->line, line, sizeof run->line - 1);
	while (*at) {
		char *end = at + strcspn(at, " ");

		run->argv[run->args.n++] = at;
		at = *end ? end + 1 : end;
		*end = '\0';
		if (strcmp(run->argv[run->args.n - 1], "~") == 0)
			run->argv[run->args.n - 1][0] = '\0';
	}
	run->r = opt_parse(groups, &run->args, &run->err);
}

static void end(struct run *run)
{
	opt_list_free(&run->v.users);
	opt_list_free(&run->v.texts);
}

static void good(struct run *r, const char *line)
{
	run(r, line, false);
	if (r->r)
		fail_msg("%s: %s", line, r->err.text);
}

static void test_forms(void **state)
{
	static const char *const lines[] = {
	    "--limit 5 --host web --json x y",
	    "--limit=5 x --host=web y --json",
	    "-n 5 -H web -j x y",
	    "-n5 x -Hweb y -j",
	    "-jn5 x -Hweb y",
	    "-jqn 5 --ho web x y",
	    "--lim 5 --host old -j --host web -- x y",
	    "x y --limit 5 --json --json --hos=web",
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct run r;

		good(&r, lines[i]);
		assert_true(r.v.json);
		assert_int_equal(r.v.limit, 5);
		assert_string_equal(r.v.host, "web");
		assert_int_equal(r.args.n, 2);
		assert_string_equal(r.args.v[0], "x");
		assert_string_equal(r.args.v[1], "y");
		end(&r);
	}
}

static void test_lists(void **state)
{
	struct run r;

	good(&r, "--user a,b -u c --text x,y -t z --user=d");
	assert_int_equal(r.v.users.n, 4);
	assert_true(str_eqz(r.v.users.v[0], "a"));
	assert_true(str_eqz(r.v.users.v[1], "b"));
	assert_true(str_eqz(r.v.users.v[2], "c"));
	assert_true(str_eqz(r.v.users.v[3], "d"));
	assert_true(opt_list_has(&r.v.users, STR("c")));
	assert_false(opt_list_has(&r.v.users, STR("e")));
	assert_int_equal(r.v.texts.n, 2);
	assert_true(str_eqz(r.v.texts.v[0], "x,y"));
	end(&r);
}

static void test_values(void **state)
{
	struct run r;

	good(&r, "--since -2h --span 1h --format csv --limit 1000");
	assert_true(r.v.since == NOW - 7200000000);
	assert_true(r.v.span == 3600000000);
	assert_int_equal(r.v.format, 2);
	assert_int_equal(r.v.limit, 1000);
	end(&r);
	good(&r, "--host ~ --text= --secret -");
	assert_string_equal(r.v.host, "");
	assert_int_equal(r.v.texts.v[0].n, 0);
	assert_true(r.v.quiet);
	assert_string_equal(r.args.v[0], "-");
	end(&r);
	good(&r, "--host=a=b --json-seq");
	assert_string_equal(r.v.host, "a=b");
	assert_true(r.v.json);
	end(&r);
	good(&r, "");
	assert_int_equal(r.args.n, 0);
	end(&r);
}

static void test_operands(void **state)
{
	struct run r;

	good(&r, "a -- -j --host -- b");
	assert_int_equal(r.args.n, 5);
	assert_string_equal(r.args.v[1], "-j");
	assert_string_equal(r.args.v[3], "--");
	assert_false(r.v.json);
	end(&r);
	run(&r, "-q ls -j --bogus", true);
	assert_int_equal(r.r, 0);
	assert_int_equal(r.args.n, 3);
	assert_string_equal(r.args.v[0], "ls");
	assert_string_equal(r.args.v[1], "-j");
	assert_true(r.v.quiet);
	assert_false(r.v.json);
	end(&r);
}

static void test_errors(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
	    {"--jsno", "unknown option --jsno; did you mean --json?"},
	    {"--hst=x", "unknown option --hst; did you mean --host?"},
	    {"--sinse 1", "unknown option --sinse; did you mean --since?"},
	    {"--frobnicate", "unknown option --frobnicate"},
	    {"--secre", "unknown option --secre"},
	    {"--=x", "unknown option --"},
	    {"--js", "--js could be --json or --json-seq"},
	    {"--s", "--s could be --since or --span"},
	    {"-x", "unknown option -x"},
	    {"-jx", "unknown option -x"},
	    {"--json=1", "--json takes no value"},
	    {"--host", "--host needs a value: NAME"},
	    {"-jn", "--limit needs a value: N"},
	    {"--format", "--format needs a value"},
	    {"--limit x", "--limit: \"x\" is not a number"},
	    {"--limit -1", "--limit: \"-1\" is not a number"},
	    {"--limit ~", "--limit: \"\" is not a number"},
	    {"--limit 1001", "--limit: 1001 is more than 1000"},
	    {"--limit 18446744073709551616",
		"--limit: 18446744073709551616 is more than 1000"},
	    {"--limit 1x", "--limit: \"1x\" is not a number"},
	    {"--user a,,b", "--user: \"a,,b\" has an empty item"},
	    {"--user ~", "--user: \"\" has an empty item"},
	    {"--format xml", "--format: \"xml\" is none of table, json, csv"},
	    {"--since soon",
		"--since: \"soon\" is not a time; times look like \"2026-11-22 "
		"10:00\", \"10:00\", \"yesterday\", \"-2h\" or "
		"\"2 days ago\""},
	    {"--span long",
		"--span: \"long\" is not a span of time; spans look like "
		"\"90s\", \"5min\", \"1h 30min\" or \"2d\""},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct run r;

		run(&r, cases[i].line, false);
		assert_int_equal(r.r, -EINVAL);
		assert_string_equal(r.err.text, cases[i].text);
		end(&r);
	}
}

static void test_help(void **state)
{
	const struct opt_group groups[] = {
	    {"Filter", filter, NULL}, {NULL, output, NULL}, {0}};
	struct buf b = BUF_INIT;

	opt_help(groups, 60, &b);
	assert_string_equal(buf_z(&b),
	    "Filter:\n"
	    "  -u, --user NAME   only sessions of NAME\n"
	    "  -H, --host NAME   only this host\n"
	    "  -t, --text TEXT   commands that hold TEXT\n"
	    "      --since TIME  what happened at this time or later, as\n"
	    "                    journalctl takes it\n"
	    "      --span SPAN   so long\n"
	    "\n"
	    "Options:\n"
	    "  -j, --json        JSON lines\n"
	    "      --json-seq    the same\n"
	    "  -q, --quiet       say nothing\n"
	    "  -n, --limit N     at most N rows\n"
	    "      --format table|json|csv\n"
	    "                    what comes out\n"
	    "      --a-name-that-is-much-too-long\n"
	    "                    works too\n");
	buf_free(&b);
}

static void test_find(void **state)
{
	const struct opt_group groups[] = {
	    {"Filter", filter, NULL}, {NULL, output, NULL}, {0}};
	const struct opt_group none[] = {{0}};

	assert_ptr_equal(opt_find(groups, STR("limit")), &output[3]);
	assert_ptr_equal(opt_find(groups, STR("secret")), &output[6]);
	assert_null(opt_find(groups, STR("limi")));
	assert_null(opt_find(none, STR("limit")));
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"ls", "show", "search", "last",
	    "failed", "verify", "an-extremely-long-name-of-a-command"};
	static const struct {
		const char *wrong, *meant;
	} cases[] = {
	    {"sl", "ls"},
	    {"serach", "search"},
	    {"find", NULL},
	    {"shwo", "show"},
	    {"verfy", "verify"},
	    {"lats", "last"},
	    {"x", NULL},
	    {"", NULL},
	    {"an-extremely-long-name-of-a-commandx", NULL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *near = opt_nearest(
		    str_z(cases[i].wrong), names, sizeof names / sizeof *names);

		if (!cases[i].meant)
			assert_null(near);
		else
			assert_string_equal(near, cases[i].meant);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_lists),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_operands),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_help),
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
