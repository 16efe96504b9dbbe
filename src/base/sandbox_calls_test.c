/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/confined_test.h"

/* As the kernel sees it: what libc would check before is not asked. */
struct call {
	const char *name;
	long number;
	long args[6];
};

static long do_call(const struct call *call)
{
	const long *a = call->args;

	errno = 0;
	return syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void must_fail(const char *name, long got, int error)
{
	if (got != -1 || errno != error) {
		dprintf(2, "# %s: %ld, %s\n", name, got, strerror(errno));
		_exit(1);
	}
}

static void inside_refused(struct confined *c)
{
	static const struct rlimit none;
	const struct call refused[] = {
	    {"fork", SYS_clone, {SIGCHLD}},
	    {"thread elsewhere", SYS_clone, {CLONE_THREAD | CLONE_NEWNET}},
	    {"mmap", SYS_mmap,
		{0, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0}},
	    {"mprotect", SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC}},
	    {"setrlimit", SYS_prlimit64, {0, RLIMIT_CORE, (long)&none, 0}},
	    {"signal to the parent", SYS_kill, {getppid(), SIGCONT}},
	    {"signal to all", SYS_kill, {-1, SIGCONT}},
	    {"PR_SET_DUMPABLE", SYS_prctl, {PR_SET_DUMPABLE, 1}},
	    {"TIOCSTI", SYS_ioctl, {0, TIOCSTI, (long)"x"}},
	    {"chown", SYS_fchownat, {AT_FDCWD, (long)c->folders[HOME], 0, 0}},
	    {"chmod", SYS_fchmodat, {AT_FDCWD, (long)c->folders[HOME], 0}},
	    {"symlink", SYS_symlinkat, {(long)"/etc", AT_FDCWD, (long)"x"}},
	    {"mknod", SYS_mknodat, {AT_FDCWD, (long)"x", S_IFCHR, 259}},
	    {"chdir", SYS_chdir, {(long)c->folders[HOME]}},
	    {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, 0}},
	    {"a second filter", SYS_seccomp, {0, 0, 0}},
	    {"a call to come", 100000, {0}},
	};

	confined_enter(c);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		must_fail(refused[i].name, do_call(&refused[i]), EPERM);
	/* So that glibc makes its threads with clone(). */
	must_fail("clone3", syscall(SYS_clone3, NULL, 0), ENOSYS);
}

static void test_refused(void **state)
{
	assert_works(*state, inside_refused);
}

static void inside_refused_paths(struct confined *c)
{
	static const struct {
		enum folder folder;
		const char *name;
		int flags;
	} files[] = {
	    {OUTSIDE, "file", O_RDONLY},
	    {OUTSIDE, "file", O_WRONLY},
	    {OUTSIDE, ".", O_RDONLY},
	    {OUTSIDE, "new", O_CREAT | O_WRONLY},
	    {HOME, "../outside/file", O_RDONLY},
	    {HOME, "../..", O_RDONLY},
	    {READONLY, "file", O_WRONLY},
	    {READONLY, "file", O_RDONLY | O_TRUNC},
	    {READONLY, "new", O_CREAT | O_WRONLY},
	};
	static const char *const others[] = {"/etc/passwd", "/proc/self/mem",
	    "/proc/self/status", "/dev/null", "/usr/bin/true"};
	char path[128];

	confined_enter(c);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		must_fail(files[i].name,
		    confined_open(
			c, files[i].folder, files[i].name, files[i].flags),
		    EACCES);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		must_fail(
		    others[i], open(others[i], O_RDONLY | O_CLOEXEC), EACCES);
	snprintf(path, sizeof path, "%s/file", c->folders[READONLY]);
	must_fail("unlink", unlink(path), EACCES);
}

static void test_refused_paths(void **state)
{
	need_landlock();
	assert_works(*state, inside_refused_paths);
}

static void inside_deadly(struct confined *c)
{
	confined_enter(c);
	do_call(c->call);
}

static void test_deadly(void **state)
{
	static const char program[] = "/bin/true";
	static const struct call deadly[] = {
	    {"execve", SYS_execve, {(long)program}},
	    {"execveat", SYS_execveat, {AT_FDCWD, (long)program}},
	    {"ptrace", SYS_ptrace, {0}},
	    {"process_vm_readv", SYS_process_vm_readv, {1}},
	    {"process_vm_writev", SYS_process_vm_writev, {1}},
	    {"socket", SYS_socket, {AF_INET, SOCK_STREAM}},
	    {"UNIX socket", SYS_socket, {AF_UNIX, SOCK_STREAM}},
	    {"netlink socket", SYS_socket, {AF_NETLINK, SOCK_RAW, 9}},
	    {"connect", SYS_connect, {0}},
	    {"bind", SYS_bind, {0}},
	    {"listen", SYS_listen, {0}},
	    {"setuid", SYS_setuid, {0}},
	    {"setresgid", SYS_setresgid, {0}},
	    {"capset", SYS_capset, {0}},
	    {"mount", SYS_mount, {0}},
	    {"chroot", SYS_chroot, {(long)program}},
	    {"unshare", SYS_unshare, {CLONE_NEWUSER}},
	    {"setns", SYS_setns, {0}},
	    {"init_module", SYS_init_module, {0}},
	    {"finit_module", SYS_finit_module, {0}},
	    {"kexec_load", SYS_kexec_load, {0}},
	    {"bpf", SYS_bpf, {BPF_MAP_LOOKUP_ELEM}},
	    {"perf_event_open", SYS_perf_event_open, {0}},
	    {"io_uring_setup", SYS_io_uring_setup, {1}},
	    {"keyctl", SYS_keyctl, {0}},
	    {"userfaultfd", SYS_userfaultfd, {0}},
#ifdef __x86_64__
	    {"x32 getpid", 0x40000000 + SYS_getpid, {0}},
#endif
	};
	struct confined *c = *state;

	for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
		c->call = &deadly[i];
		print_message("# %s\n", c->call->name);
		assert_dies(c, inside_deadly, SIGSYS);
	}
}

#ifdef __x86_64__
static void inside_32_bits(struct confined *c)
{
	const long number = 20; /* getpid() there */
	long ret;

	/* The test's own handler would go on with the next test. */
	signal(SIGSEGV, SIG_DFL);
	confined_enter(c);
	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(number) : "memory");
}
#endif

static void test_other_architecture(void **state)
{
#ifdef __x86_64__
	int status = confined_run(*state, inside_32_bits);

	/* A kernel without 32-bit calls sends SIGSEGV. */
	assert_true(WIFSIGNALED(status));
#else
	skip();
#endif
}

static void inside_bpf_maps(struct confined *c)
{
	union bpf_attr attr = {.map_fd = 0};

	c->sandbox.needs = SANDBOX_BPF_MAPS;
	confined_enter(c);
	/* Descriptor 0 is no map; the kernel may also allow root only. */
	CHECK(syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, sizeof attr) < 0);
	CHECK(syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr) < 0);
	CHECK(syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof attr) < 0);
	CHECK(errno == EPERM);
	CHECK(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr) < 0);
	CHECK(errno == EPERM);
}

static void test_bpf_maps(void **state)
{
	assert_works(*state, inside_bpf_maps);
}

static void inside_connect(struct confined *c)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
	    .sin_port = htons(1),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd, pair[2];

	c->sandbox.needs = SANDBOX_CONNECT;
	confined_enter(c);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0);
	CHECK(connect(fd, (struct sockaddr *)&at, sizeof at) < 0);
	CHECK(errno == ECONNREFUSED);
	CHECK(bind(fd, (struct sockaddr *)&at, sizeof at) < 0);
	CHECK(errno == EPERM);
	CHECK(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0);
	CHECK(errno == EPERM);
	CHECK(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) < 0);
	CHECK(errno == EPERM);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
}

static void test_connect(void **state)
{
	assert_works(*state, inside_connect);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_refused_paths),
	    cmocka_unit_test(test_deadly),
	    cmocka_unit_test(test_other_architecture),
	    cmocka_unit_test(test_bpf_maps),
	    cmocka_unit_test(test_connect),
	};

	return cmocka_run_group_tests_name(
	    "sandbox calls", tests, confined_set_up, confined_tear_down);
}
