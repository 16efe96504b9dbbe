/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/outputs/configured.h"
#include "outputs/forward.h"

struct test_options {
	const char *config;
};

static const struct opt test_opts[] = {
    {"config", 0, OPT_STR, "DIR",
	"read the outputs from DIR instead of " OUTPUT_CONFIG_DIR,
	.at = offsetof(struct test_options, config), .hint = OPT_HINT_DIR},
    {.name = NULL},
};

static int send_test(
    struct cli *c, const char *name, const struct output_config *cfg)
{
	char host[HOST_NAME_MAX + 1] = "localhost";
	struct buf said = BUF_INIT;
	struct err err = {""};
	int r;

	(void)gethostname(host, sizeof host - 1);
	r = forward_test(cfg, host, &said, &err);
	if (r < 0) {
		r = cli_fail(c, "%s: the test was not accepted: %s", name,
		    *err.text ? err.text : strerror(-r));
	} else {
		buf_printf(&c->out.b, "%s: accepted: %.*s\n", name,
		    STR_ARG(buf_str(&said)));
		out_row(&c->out);
		r = CLI_FOUND;
	}
	buf_free(&said);
	return r;
}

static int test_run(const struct invocation *inv)
{
	const struct test_options *own = inv->own;
	const char *dir = own->config ? own->config : OUTPUT_CONFIG_DIR;
	struct output_config cfg;
	int r = configured_load(inv->cli, dir, inv->args[0], &cfg);

	if (r == CLI_FOUND)
		r = send_test(inv->cli, inv->args[0], &cfg);
	output_config_free(&cfg);
	return r;
}

const struct command cmd_test_output = {
    .name = "test-output",
    .operands = "NAME",
    .summary = "send one test event through an output",
    .help = "Sends one event of the kind other, whose text says that it is a "
	    "test, and tells what the other side answered. Nothing else is "
	    "sent, and the place that the output has reached stays.",
    .examples = "  sshtrail test-output siem\n",
    .opts = test_opts,
    .opts_size = sizeof(struct test_options),
    .min_args = 1,
    .max_args = 1,
    .run = test_run,
};
