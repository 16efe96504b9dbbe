/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/host/ini_conf.h"
#include "cli/host/pam_conf.h"
#include "cli/host/rsyslog_conf.h"
#include "cli/host/sshd_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct str all, struct str part)
{
	if (part.n && (part.p < all.p || part.p + part.n > all.p + all.n))
		abort();
}

/* Each reader gets any text; what it tells lies within it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = str_make(data, size), rest = all;
	struct sshd_conf conf = SSHD_CONF(all);
	struct sshd_setting setting;
	struct pam_line line;
	unsigned before = 0;

	while (sshd_conf_next(&conf, &setting)) {
		check_within(all, setting.keyword);
		check_within(all, setting.value);
		if (setting.line <= before || setting.at >= size)
			abort();
		before = setting.line;
	}
	(void)sshd_include_of(
	    all, "/etc/ssh/sshd_config.d/00-sshtrail.conf", &setting);
	check_within(all, sshd_value(all, "loglevel"));
	while (pam_next(&rest, &line)) {
		check_within(all, line.type);
		check_within(all, line.module);
		check_within(all, line.args);
		check_within(all, pam_arg(line.args, "enable"));
	}
	check_within(all, ini_value(all, "Journal", "Storage"));
	(void)rsyslog_is_limited(all);
	return 0;
}
