/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Whoever may run this program as another user through sudo shall not get a
 * shell of that user from the pager.
 */
static bool is_elevated(void)
{
	return getuid() != geteuid() || getenv("SUDO_UID") ||
	       getenv("PKEXEC_UID") || getenv("DOAS_USER");
}

const char *pager_command(void)
{
	const char *command = NULL;

	if (!is_elevated())
		command = getenv("SSHTRAIL_PAGER");
	if (!command && !is_elevated())
		command = getenv("PAGER");
	if (!command)
		command = "less";
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

static void run_pager(const char *command)
{
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
		setenv("LESSCHARSET", "utf-8", 0);
	if (is_elevated())
		setenv("LESSSECURE", "1", 1);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* In one directory of PATH, or as it is called where `dir` is empty. */
static bool is_program(struct str dir, struct str name)
{
	char path[4096];

	if (dir.n + name.n + 2 > sizeof path)
		return false;
	snprintf(path, sizeof path, "%.*s%s%.*s", (int)dir.n, dir.p,
	    dir.n ? "/" : "", (int)name.n, name.p);
	return access(path, X_OK) == 0;
}

/* False when the shell would not find the first word of the command. */
static bool can_run(const char *command)
{
	struct str rest = str_z(command), word;
	const char *path = getenv("PATH");
	struct str dirs = str_z(path ? path : "/usr/bin:/bin"), dir;
	bool more;

	str_cut(&rest, ' ', &word);
	/* What the shell puts something else in the place of, it may find. */
	if (strcspn(command, "=\"'\\$~`(") < word.n)
		return true;
	if (str_find_char(word, '/') != STR_NPOS)
		return is_program(STR_NONE, word);
	do {
		more = str_cut(&dirs, ':', &dir);
		if (dir.n && is_program(dir, word))
			return true;
	} while (more);
	return false;
}

static void pager_start(struct out *o, void *ctx)
{
	struct pager *p = ctx;
	const char *command = pager_command();
	int ends[2];
	pid_t pid;

	if (!command || !can_run(command) || pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		if (dup2(ends[0], STDIN_FILENO) < 0)
			_exit(127);
		run_pager(command);
	}
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return;
	}
	/* Ctrl-C belongs to the pager; we end when it stops reading. */
	signal(SIGINT, SIG_IGN);
	p->pid = pid;
	o->fd = ends[1];
}

void pager_attach(struct pager *p, struct out *o)
{
	p->pid = 0;
	o->start = pager_start;
	o->start_ctx = p;
}

void pager_end(struct pager *p, struct out *o)
{
	if (!p->pid)
		return;
	close(o->fd);
	o->fd = STDOUT_FILENO;
	while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	p->pid = 0;
}
