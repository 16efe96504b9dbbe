/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/errand.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rec/environment.h"

#define INTERNAL_SFTP "internal-sftp"
#define LAST_SHELL    "/bin/sh"

/* Where distributions keep what sshd's internal-sftp is as a program. */
static const char *const sftp_servers[] = {
    "/usr/lib/openssh/sftp-server",
    "/usr/libexec/openssh/sftp-server",
    "/usr/lib/ssh/sftp-server",
    "/usr/libexec/sftp-server",
};

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether `file` is this program itself, by whatever name. */
static bool is_self(const char *file)
{
	struct stat self, other;

	if (stat("/proc/self/exe", &self) == 0 && stat(file, &other) == 0)
		return self.st_dev == other.st_dev &&
		       self.st_ino == other.st_ino;
	return strcmp(name_of(file), "sshtrail-rec") == 0;
}

static const char *shell_of(struct errand *e, const struct settings *s)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *shell = pw ? pw->pw_shell : NULL;

	if (!shell || !*shell || is_self(shell))
		shell = settings_shell(s, pw ? pw->pw_name : NULL);
	/* Else we would run ourselves without end. */
	if (is_self(shell))
		shell = LAST_SHELL;
	return arena_dup(&e->texts, str_z(shell)).p;
}

/*
 * sshd names its own server where the subsystem is that, and never runs it for
 * somebody who has a ForceCommand.
 */
static const char *command_of(struct errand *e, const char *command)
{
	struct str rest = str_z(command);

	if (!str_skip(&rest, STR(INTERNAL_SFTP)) ||
	    (rest.n && rest.p[0] != ' '))
		return command;
	for (size_t i = 0; i < sizeof sftp_servers / sizeof *sftp_servers; i++)
		if (access(sftp_servers[i], X_OK) == 0)
			return arena_printf(
			    &e->texts, "%s%.*s", sftp_servers[i], STR_ARG(rest))
			    .p;
	return command;
}

static int set_arguments(struct errand *e, const char *command)
{
	const char *name = name_of(e->shell);

	if (!command) {
		e->argv[0] =
		    (char *)(uintptr_t)arena_printf(&e->texts, "-%s", name).p;
		return e->argv[0] ? 0 : -ENOMEM;
	}
	e->argv[0] = (char *)(uintptr_t)name;
	e->argv[1] = (char *)(uintptr_t) "-c";
	e->argv[2] = (char *)(uintptr_t)command_of(e, command);
	return e->argv[2] ? 0 : -ENOMEM;
}

int errand_find(
    struct errand *ret, const struct settings *s, int argc, char **argv)
{
	const char *command = NULL;
	struct str shell;

	*ret = (struct errand){
	    .texts = ARENA_INIT, .env = environment_original(argc, argv)};
	if (!ret->env)
		return -ENOMEM;
	if (argc == 3 && strcmp(argv[1], "-c") == 0)
		command = argv[2];
	else if (argc != 1)
		return -EINVAL;
	else if (argv[0][0] != '-')
		command = environment_get(ret->env, "SSH_ORIGINAL_COMMAND");
	ret->shell = shell_of(ret, s);
	if (!ret->shell)
		return -ENOMEM;
	/* What runs "$SHELL" is to get a shell, and no recorder more. */
	shell = arena_printf(&ret->texts, "SHELL=%s", ret->shell);
	if (!shell.p)
		return -ENOMEM;
	environment_replace(ret->env, (char *)(uintptr_t)shell.p, 5);
	return set_arguments(ret, command);
}

int errand_run(const struct errand *e)
{
	const gid_t gid = getgid();

	if (setresgid(gid, gid, gid) < 0)
		return -errno;
	execve(e->shell, e->argv, e->env);
	return -errno;
}

bool errand_describe(const struct errand *e, size_t max, struct buf *to)
{
	for (char *const *arg = e->argv; *arg; arg++)
		buf_add(to, *arg, strlen(*arg) + 1);
	if (to->n <= max)
		return false;
	to->n = max;
	return true;
}
