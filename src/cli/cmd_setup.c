/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/setup/setup.h"

struct setup_options {
	struct opt_list users;
	const char *root;
	bool yes, undo;
};

static const struct opt setup_opts[] = {
    {"user", 'u', OPT_LIST, "NAME,...",
	"tty-audit: whose typing is recorded; * is everybody's. rec, "
	"rec-shell: whose terminals are",
	.at = offsetof(struct setup_options, users), .hint = OPT_HINT_USER},
    {"yes", 'y', OPT_FLAG, .help = "make the change",
	.at = offsetof(struct setup_options, yes)},
    {"undo", 0, OPT_FLAG,
	.help = "take back what --yes made: file, mode, owner and what the "
		"kernel was told",
	.at = offsetof(struct setup_options, undo)},
    {"root", 0, OPT_STR, "DIR",
	"change files below DIR, as of an image; the running system is "
	"neither asked nor told",
	.at = offsetof(struct setup_options, root), .hint = OPT_HINT_DIR},
    {.name = NULL},
};

static const struct change *find_change(const char *name)
{
	for (size_t i = 0; i < changes_count; i++)
		if (strcmp(changes[i]->name, name) == 0)
			return changes[i];
	return NULL;
}

static int check(struct cli *c, const struct setup_options *own,
    const char *name, const struct change *change)
{
	if (own->yes && own->undo)
		return cli_usage(
		    c, "setup: --yes and --undo do not go together");
	if (!name)
		return own->yes || own->undo
			   ? cli_usage(c, "setup: say which change; 'sshtrail "
					  "setup' lists them")
			   : CLI_FOUND;
	if (!change)
		return cli_usage(c,
		    "setup: no change \"%s\"; 'sshtrail setup' lists them",
		    name);
	if (change->takes_user && !own->users.n && !own->undo)
		return cli_usage(c, "setup: %s needs --user NAME", name);
	if (!change->takes_user && own->users.n)
		return cli_usage(c, "setup: %s takes no --user", name);
	return CLI_FOUND;
}

static int setup_command(const struct invocation *inv)
{
	const struct setup_options *own = inv->own;
	const char *name = inv->n_args ? inv->args[0] : NULL;
	const struct change *change = name ? find_change(name) : NULL;
	struct cli *c = inv->cli;
	struct setup s;
	int r = check(c, own, name, change);

	if (r == CLI_FOUND)
		r = setup_open(&s, c, own->root, own->yes || own->undo);
	if (r != CLI_FOUND)
		return r;
	s.users = &own->users;
	r = change ? setup_run(&s, c, change,
			 own->undo  ? SETUP_UNDO
			 : own->yes ? SETUP_MAKE
				    : SETUP_SHOW)
		   : setup_list(&s, c);
	setup_close(&s);
	return r;
}

static void setup_free_own(void *own)
{
	struct setup_options *o = own;

	opt_list_free(&o->users);
}

const struct command cmd_setup = {
    .name = "setup",
    .operands = "[CHANGE]",
    .summary = "let the host tell more: show, make and undo a change",
    .help =
	"Without a name: the changes, and how they stand. With one: the "
	"change it would make, as a unified diff.\n\n"
	"audit-plugin: a file in /etc/audit/plugins.d, by which auditd hands "
	"its records on to sshtraild. They are kept while it begins anew, and "
	"make good what it had no room for.\n\n"
	"audit-rules: a file in /etc/audit/rules.d, by which the kernel's "
	"audit tells what login sessions run, connect to and change in the "
	"configuration of logins. Its rules are loaded beside those that are, "
	"and no process ever waits for audit (backlog_wait_time 0).\n\n"
	"rec: sshd runs sshtrail-rec for these users, by a ForceCommand in "
	"/etc/ssh/sshd_config.d, where the kernel cannot record. Who has a "
	"ForceCommand already, or a key with command=, is refused, as this "
	"one would override it: there, rec-shell.\n\n"
	"rec-shell: sshtrail-rec is the login shell of these users, by their "
	"lines in /etc/passwd. It runs the shell that they had: where its "
	"settings say something else, the change is refused, and what they "
	"should say is told. Nothing of a user's runs before it, and chsh "
	"does not take it off. --undo gives back the shells that are still "
	"as it made them, and leaves all else in the file as it is then.\n\n"
	"sshd-verbose: LogLevel VERBOSE in /etc/ssh/sshd_config.d, for the "
	"fingerprints of refused keys. It is tried before it is put in "
	"place (sshd -t, sshd -T); reload sshd afterwards.\n\n"
	"tty-audit: a line for pam_tty_audit in /etc/pam.d/sshd, by which the "
	"kernel records what these users type.\n\n"
	"--yes makes the change, or says that nothing is to be done. What "
	"fails is taken back at once. --undo restores what was before, and "
	"refuses, showing what differs, where somebody else changed the file "
	"since. What is needed for that lies in /var/lib/sshtrail-setup.",
    .examples = "  sshtrail setup audit-rules          # what it would change\n"
		"  sshtrail setup audit-rules --yes\n"
		"  sshtrail setup tty-audit --user alice,bob --yes\n"
		"  sshtrail setup rec --user alice --yes\n"
		"  sshtrail setup rec-shell --user bob --yes\n"
		"  sshtrail setup sshd-verbose --undo\n",
    .opts = setup_opts,
    .opts_size = sizeof(struct setup_options),
    .max_args = 1,
    .operand_choices = "audit-plugin audit-rules rec rec-shell tty-audit "
		       "sshd-verbose",
    .run = setup_command,
    .free_own = setup_free_own,
};
