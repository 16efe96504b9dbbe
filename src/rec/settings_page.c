/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the list of settings for the manual page sshtrail-rec(8), for
 * scripts/check-config-page.
 */
#include <stdio.h>

#include "sources/rec/settings.h"

int main(void)
{
	struct buf b = BUF_INIT;
	int failed;

	conf_print_page(settings_keys, &b);
	failed = buf_error(&b) || fwrite(b.p, 1, b.n, stdout) != b.n;
	buf_free(&b);
	return failed;
}
