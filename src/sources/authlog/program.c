/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/program.h"

#include "sources/authlog/pam.h"
#include "sources/authlog/sftp.h"
#include "sources/authlog/sshd.h"
#include "sources/authlog/sudo.h"

#define NONE EVENT_N_FIELDS, NULL
#define END                                                                    \
	{                                                                      \
		NULL, EVENT_OTHER, 0, NULL, NONE                               \
	}
#define OP(op) EVENT_ACCOUNT, FORM_TEXT, NULL, F_OP, op

/* clang-format off */
static const struct form su_forms[] = {
	/* util-linux */
	{"(to %t) %U on %y", EVENT_PRIV, FORM_DONE, NULL, NONE},
	{"FAILED SU (to %t) %U on %y", EVENT_PRIV, FORM_FAILED, NULL, NONE},
	/* shadow */
	{"Successful su for %t by %U", EVENT_PRIV, FORM_DONE, NULL, NONE},
	{"FAILED su for %t by %U", EVENT_PRIV, FORM_FAILED, NULL, NONE},
	{"+ %y %U:%t", EVENT_PRIV, FORM_DONE, NULL, NONE},
	{"- %y %U:%t", EVENT_PRIV, FORM_FAILED, NULL, NONE},
	/* BSD */
	{"BAD SU %U to %t on %y", EVENT_PRIV, FORM_FAILED, NULL, NONE},
	{"%U to %t on %y", EVENT_PRIV, FORM_DONE, NULL, NONE},
	{"pam_authenticate: %R", EVENT_OTHER, 0, "su-failure", NONE},
	END,
};

static const struct form pkexec_forms[] = {
	{"%U: Executing command [USER=%t] [TTY=%y] [CWD=%W] [COMMAND=%M]", EVENT_PRIV, FORM_DONE, NULL, NONE},
	{"%U: Error executing command as another user: %R [USER=%t] [TTY=%y] [CWD=%W] [COMMAND=%M]", EVENT_PRIV, FORM_FAILED, NULL, NONE},
	{"%U: The value for the SHELL variable was not found %X", EVENT_OTHER, 0, "pkexec-environment", NONE},
	END,
};

static const struct form doas_forms[] = {
	{"%u ran command %M as %t from %W", EVENT_PRIV, FORM_DONE, NULL, NONE},
	{"command not permitted for %u: %M", EVENT_PRIV, FORM_FAILED, NULL, F_REASON, "command not permitted"},
	{"failed auth for %U", EVENT_AUTH_FAIL, 0, NULL, F_SERVICE, "doas"},
	{"failed password for %U", EVENT_AUTH_FAIL, 0, NULL, F_SERVICE, "doas"},
	END,
};

static const struct form logind_forms[] = {
	{"New session '%_' of user '%U' with class '%_' and type '%_'.", EVENT_OTHER, 0, "logind-session", NONE},
	{"New session %_ of user %U.", EVENT_OTHER, 0, "logind-session", NONE},
	{"Session %_ logged out. Waiting for processes to exit.", EVENT_OTHER, 0, "logind-logout", NONE},
	{"Removed session %_", EVENT_OTHER, 0, "logind-removed", NONE},
	{"System is %R", EVENT_OTHER, 0, "logind-system", NONE},
	{"The system will %R", EVENT_OTHER, 0, "logind-system", NONE},
	END,
};

static const struct form account_forms[] = {
	{"new user: name=%t, UID=%z, %X", OP("add-user")},
	{"new user: name=%t, uid=%z, %X", OP("add-user")},
	{"failed adding user '%t', %R", EVENT_ACCOUNT, FORM_FAILED | FORM_TEXT, NULL, F_OP, "add-user"},
	{"failed adding user '%t'%R", EVENT_ACCOUNT, FORM_FAILED | FORM_TEXT, NULL, F_OP, "add-user"},
	{"new group: name=%t, GID=%_", OP("add-group")},
	{"group added to %_ name=%t, GID=%_", OP("add-group")},
	{"group added to %_ name=%t", OP("add-group")},
	{"add '%t' to group '%P'", OP("add-to-group")},
	{"add '%t' to shadow group '%P'", OP("add-to-group")},
	{"user %t added by %U to group %_", OP("add-to-group")},
	{"delete '%t' from group '%P'", OP("remove-from-group")},
	{"delete '%t' from shadow group '%P'", OP("remove-from-group")},
	{"user %t removed by %U from group %_", OP("remove-from-group")},
	{"delete user '%t'", OP("remove-user")},
	{"removed group '%t' owned by '%_'", OP("remove-group")},
	{"removed shadow group '%t' owned by '%_'", OP("remove-group")},
	{"group '%t' removed%X", OP("remove-group")},
	{"change user name '%t' to '%_'", OP("rename-user")},
	{"change user '%t' UID from '%_' to '%_'", OP("change-uid")},
	{"change user '%t' shell from '%_' to '%_'", OP("change-shell")},
	{"change user '%t' home from '%_' to '%_'", OP("change-home")},
	{"change user '%t' password", OP("change-password")},
	{"lock user '%t' password", OP("lock")},
	{"unlock user '%t' password", OP("unlock")},
	{"change user '%t' %X", OP("change-user")},
	{"changed password expiry for %t", OP("change-expiry")},
	{"changed user '%t' information", OP("change-user")},
	{"group changed in %X", OP("change-group")},
	{"password for '%t' changed by '%U'", OP("change-password")},
	{"password changed for %t", OP("change-password")},
	{"change age of password of '%t' %X", OP("change-expiry")},
	END,
};

static const struct form chkpwd_forms[] = {
	{"password check failed for user (%U)", EVENT_OTHER, 0, "pam-password-failed", NONE},
	{"check pass; user unknown", EVENT_OTHER, FORM_INVALID, "pam-unknown-user", NONE},
	END,
};
/* clang-format on */

#define NAME(s)                                                                \
	{                                                                      \
		s, sizeof(s) - 1                                               \
	}
#define SSHD(name, ...)                                                        \
	{                                                                      \
		.ident = NAME(name), .parse = sshd_parse, .strict = true,      \
		.vis = true, .sshd = true, .exes = {                           \
			__VA_ARGS__                                            \
		}                                                              \
	}
#define SFTP(name, ...)                                                        \
	{                                                                      \
		.ident = NAME(name), .parse = sftp_parse, .strict = true,      \
		.vis = true, .exes = {                                         \
			__VA_ARGS__                                            \
		}                                                              \
	}
#define ACCOUNT(name, is_setuid)                                               \
	{                                                                      \
		.ident = NAME(name), .forms = account_forms,                   \
		.setuid = is_setuid                                            \
	}

static const struct program programs[] = {
    SSHD("sshd", "sshd-session", "sshd-auth"),
    SSHD("sshd-session", "sshd", "sshd-auth"),
    SSHD("sshd-auth", "sshd", "sshd-session"),
    SFTP("internal-sftp", "sshd", "sshd-session"),
    SFTP("sftp-server", NULL),
    {.ident = NAME("sudo"),
	.parse = sudo_parse,
	.via = "sudo",
	.strict = true,
	.setuid = true},
    {.ident = NAME("su"),
	.forms = su_forms,
	.via = "su",
	.strict = true,
	.setuid = true},
    {.ident = NAME("su-l"),
	.forms = su_forms,
	.via = "su",
	.strict = true,
	.setuid = true,
	.exes = {"su"}},
    {.ident = NAME("pkexec"),
	.forms = pkexec_forms,
	.via = "pkexec",
	.setuid = true},
    {.ident = NAME("doas"), .forms = doas_forms, .via = "doas", .setuid = true},
    {.ident = NAME("systemd-logind"), .forms = logind_forms},
    ACCOUNT("useradd", false),
    ACCOUNT("adduser", false),
    ACCOUNT("userdel", false),
    ACCOUNT("usermod", false),
    ACCOUNT("groupadd", false),
    ACCOUNT("groupdel", false),
    ACCOUNT("groupmod", false),
    ACCOUNT("chpasswd", false),
    ACCOUNT("passwd", true),
    ACCOUNT("gpasswd", true),
    ACCOUNT("chage", true),
    ACCOUNT("chsh", true),
    ACCOUNT("chfn", true),
    {.ident = NAME("unix_chkpwd"), .forms = chkpwd_forms, .setuid = true},
};

const struct program *program_find(struct str ident)
{
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		if (programs[i].ident.n == ident.n &&
		    programs[i].ident.p[0] == ident.p[0] &&
		    str_eq(programs[i].ident, ident))
			return &programs[i];
	return NULL;
}

/* Red Hat's old tag `sshd(pam_unix)`: the module's lines have no prefix. */
static bool module_tag(struct message *m)
{
	struct str ident = m->ident;
	size_t at;

	if (!str_chop(&ident, STR(")")))
		return false;
	at = str_find(ident, STR("(pam_"));
	if (at == STR_NPOS)
		return false;
	m->ident = str_upto(ident, at);
	pam_parse_text(m, m->ident, m->text);
	return true;
}

/* su and sudo say "none" or "unknown" where there is no terminal. */
static void tty_tidy(struct event *ev)
{
	struct str tty = event_str(ev, F_TTY);

	str_skip(&tty, STR("/dev/"));
	event_set_str(ev, F_TTY, tty);
	if (str_eqz(tty, "none") || str_eqz(tty, "unknown"))
		event_unset(ev, F_TTY);
}

static void keep(struct message *m)
{
	/* What a parser set before it gave up. */
	struct event *ev = m->ev;
	struct str level = event_str(ev, F_LEVEL);
	bool preauth = event_has(ev, F_PREAUTH);

	memset(ev->has, 0, sizeof ev->has);
	ev->kind = EVENT_OTHER;
	event_set_str(ev, F_LEVEL, level);
	if (preauth)
		event_set_int(ev, F_PREAUTH, true);
	message_set_str(m, F_TEXT, m->text);
}

enum message_result message_parse(struct message *m, const struct program *p)
{
	if (pam_parse(m) || module_tag(m))
		return MESSAGE_KNOWN;
	if (!p)
		return MESSAGE_IGNORED;
	if (!p->parse ? form_match(p->forms, m) : p->parse(m)) {
		if (p->via && m->ev->kind == EVENT_PRIV) {
			event_set_str(m->ev, F_VIA, str_z(p->via));
			tty_tidy(m->ev);
		}
		return MESSAGE_KNOWN;
	}
	keep(m);
	return p->strict ? MESSAGE_UNKNOWN : MESSAGE_KEPT;
}
