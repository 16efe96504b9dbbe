/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sshtrail-rec is the login shell of these users: nothing of theirs runs before
 * it. What it then runs is what they had: where its settings say something
 * else, they are to be mended first. It is in no list of shells, so that who
 * has it cannot choose another one with chsh(1).
 */
#include <errno.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>

#include "cli/setup/recorder.h"
#include "cli/setup/shells.h"
#include "sources/rec/settings.h"

#define PASSWD "/etc/passwd"
#define SHELLS "/etc/shells"

static struct str by_users(void *ctx, struct str name, struct str now)
{
	return opt_list_has(ctx, name) ? STR(REC_PATH) : now;
}

static int load_settings(
    const struct setup *s, struct settings *ret, struct err *err)
{
	struct buf complaints = BUF_INIT, file = BUF_INIT;
	int r;

	buf_printf(&file, "%s" SETTINGS_FILE, s->path);
	r = settings_load(ret, buf_z(&file), &complaints);
	if (r < 0)
		err_set(err, r,
		    "the recorder would go by its defaults: mend this first: "
		    "%.*s",
		    STR_ARG(str_trim(buf_str(&complaints))));
	buf_free(&complaints);
	buf_free(&file);
	return r;
}

static bool lets_nobody_in(struct str shell)
{
	struct str name = str_base_name(shell);

	return str_eqz(name, "nologin") || str_eqz(name, "false");
}

/* `other` gets who would have another shell than now, as the settings want it.
 */
static int check_user(struct str name, struct str text,
    const struct settings *settings, struct buf *other, struct err *err)
{
	struct str shell;
	char z[64];
	size_t n = shells_find(text, name, &shell);

	snprintf(z, sizeof z, "%.*s", STR_ARG(name));
	if (n != 1)
		return err_set(err, -EINVAL,
		    "--user: %s has %s in " PASSWD ": change the shell where "
		    "the account is kept",
		    z, n ? "more than one line" : "no line");
	if (str_eqz(name, "root"))
		return err_set(err, -EINVAL,
		    "--user: root is who gets in when all else fails, so its "
		    "shell is left alone");
	if (lets_nobody_in(shell))
		return err_set(err, -EINVAL,
		    "--user: the shell of %s is %.*s, which lets nobody in", z,
		    STR_ARG(shell));
	if (!shell.n)
		shell = STR("/bin/sh");
	if (!str_eqz(shell, REC_PATH) &&
	    !str_eqz(shell, settings_shell(settings, z)))
		buf_printf(other, "%s%s:%.*s", other->n ? ", " : "", z,
		    STR_ARG(shell));
	return 0;
}

static int check_users(const struct setup *s, struct str text, struct err *err)
{
	struct settings settings = {.texts = ARENA_INIT};
	struct buf other = BUF_INIT;
	int r = recorder_check_names(s, err);

	if (r == 0)
		r = load_settings(s, &settings, err);
	for (size_t i = 0; i < s->users->n && r == 0; i++)
		r = check_user(s->users->v[i], text, &settings, &other, err);
	if (r == 0 && other.n)
		r = err_set(err, -ENOTSUP,
		    "the recorder would run another shell than they have now: "
		    "have 'shells: [%s]' in " SETTINGS_FILE,
		    buf_z(&other));
	buf_free(&other);
	arena_free(&settings.texts);
	return r;
}

/* By whose chsh the recorder would be passed by. */
static void note_shells(struct setup *s)
{
	struct placed list;
	struct err ignored;
	struct str text, line;

	if (placed_read(s->root, SHELLS, &list, &ignored) == 0) {
		text = buf_str(&list.content);
		while (text.n) {
			str_cut(&text, '\n', &line);
			if (str_eqz(str_trim(line), REC_PATH))
				buf_add_z(&s->notes,
				    SHELLS " has " REC_PATH
					   ": take it out, or these users can "
					   "choose another shell with chsh\n");
		}
	}
	placed_free(&list);
}

static int shell_edit(struct setup *s, const struct placed *before, bool ours,
    struct buf *ret, struct err *err)
{
	struct str text = buf_str(&before->content);
	int r = check_users(s, text, err);

	if (r < 0)
		return r;
	shells_write(text, by_users, (void *)(uintptr_t)s->users, ret);
	note_shells(s);
	return 0;
}

static void note_user_rc(struct setup *s)
{
	struct buf value = BUF_INIT;
	struct err ignored;

	if (recorder_effective(
		s->users->v[0], "permituserrc", &value, &ignored) == 0 &&
	    str_eqz(buf_str(&value), "yes"))
		buf_add_z(&s->notes,
		    "sshd runs their ~/.ssh/rc before it: 'PermitUserRC no' "
		    "in sshd_config keeps it from that\n");
	buf_free(&value);
}

/* Another database that goes before the file would say something else. */
static int shell_begin(
    struct setup *s, const struct buf *content, struct err *err)
{
	for (size_t i = 0; i < s->users->n; i++) {
		struct buf forced = BUF_INIT;
		const struct passwd *pw;
		bool twice;
		char z[64];

		snprintf(z, sizeof z, "%.*s", STR_ARG(s->users->v[i]));
		twice = recorder_effective(s->users->v[i], "forcecommand",
			    &forced, err) == 0 &&
			str_eqz(buf_str(&forced), REC_PATH);
		buf_free(&forced);
		if (twice)
			return err_set(err, -EEXIST,
			    "sshd has the recorder as ForceCommand of %s, "
			    "which would record the same twice: 'sshtrail "
			    "setup rec --undo' first",
			    z);
		pw = getpwnam(z);
		if (!pw || strcmp(pw->pw_shell, REC_PATH) != 0)
			return err_set(err, -ENOTSUP,
			    "the system (getpwnam) says that the shell of %s "
			    "is %s: see nsswitch.conf, and nscd",
			    z, pw ? pw->pw_shell : "unknown");
	}
	note_user_rc(s);
	return 0;
}

struct rebasing {
	struct str before, after;
};

/* What we left is as it was; what somebody else chose since stays. */
static struct str by_record(void *ctx, struct str name, struct str now)
{
	const struct rebasing *c = ctx;
	struct str before, after;

	if (shells_find(c->after, name, &after) &&
	    shells_find(c->before, name, &before) && str_eq(after, now))
		return before;
	return now;
}

/*
 * Accounts come and go, and have their own lines: only the shells that we
 * changed are ours.
 */
static int shell_rebase(struct record *r, const struct placed *now)
{
	struct buf content = BUF_INIT;
	struct rebasing c = {
	    buf_str(&r->before.content), buf_str(&r->after.content)};
	const bool alone = str_eq(buf_str(&now->content), c.after);

	shells_write(buf_str(&now->content), by_record, &c, &content);
	buf_free(&r->before.content);
	r->before.content = content;
	buf_clear(&r->after.content);
	buf_add_str(&r->after.content, buf_str(&now->content));
	r->before.mode = r->after.mode = now->mode;
	r->before.uid = r->after.uid = now->uid;
	r->before.gid = r->after.gid = now->gid;
	if (!alone)
		r->before.mtime = (struct timespec){0};
	return buf_error(&content) ? buf_error(&content)
				   : buf_error(&r->after.content);
}

const struct change change_rec_shell = {
    .name = "rec-shell",
    .summary = "sshtrail-rec is the login shell of users, where the kernel "
	       "cannot record",
    .file = PASSWD,
    .takes_user = true,
    .lock = lckpwdf,
    .unlock = ulckpwdf,
    .rebase = shell_rebase,
    .edit = shell_edit,
    .check = recorder_check,
    .begin = shell_begin,
};
