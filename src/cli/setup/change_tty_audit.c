/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What these users type over SSH, as the kernel's TTY records: one line for
 * pam_tty_audit at the end of /etc/pam.d/sshd. It is optional, and skipped
 * where the module is missing: a login must never fail by it.
 */
#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <stdlib.h>

#include "cli/host/pam_conf.h"
#include "cli/host/words.h"
#include "cli/setup/change.h"

#define MODULE "pam_tty_audit.so"

static const char *const module_places[] = {
    "/lib/security/" MODULE,
    "/lib64/security/" MODULE,
    "/usr/lib/security/" MODULE,
    "/usr/lib64/security/" MODULE,
    "/usr/lib/*/security/" MODULE,
    "/lib/*/security/" MODULE,
};

/* pam_tty_audit takes patterns and ranges of uids; only names are passed on. */
static bool is_name(struct str s)
{
	static const char marks[] = "._-@+$";

	if (str_eqz(s, "*"))
		return true;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') &&
		    !memchr(marks, c, sizeof marks - 1))
			return false;
	}
	return s.n && s.p[0] != '-';
}

static bool is_user(struct str name)
{
	char z[256];

	if (name.n >= sizeof z)
		return false;
	memcpy(z, name.p, name.n);
	z[name.n] = '\0';
	return getpwnam(z) != NULL;
}

static int check_users(const struct setup *s, struct err *err)
{
	for (size_t i = 0; i < s->users->n; i++) {
		struct str name = s->users->v[i];

		if (!is_name(name))
			return err_set(err, -EINVAL,
			    "--user takes names of users or *, not \"%.*s\"",
			    STR_ARG(name));
		if (s->live && !str_eqz(name, "*") && !is_user(name))
			return err_set(err, -EINVAL,
			    "--user: there is no user \"%.*s\" here",
			    STR_ARG(name));
	}
	return 0;
}

/* Whether a line that is there already asks for all of them. */
static bool has_all(struct str text, const struct opt_list *users)
{
	struct pam_line line;
	struct str enabled;

	if (!pam_find(text, "session", MODULE, &line))
		return false;
	enabled = pam_arg(line.args, "enable");
	for (size_t i = 0; i < users->n; i++)
		if (!word_in_list(enabled, ',', users->v[i]) &&
		    !word_in_list(enabled, ',', STR("*")))
			return false;
	return users->n > 0;
}

static int tty_edit(struct setup *s, const struct placed *before, bool ours,
    struct buf *ret, struct err *err)
{
	struct str text = buf_str(&before->content);
	int r = check_users(s, err);

	if (r < 0)
		return r;
	if (!before->exists)
		return err_set(err, -ENOENT,
		    "/etc/pam.d/sshd is not there: sshd does not ask PAM "
		    "here, so nothing would come of it");
	buf_add_str(ret, text);
	if (has_all(text, s->users)) {
		buf_add_z(&s->notes,
		    "/etc/pam.d/sshd asks for these users already\n");
		return 0;
	}
	if (text.n && text.p[text.n - 1] != '\n')
		buf_add_char(ret, '\n');
	buf_add_z(ret,
	    "# Made by 'sshtrail setup tty-audit', which undoes it too.\n"
	    "-session optional " MODULE " enable=");
	for (size_t i = 0; i < s->users->n; i++) {
		if (i)
			buf_add_char(ret, ',');
		buf_add_str(ret, s->users->v[i]);
	}
	buf_add_char(ret, '\n');
	return 0;
}

static bool module_installed(void)
{
	bool found = false;

	for (size_t i = 0;
	     !found && i < sizeof module_places / sizeof *module_places; i++) {
		glob_t g = {0};

		found = glob(module_places[i], 0, NULL, &g) == 0;
		globfree(&g);
	}
	return found;
}

static int tty_check(
    const struct setup *s, const struct buf *content, struct err *err)
{
	struct pam_line line;

	if (!pam_find(buf_str(content), "session", MODULE, &line))
		return err_set(err, -EINVAL,
		    "/etc/pam.d/sshd: its last line ends in a backslash, so "
		    "that nothing can be put behind it");
	if (s->live && !module_installed())
		return err_set(err, -ENOENT,
		    "PAM's module " MODULE " is not installed: it comes with "
		    "PAM itself (libpam-modules, pam) where that was built "
		    "with audit");
	return 0;
}

static int tty_begin(
    struct setup *s, const struct buf *content, struct err *err)
{
	buf_add_z(&s->notes,
	    "It holds for logins from now on. What is typed without echo is "
	    "not recorded, but passwords typed into another ssh are\n");
	return 0;
}

const struct change change_tty_audit = {
    .name = "tty-audit",
    .summary = "the kernel records what --user types over SSH",
    .file = "/etc/pam.d/sshd",
    .takes_user = true,
    .edit = tty_edit,
    .check = tty_check,
    .begin = tty_begin,
};
