/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

static int version_run(const struct invocation *inv)
{
	struct buf *b = &inv->cli->out.b;

	if (inv->cli->json)
		buf_add_z(b, "{\"version\":\"" SSHTRAIL_VERSION "\"}\n");
	else
		buf_add_z(b, "sshtrail " SSHTRAIL_VERSION "\n");
	out_row(&inv->cli->out);
	return CLI_FOUND;
}

const struct command cmd_version = {
    .name = "version",
    .operands = "",
    .summary = "print the version",
    .max_args = 0,
    .run = version_run,
};
