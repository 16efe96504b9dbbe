/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the list of keys for the manual page sshtrail-retention.yml(5), in
 * mdoc(7), for scripts/check-config-page. With an argument: the file of
 * defaults.
 */
#include <stdio.h>

#include "archive/policy.h"

int main(int argc, char **argv)
{
	struct buf b = BUF_INIT;
	int failed;

	if (argc > 1)
		conf_print_defaults(policy_keys, &b);
	else
		conf_print_page(policy_keys, &b);
	failed = buf_error(&b) || fwrite(b.p, 1, b.n, stdout) != b.n;
	buf_free(&b);
	return failed;
}
