/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the list of keys for the manual page sshtrail-hub(8), for
 * scripts/check-config-page.
 */
#include <stdio.h>

#include "hub/config.h"

int main(void)
{
	struct buf b = BUF_INIT;
	int failed;

	conf_print_page(hub_config_keys, &b);
	failed = buf_error(&b) || fwrite(b.p, 1, b.n, stdout) != b.n;
	buf_free(&b);
	return failed;
}
