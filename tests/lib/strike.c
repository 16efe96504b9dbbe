/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program and strikes it at one system call of one of its processes, as
 * ptrace(2) sees it: at the place that is tested, not at some time. A filter of
 * seccomp(2) lets all calls but those that are meant go at full speed.
 *
 * usage: strike [-u USER] -l LOG POINT ACTION PROGRAM [ARG...]
 *
 * POINT is PROCESS/CALL/FILE/WHEN: the WHENth CALL (of all processes so named
 * together) on a file whose path fits FILE. PROCESS and FILE are patterns of
 * fnmatch(3), but '/' in POINT must stand behind CALL: FILE goes to the last
 * one. CALL: write sync rename unlink truncate allocate open send recv.
 *
 * ACTION: kill, all processes, before the call is made; EIO or ENOSPC, which
 * the call returns; short, of a write that is half of what was to be written;
 * or count, which does nothing.
 *
 * LOG has a line "MATCHES STRUCK", how many calls there were, and 1 if it
 * struck: once it did, and when all have ended. TERM, INT and HUP are passed on
 * to the program, USR1 kills all processes as a power failure would. The
 * program's status is that of this one, 77 where ptrace cannot do it.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

#ifndef __x86_64__
int main(void)
{
	puts("strike: this processor is not known");
	return 77;
}
#else

/* From linux/ptrace.h, which does not go with sys/ptrace.h. */
#define OPTIONS                                                                \
	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |      \
	    PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL)
#define THREADS_MAX 512
#define PATH_TWICE  (2 * PATH_MAX)

/* What names the file: a descriptor, or a directory and a name in it. */
enum names { BY_FD, BY_NAME, BY_DIR_AND_NAME };

static const struct call {
	const char *name;
	long number;
	enum names by;
	unsigned arg;	/* of the descriptor, directory or name */
	unsigned bytes; /* argument with how many are written; 0: none */
} calls[] = {
    {"write", SYS_write, BY_FD, 0, 2},
    {"write", SYS_pwrite64, BY_FD, 0, 2},
    {"write", SYS_writev, BY_FD, 0, 0},
    {"write", SYS_pwritev, BY_FD, 0, 0},
    {"sync", SYS_fsync, BY_FD, 0, 0},
    {"sync", SYS_fdatasync, BY_FD, 0, 0},
    {"rename", SYS_rename, BY_NAME, 1, 0},
    {"rename", SYS_renameat, BY_DIR_AND_NAME, 2, 0},
    {"rename", SYS_renameat2, BY_DIR_AND_NAME, 2, 0},
    {"unlink", SYS_unlink, BY_NAME, 0, 0},
    {"unlink", SYS_unlinkat, BY_DIR_AND_NAME, 0, 0},
    {"truncate", SYS_ftruncate, BY_FD, 0, 0},
    {"allocate", SYS_fallocate, BY_FD, 0, 0},
    {"open", SYS_openat, BY_DIR_AND_NAME, 0, 0},
    {"send", SYS_sendto, BY_FD, 0, 0},
    {"send", SYS_sendmsg, BY_FD, 0, 0},
    {"recv", SYS_recvfrom, BY_FD, 0, 0},
    {"recv", SYS_recvmsg, BY_FD, 0, 0},
};

static const struct {
	const char *name;
	int error;
} actions[] = {
    {"count", 0}, {"kill", 0}, {"short", 0}, {"EIO", EIO}, {"ENOSPC", ENOSPC}};
enum { COUNT, KILL, SHORT };

static struct {
	const char *process, *call, *file;
	uint64_t when, seen;
	unsigned action;
	bool struck;
	const char *log;
	pid_t threads[THREADS_MAX]; /* 0: free */
} strike;

static volatile sig_atomic_t child, power_failed;

static void pass_on(int sig)
{
	if (sig == SIGUSR1)
		power_failed = 1;
	else if (child)
		kill(child, sig);
}

static void tell(void)
{
	FILE *f = fopen(strike.log, "w");

	if (!f)
		return;
	fprintf(f, "%llu %d\n", (unsigned long long)strike.seen, strike.struck);
	fclose(f);
}

static void fail(const char *what)
{
	fprintf(stderr, "strike: %s: %s\n", what, strerror(errno));
	exit(77);
}

/* Its place; a new one is put there. */
static pid_t *thread_of(pid_t id, bool *ret_new)
{
	pid_t *room = NULL;

	*ret_new = false;
	for (size_t i = 0; i < THREADS_MAX; i++) {
		if (strike.threads[i] == id)
			return &strike.threads[i];
		if (!room && !strike.threads[i])
			room = &strike.threads[i];
	}
	if (!room) {
		errno = ENOSPC;
		fail("threads");
	}
	*ret_new = true;
	*room = id;
	return room;
}

static unsigned long long argument(
    const struct user_regs_struct *regs, unsigned n)
{
	const unsigned long long v[] = {
	    regs->rdi, regs->rsi, regs->rdx, regs->r10, regs->r8, regs->r9};

	return v[n];
}

/* What a link in /proc of it points to, with '/' behind it or not. */
static void link_of(pid_t id, const char *what, const char *end, char *ret)
{
	char name[64];
	ssize_t n;

	snprintf(name, sizeof name, "/proc/%d/%s", (int)id, what);
	n = readlink(name, ret, PATH_MAX - 2);
	snprintf(ret + (n > 0 ? n : 0), 2, "%s", end);
}

static void fd_path(pid_t id, int fd, const char *end, char *ret)
{
	char what[32];

	if (fd == AT_FDCWD) {
		link_of(id, "cwd", end, ret);
		return;
	}
	snprintf(what, sizeof what, "fd/%d", fd);
	link_of(id, what, end, ret);
}

/* The text at an address of it. */
static void read_name(pid_t id, unsigned long long at, char *ret, size_t size)
{
	char page[PATH_MAX];
	struct iovec to = {page, sizeof page};
	size_t first = 4096 - at % 4096;
	/* The page behind may not be there: that is no failure then. */
	struct iovec from[] = {{(void *)(uintptr_t)at, first},
	    {(void *)(uintptr_t)(at + first), sizeof page - first}};
	ssize_t n = process_vm_readv(id, &to, 1, from, 2, 0);

	snprintf(ret, size, "%.*s", (int)(n > 0 ? n : 0), page);
}

static void path_of(pid_t id, const struct call *c,
    const struct user_regs_struct *regs, char *ret)
{
	char name[PATH_MAX], dir[PATH_MAX] = "";

	if (c->by == BY_FD) {
		fd_path(id, (int)argument(regs, c->arg), "", ret);
		return;
	}
	read_name(id, argument(regs, c->by == BY_NAME ? c->arg : c->arg + 1),
	    name, sizeof name);
	if (name[0] != '/')
		fd_path(id,
		    c->by == BY_NAME ? AT_FDCWD : (int)argument(regs, c->arg),
		    "/", dir);
	snprintf(ret, PATH_TWICE, "%s%s", dir, name);
}

static bool is_of_process(pid_t id)
{
	char name[64], comm[32] = "";
	int fd;
	ssize_t n;

	snprintf(name, sizeof name, "/proc/%d/comm", (int)id);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, comm, sizeof comm - 1);
	close(fd);
	comm[n > 0 ? n - 1 : 0] = '\0';
	return fnmatch(strike.process, comm, 0) == 0;
}

/* The call that is meant, or NULL. */
static const struct call *match(pid_t id, const struct user_regs_struct *regs)
{
	char path[PATH_TWICE];

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		const struct call *c = &calls[i];

		if (c->number != (long)regs->orig_rax ||
		    strcmp(c->name, strike.call) != 0)
			continue;
		if (!is_of_process(id))
			return NULL;
		path_of(id, c, regs, path);
		return fnmatch(strike.file, path, 0) == 0 ? c : NULL;
	}
	return NULL;
}

static void kill_all(void)
{
	for (size_t i = 0; i < THREADS_MAX; i++)
		if (strike.threads[i])
			kill(strike.threads[i], SIGKILL);
}

/* It is about to make the call. */
static void enter(pid_t id)
{
	struct user_regs_struct regs;
	const struct call *c;

	if (strike.struck || ptrace(PTRACE_GETREGS, id, NULL, &regs) < 0)
		return;
	c = match(id, &regs);
	if (!c || ++strike.seen != strike.when || strike.action == COUNT)
		return;
	strike.struck = true;
	tell();
	if (strike.action == KILL) {
		kill_all();
		return;
	}
	if (strike.action == SHORT && c->bytes && regs.rdx > 1) {
		regs.rdx /= 2;
	} else if (strike.action != SHORT) {
		/* No such call: the kernel makes none, and returns this. */
		regs.orig_rax = (unsigned long long)-1;
		regs.rax = (unsigned long long)-actions[strike.action].error;
	}
	ptrace(PTRACE_SETREGS, id, NULL, &regs);
}

/* The signal to go on with. */
static int stopped(pid_t id, bool is_new, int status)
{
	int sig = WSTOPSIG(status);

	if (status >> 16 == PTRACE_EVENT_SECCOMP)
		enter(id);
	if (status >> 16 || (sig == SIGSTOP && is_new))
		return 0; /* an event, or the begin of a thread */
	return sig;
}

static int watch(pid_t program)
{
	int status, result = 0;
	bool is_new;
	pid_t id;

	for (;;) {
		pid_t *t;
		int sig;

		if (power_failed)
			kill_all();
		id = waitpid(-1, &status, __WALL);
		if (id < 0 && errno == EINTR)
			continue;
		if (id < 0)
			return result;
		t = thread_of(id, &is_new);
		if (!WIFSTOPPED(status)) {
			*t = 0;
			if (id == program)
				result = WIFEXITED(status)
					     ? WEXITSTATUS(status)
					     : 128 + WTERMSIG(status);
			continue;
		}
		sig = stopped(id, is_new, status);
		ptrace(PTRACE_CONT, id, NULL, (void *)(intptr_t)sig);
	}
}

static void become(const char *user)
{
	const struct passwd *pw = getpwnam(user);

	if (!pw || setgroups(0, NULL) < 0 || setgid(pw->pw_gid) < 0 ||
	    setuid(pw->pw_uid) < 0)
		fail(user);
}

/* Of the calls that are meant the tracer is told. */
static void filter_calls(void)
{
	struct sock_filter code[2 * sizeof calls / sizeof *calls + 2] = {
	    BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	unsigned short n = 1;
	struct sock_fprog program;

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if (strcmp(calls[i].name, strike.call) != 0)
			continue;
		code[n++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].number, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(
		    BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	}
	code[n++] =
	    (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program = (struct sock_fprog){n, code};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		fail("seccomp");
}

static pid_t start(char **argv, const char *user)
{
	int status;
	pid_t id = fork();

	if (id < 0)
		fail("fork");
	if (id == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			fail("ptrace");
		raise(SIGSTOP);
		filter_calls();
		if (user)
			become(user);
		execv(argv[0], argv);
		fail(argv[0]);
	}
	if (waitpid(id, &status, 0) < 0 || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, id, NULL, (void *)(intptr_t)OPTIONS) < 0)
		fail("ptrace");
	return id;
}

static void parse(char *point, const char *action)
{
	char *when = strrchr(point, '/'), *rest = point;

	*when = '\0';
	if (!str_u64(str_z(when + 1), &strike.when)) {
		errno = EINVAL;
		fail(point);
	}
	strike.process = strsep(&rest, "/");
	strike.call = strsep(&rest, "/");
	strike.file = rest;
	while (strike.action < sizeof actions / sizeof *actions &&
	       strcmp(actions[strike.action].name, action) != 0)
		strike.action++;
	if (!strike.file || strike.action == sizeof actions / sizeof *actions) {
		errno = EINVAL;
		fail(action);
	}
}

int main(int argc, char **argv)
{
	static const int passed[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	const char *user = NULL;
	struct sigaction sa = {.sa_handler = pass_on};
	bool is_new;
	int c, status;

	while ((c = getopt(argc, argv, "+u:l:")) != -1)
		*(c == 'u' ? &user : &strike.log) = optarg;
	if (argc - optind < 3 || !strike.log || !strrchr(argv[optind], '/')) {
		fputs("usage: strike [-u USER] -l LOG POINT ACTION PROGRAM "
		      "[ARG...]\n",
		    stderr);
		return 2;
	}
	parse(argv[optind], argv[optind + 1]);
	child = start(argv + optind + 2, user);
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		sigaction(passed[i], &sa, NULL);
	thread_of(child, &is_new);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	status = watch(child);
	tell();
	return status;
}
#endif
