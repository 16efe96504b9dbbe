/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup/sshd.h"

#include <errno.h>

#include "base/program.h"

#define SECONDS 20

int sshd_ask(const char *mode, const char *config, const char *connection,
    struct buf *ret, struct err *err)
{
	const char *argv[7] = {"sshd", mode};
	struct program p;
	size_t n = 2;
	int r;

	if (config) {
		argv[n++] = "-f";
		argv[n++] = config;
	}
	if (connection) {
		argv[n++] = "-C";
		argv[n++] = connection;
	}
	r = program_run(&p, argv, SECONDS, err);
	if (r == 0)
		r = program_check(
		    &p, err, mode[1] == 't' ? "sshd -t" : "sshd -T");
	if (r == 0 && ret)
		buf_add_str(ret, buf_str(&p.out));
	program_free(&p);
	return r;
}

int sshd_effective(const char *keyword, const char *config,
    const char *connection, struct buf *ret, struct err *err)
{
	struct buf all = BUF_INIT;
	int r = sshd_ask("-T", config, connection, &all, err);

	if (r == 0)
		buf_add_str(ret, sshd_value(buf_str(&all), keyword));
	buf_free(&all);
	return r < 0 ? r : buf_error(ret);
}

int sshd_find_include(const struct setup *s, const char *file,
    const char *instead, struct placed *config, struct sshd_setting *ret,
    struct err *err)
{
	int r = placed_read(s->root, SSHD_CONFIG, config, err);

	if (r < 0)
		return r;
	if (!config->exists)
		return err_set(err, -ENOENT,
		    SSHD_CONFIG
		    " is not there: is OpenSSH's server installed?");
	if (!sshd_include_of(buf_str(&config->content), file, ret))
		return err_set(err, -ENOTSUP,
		    SSHD_CONFIG
		    ": it does not read /etc/ssh/sshd_config.d/*.conf: "
		    "write 'Include /etc/ssh/sshd_config.d/*.conf' as "
		    "its first line (OpenSSH 8.2 and later), or %s",
		    instead);
	return 0;
}
