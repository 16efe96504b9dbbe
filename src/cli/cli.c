/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/text/escape.h"

#define SYSTEM_STORE "/var/lib/sshtrail"
#define USER_STORE   ".local/share/sshtrail"

__attribute__((format(printf, 2, 0))) static void tell(
    struct cli *c, const char *fmt, va_list ap)
{
	struct buf b = BUF_INIT;
	char text[2048];

	vsnprintf(text, sizeof text, fmt, ap);
	buf_add_z(&b, "sshtrail: ");
	escape_add(&b, str_z(text), ESCAPE_NO_LIMIT,
	    term_escape_flags(&c->term), NULL);
	buf_add_char(&b, '\n');
	if (!buf_error(&b))
		(void)fd_write_all(c->err_fd, b.p, b.n);
	buf_free(&b);
}

int cli_fail(struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(c, fmt, ap);
	va_end(ap);
	return CLI_FAILED;
}

int cli_usage(struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(c, fmt, ap);
	va_end(ap);
	return CLI_USAGE;
}

int cli_note(struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(c, fmt, ap);
	va_end(ap);
	return CLI_FOUND;
}

static const struct {
	int code;
	const char *advice;
} advices[] = {
    {-ENOENT, "import logs with 'sshtrail import', or name another store "
	      "with --store"},
    {-EACCES, "run as the store's owner, or name another store with --store"},
    {-EPERM, "run as the store's owner, or name another store with --store"},
    {-ENOTDIR, "name another store with --store"},
    {-EROFS, "name another store with --store"},
    {-ENOSPC, "make room on the disk"},
    {-ENOMEM, "free memory, or ask for less with --limit"},
};

int cli_fail_code(struct cli *c, int code, const struct err *err)
{
	for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
		if (advices[i].code == code)
			return cli_fail(c, "%s; %s",
			    *err->text ? err->text : strerror(-code),
			    advices[i].advice);
	return cli_fail(c, "%s", *err->text ? err->text : strerror(-code));
}

int cli_find_dir(struct cli *c, struct str given)
{
	const char *home = getenv("HOME");

	buf_clear(&c->dir);
	if (!given.n)
		given = str_z(getenv("SSHTRAIL_STORE"));
	if (given.n) {
		buf_add_str(&c->dir, given);
	} else if (geteuid() == 0) {
		buf_add_z(&c->dir, SYSTEM_STORE);
	} else {
		if (!home || !*home)
			return -ENOENT;
		buf_add_z(&c->dir, home);
		buf_add_z(&c->dir, "/" USER_STORE);
	}
	return buf_z(&c->dir) ? 0 : -ENOMEM;
}

int cli_open(struct cli *c)
{
	struct err err = {""};
	int r;

	if (c->store)
		return CLI_FOUND;
	r = c->open(c, &err);
	return r < 0 ? cli_fail_code(c, r, &err) : CLI_FOUND;
}

int cli_find_session(struct cli *c, const char *text, uint64_t *ret)
{
	struct err err = {""};
	int r = cli_open(c);

	if (r != CLI_FOUND)
		return r;
	r = c->store->ops->find_session(c->store, str_z(text), ret, &err);
	if (r == -ENOENT) {
		if (strcmp(text, "last") == 0)
			cli_note(c,
			    "no session that came over SSH, and none that was "
			    "recorded; 'sshtrail ls --all --local' lists all "
			    "others, name one by its id");
		else
			cli_note(c,
			    "no session %s: its id begins with hexadecimal "
			    "digits; 'sshtrail ls --all --local' lists them",
			    text);
		return CLI_NOTHING;
	}
	if (r == -ENOTUNIQ)
		return cli_usage(c,
		    "session %s: several ids begin so; give more digits", text);
	return r < 0 ? cli_fail_code(c, r, &err) : CLI_FOUND;
}

int cli_found(struct cli *c, uint64_t n, const char *what)
{
	if (n == 0 && !c->json)
		cli_note(c, "no %s found", what);
	return n ? CLI_FOUND : CLI_NOTHING;
}
