/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sshd runs sshtrail-rec for these users, by a ForceCommand of their own. They
 * are named one by one: a ForceCommand goes before all others, and before what
 * a key is restricted to, so who has one of these is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>

#include "base/fd.h"
#include "cli/setup/recorder.h"
#include "cli/setup/sshd.h"

#define DROP_IN	      "/etc/ssh/sshd_config.d/01-sshtrail-rec.conf"
#define NAME_MAX_HERE 64
#define KEYS_MAX      ((size_t)1 << 20)

/* "%h/.ssh/keys" and the like; what is relative lies in the home. */
static void add_path(struct buf *b, struct str pattern, const struct passwd *pw)
{
	if (pattern.n && pattern.p[0] != '/' && pattern.p[0] != '%')
		buf_printf(b, "%s/", pw->pw_dir);
	for (size_t i = 0; i < pattern.n; i++) {
		char next = i + 1 < pattern.n ? pattern.p[i + 1] : '\0';

		if (pattern.p[i] != '%') {
			buf_add_char(b, pattern.p[i]);
			continue;
		}
		i++;
		if (next == 'h')
			buf_add_z(b, pw->pw_dir);
		else if (next == 'u')
			buf_add_z(b, pw->pw_name);
		else
			buf_add_char(b, next);
	}
}

/* A key that is there for one command must not become a key to a shell. */
static int check_keys(struct str name, const struct passwd *pw, struct err *err)
{
	struct buf files = BUF_INIT, path = BUF_INIT, keys = BUF_INIT;
	int r = recorder_effective(name, "authorizedkeysfile", &files, err);
	struct str rest = buf_str(&files), pattern;

	while (r == 0 && rest.n) {
		str_cut(&rest, ' ', &pattern);
		buf_clear(&path);
		buf_clear(&keys);
		add_path(&path, pattern, pw);
		if (!buf_z(&path) ||
		    fd_read_file(AT_FDCWD, path.p, KEYS_MAX, &keys) < 0)
			continue;
		if (str_find(buf_str(&keys), STR("command=")) != STR_NPOS)
			r = err_set(err, -ENOTSUP,
			    "%s: a key in it has command=, which a "
			    "ForceCommand overrides: it would open a shell. "
			    "Make the recorder the login shell of %s instead: "
			    "sshtrail setup rec-shell",
			    path.p, pw->pw_name);
	}
	buf_free(&files);
	buf_free(&path);
	buf_free(&keys);
	return r;
}

static int check_user(struct str name, bool ours, struct err *err)
{
	struct buf forced = BUF_INIT;
	char z[NAME_MAX_HERE];
	const struct passwd *pw;
	int r;

	snprintf(z, sizeof z, "%.*s", STR_ARG(name));
	pw = getpwnam(z);
	if (!pw)
		return err_set(
		    err, -EINVAL, "--user: there is no user \"%s\" here", z);
	if (strcmp(pw->pw_shell, REC_PATH) == 0)
		return err_set(err, -EEXIST,
		    "the login shell of %s is the recorder already, and would "
		    "record what this one records",
		    z);
	r = check_keys(name, pw, err);
	if (r == 0)
		r = recorder_effective(name, "forcecommand", &forced, err);
	if (r == 0 && !str_eqz(buf_str(&forced), "none") &&
	    !(ours && str_eqz(buf_str(&forced), REC_PATH)))
		r = err_set(err, -ENOTSUP,
		    "sshd runs a ForceCommand for %s already, which this one "
		    "would override: %.*s",
		    z, STR_ARG(buf_str(&forced)));
	buf_free(&forced);
	return r;
}

static int check_users(const struct setup *s, bool ours, struct err *err)
{
	int r = recorder_check_names(s, err);

	for (size_t i = 0; s->live && i < s->users->n && r == 0; i++)
		r = check_user(s->users->v[i], ours, err);
	return r;
}

static int rec_edit(struct setup *s, const struct placed *before, bool ours,
    struct buf *ret, struct err *err)
{
	struct placed config = {.content = BUF_INIT};
	struct sshd_setting include;
	int r = check_users(s, ours, err);

	if (r == 0)
		r = sshd_find_include(s, DROP_IN,
		    "'ForceCommand " REC_PATH "' in a Match block", &config,
		    &include, err);
	placed_free(&config);
	buf_add_z(ret, "# Made by 'sshtrail setup rec', which undoes it too.\n"
		       "Match User ");
	for (size_t i = 0; i < s->users->n; i++) {
		buf_add_z(ret, i ? "," : "");
		buf_add_str(ret, s->users->v[i]);
	}
	buf_add_z(ret,
	    "\n\tForceCommand " REC_PATH "\n\tPermitUserRC no\nMatch all\n");
	return r;
}

static void note_reload(struct setup *s)
{
	buf_add_z(&s->notes, "Logins have it once sshd is reloaded: "
			     "systemctl reload ssh (or sshd)\n");
}

static int rec_begin(
    struct setup *s, const struct buf *content, struct err *err)
{
	int r = sshd_ask("-t", NULL, NULL, NULL, err);

	for (size_t i = 0; i < s->users->n && r == 0; i++) {
		struct str name = s->users->v[i];
		struct buf forced = BUF_INIT;

		r = recorder_effective(name, "forcecommand", &forced, err);
		if (r == 0 && !str_eqz(buf_str(&forced), REC_PATH))
			r = err_set(err, -ENOTSUP,
			    "sshd -T: ForceCommand of %.*s stays %.*s",
			    STR_ARG(name), STR_ARG(buf_str(&forced)));
		buf_free(&forced);
	}
	if (r == 0)
		note_reload(s);
	return r;
}

static int rec_end(struct setup *s, const struct kept *kept, struct err *err)
{
	note_reload(s);
	return 0;
}

const struct change change_rec = {
    .name = "rec",
    .summary = "sshd runs sshtrail-rec for users, where the kernel cannot "
	       "record",
    .file = DROP_IN,
    .mode = 0644,
    .takes_user = true,
    .edit = rec_edit,
    .check = recorder_check,
    .begin = rec_begin,
    .end = rec_end,
};
