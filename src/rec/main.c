/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sshtrail-rec: what sshd runs in the place of a user's shell, as ForceCommand
 * or as login shell, to record what the terminal shows. See sshtrail-rec(8),
 * and docs/recordings.md for what a user can do against it.
 *
 * Its group, which its file gives it, is what the daemon knows it by; and by it
 * the kernel lets no process of the same user look into it.
 */
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/hide.h"
#include "rec/errand.h"
#include "rec/handover.h"
#include "rec/relay.h"

#define EXIT_MISUSED 2
#define EXIT_REFUSED 254
#define EXIT_NOT_RUN 127
#define GROUPS_MAX   1024

static void complain(const char *what)
{
	syslog(LOG_WARNING, "%s", what);
}

/* Whether somebody without a recording gets no session. */
static bool is_strict(const struct settings *s)
{
	const struct group *rescue;
	gid_t groups[GROUPS_MAX];
	int n;

	if (s->fail != FAIL_CLOSED)
		return false;
	rescue = s->rescue ? getgrnam(s->rescue) : NULL;
	if (!rescue)
		return true;
	if (getgid() == rescue->gr_gid)
		return false;
	n = getgroups(GROUPS_MAX, groups);
	for (int i = 0; i < n; i++)
		if (groups[i] == rescue->gr_gid)
			return false;
	return true;
}

static int refuse(const char *why)
{
	fprintf(stderr,
	    "This session cannot be recorded (%s), and sessions "
	    "that are not are not allowed here.\r\n",
	    why);
	complain("a session was refused, as it could not be recorded");
	return EXIT_REFUSED;
}

static int run(const struct errand *e)
{
	int r = errand_run(e);

	fprintf(stderr, "%s: %s\n", e->shell, strerror(-r));
	return EXIT_NOT_RUN;
}

/* End as the shell did, so that sshd tells the client the same. */
static int end_alike(int status)
{
	const struct rlimit none = {0, 0};
	const int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	sigset_t set;

	if (!sig)
		return WEXITSTATUS(status);
	setrlimit(RLIMIT_CORE, &none);
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), sig);
	return 128 + sig;
}

static int run_command(
    const struct errand *e, const struct settings *s, bool strict)
{
	struct buf args = BUF_INIT;
	const bool cut = errand_describe(e, WIRE_ARGS_MAX, &args);
	const enum handover_answer answer =
	    handover_command(s, buf_str(&args), cut);

	buf_free(&args);
	if (answer == HANDOVER_AWAY && strict)
		return refuse("sshtraild does not answer");
	return run(e);
}

static int run_terminal(
    const struct errand *e, const struct settings *s, bool strict)
{
	struct err err = {""};
	int status = 0;

	switch (relay_run(e, s, strict, &status, &err)) {
	case RELAY_EXITED:
		return end_alike(status);
	case RELAY_HUNG_UP:
		return EXIT_FAILURE;
	case RELAY_AWAY:
		return refuse("sshtraild does not answer");
	case RELAY_REFUSED:
		return refuse("sshtraild does not take it any more");
	case RELAY_BROKEN:
		complain(err.text);
		return strict ? refuse(err.text) : run(e);
	default:
		return run(e);
	}
}

int main(int argc, char **argv)
{
	struct buf complaints = BUF_INIT;
	struct settings settings;
	struct errand errand;
	bool strict;
	int r;

	/* Also where its file does not have its group's bit. */
	hide_process();
	openlog("sshtrail-rec", LOG_PID, LOG_AUTHPRIV);
	if (settings_load(&settings, SETTINGS_FILE, &complaints) < 0)
		complain(buf_z(&complaints));
	r = errand_find(&errand, &settings, argc, argv);
	if (r < 0) {
		fputs("usage: sshtrail-rec [-c COMMAND]\n"
		      "Run by sshd: see sshtrail-rec(8).\n",
		    stderr);
		return EXIT_MISUSED;
	}
	strict = is_strict(&settings);
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)
		   ? run_terminal(&errand, &settings, strict)
		   : run_command(&errand, &settings, strict);
}
