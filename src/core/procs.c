/* SPDX-License-Identifier: Apache-2.0 */
#include "core/procs.h"

#include <errno.h>
#include <stdlib.h>

static bool is_pid(int64_t pid)
{
	return pid > 0 && pid <= INT32_MAX;
}

static struct proc *slot_of(const struct procs *p, int64_t pid)
{
	return &p->slots[(uint32_t)pid & (PROCS_MAX - 1)];
}

const struct proc *procs_find(const struct procs *p, int64_t pid)
{
	const struct proc *s;

	if (!p->slots || !is_pid(pid))
		return NULL;
	s = slot_of(p, pid);
	return s->pid == (uint32_t)pid ? s : NULL;
}

static struct str base_name(struct str path)
{
	size_t at = str_rfind_char(path, '/');

	return at == STR_NPOS ? path : str_from(path, at + 1);
}

static bool is_shell_name(struct str argv0)
{
	static const char *const shells[] = {"sh", "bash", "dash", "zsh", "ksh",
	    "mksh", "ksh93", "rbash", "ash", "fish", "csh", "tcsh"};
	struct str name = base_name(argv0);

	/* A login shell has a dash before its name. */
	str_skip(&name, STR("-"));
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
		if (str_eqz(name, shells[i]))
			return true;
	return false;
}

/* Options of shells that take the next argument. */
static bool takes_argument(struct str arg)
{
	static const char *const options[] = {
	    "-o", "+o", "-O", "+O", "--rcfile", "--init-file"};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (str_eqz(arg, options[i]))
			return true;
	return false;
}

bool argv_is_shell(struct str argv)
{
	struct str arg;

	if (!argv.n)
		return false;
	str_cut(&argv, '\0', &arg);
	if (!is_shell_name(arg))
		return false;
	while (argv.n) {
		str_cut(&argv, '\0', &arg);
		if (str_eqz(arg, "--"))
			return argv.n == 0;
		if (takes_argument(arg)) {
			str_cut(&argv, '\0', &arg);
			continue;
		}
		if (arg.n < 2 || (arg.p[0] != '-' && arg.p[0] != '+'))
			return str_eqz(arg, "-");
		if (arg.p[1] == '-')
			continue;
		if (str_find_char(arg, 'c') != STR_NPOS)
			return false;
		/* -s: operands are for $1 and on, commands come from input */
		if (str_find_char(arg, 's') != STR_NPOS)
			return true;
	}
	return true;
}

static bool has_terminal(const struct event *ev)
{
	struct str tty = event_str(ev, F_TTY);

	return tty.n && tty.p[0] != '(' && tty.p[0] != '?' &&
	       !str_eqz(tty, "none");
}

int procs_put(struct procs *p, const struct proc *proc)
{
	if (!p->slots) {
		p->slots = calloc(PROCS_MAX, sizeof *p->slots);
		if (!p->slots)
			return -ENOMEM;
	}
	*slot_of(p, proc->pid) = *proc;
	return 0;
}

int procs_exec(struct procs *p, const struct event *ev, uint64_t ses)
{
	int64_t pid = event_int(ev, F_PID, -1);

	if (!is_pid(pid))
		return 0;
	return procs_put(
	    p, &(struct proc){(uint32_t)pid,
		   has_terminal(ev) && argv_is_shell(event_str(ev, F_ARGV)),
		   event_int(ev, F_SETUP, 0) != 0, ses});
}

void procs_exit(struct procs *p, int64_t pid)
{
	if (procs_find(p, pid))
		slot_of(p, pid)->pid = 0;
}

void procs_clear(struct procs *p)
{
	free(p->slots);
	p->slots = NULL;
}
