/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls of a sandbox as tables. A call in none of them fails with
 * EPERM. Calls that this architecture does not have are passed over by
 * libseccomp; calls of other architectures (32-bit ones) kill.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sandbox_inside.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* clang-format off */
static const int allowed[] = {
    /* Descriptors. */
    SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(dup), SCMP_SYS(dup2),
    SCMP_SYS(dup3), SCMP_SYS(fcntl), SCMP_SYS(fcntl64), SCMP_SYS(pipe),
    SCMP_SYS(pipe2), SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write),
    SCMP_SYS(writev), SCMP_SYS(lseek), SCMP_SYS(_llseek),
    /* Files: where, Landlock and the user's permissions decide. */
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(stat), SCMP_SYS(stat64), SCMP_SYS(lstat),
    SCMP_SYS(lstat64), SCMP_SYS(fstat), SCMP_SYS(fstat64),
    SCMP_SYS(newfstatat), SCMP_SYS(fstatat64), SCMP_SYS(statx),
    SCMP_SYS(statfs), SCMP_SYS(statfs64), SCMP_SYS(fstatfs),
    SCMP_SYS(fstatfs64), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd), SCMP_SYS(getdents), SCMP_SYS(getdents64),
    SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev), SCMP_SYS(ftruncate), SCMP_SYS(ftruncate64),
    SCMP_SYS(fallocate), SCMP_SYS(fadvise64), SCMP_SYS(fadvise64_64),
    SCMP_SYS(readahead), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(syncfs),
    SCMP_SYS(sync_file_range), SCMP_SYS(sync_file_range2), SCMP_SYS(flock),
    SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
    SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(fchmod),
    SCMP_SYS(umask), SCMP_SYS(utimensat),
    /* Memory; what could make it executable stands in `when`. */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
    SCMP_SYS(msync), SCMP_SYS(mincore), SCMP_SYS(mlock), SCMP_SYS(munlock),
    /* Threads, and the end of the process. */
    SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address), SCMP_SYS(rseq), SCMP_SYS(membarrier),
    SCMP_SYS(gettid), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getcpu), SCMP_SYS(exit), SCMP_SYS(exit_group),
    /* Signals. */
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigreturn), SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack), SCMP_SYS(pause),
    SCMP_SYS(restart_syscall), SCMP_SYS(signalfd4),
    /* Waiting. */
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(ppoll_time64),
    SCMP_SYS(select), SCMP_SYS(_newselect), SCMP_SYS(pselect6),
    SCMP_SYS(pselect6_time64), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
    SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_settime64), SCMP_SYS(timerfd_gettime),
    SCMP_SYS(timerfd_gettime64),
    /* Sockets that are there. */
    SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(sendto),
    SCMP_SYS(sendmsg), SCMP_SYS(shutdown), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
    /* Clocks and chance. */
    SCMP_SYS(time), SCMP_SYS(gettimeofday), SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64), SCMP_SYS(clock_getres),
    SCMP_SYS(clock_getres_time64), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_nanosleep_time64),
    SCMP_SYS(getrandom),
    /* What the process and the host are. */
    SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
    SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getresuid),
    SCMP_SYS(getresgid), SCMP_SYS(getgroups), SCMP_SYS(uname),
    SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(times),
    SCMP_SYS(getrlimit), SCMP_SYS(ugetrlimit),
};

static const int deadly[] = {
    /* Another program. */
    SCMP_SYS(execve), SCMP_SYS(execveat),
    /* Other processes. */
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp),
    /* New ways in. */
    SCMP_SYS(listen),
    /* Other ids. */
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid),
    SCMP_SYS(setregid), SCMP_SYS(setresuid), SCMP_SYS(setresgid),
    SCMP_SYS(setfsuid), SCMP_SYS(setfsgid), SCMP_SYS(setgroups),
    SCMP_SYS(capset),
    /* Another view of the file system, other namespaces. */
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root),
    SCMP_SYS(chroot), SCMP_SYS(open_tree), SCMP_SYS(move_mount),
    SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
    SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(setns),
    SCMP_SYS(unshare), SCMP_SYS(open_by_handle_at),
    /* Into the kernel, and the parts of it that break most often. */
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load),
    SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register), SCMP_SYS(add_key), SCMP_SYS(request_key),
    SCMP_SYS(keyctl), SCMP_SYS(ioperm), SCMP_SYS(iopl), SCMP_SYS(modify_ldt),
    SCMP_SYS(personality), SCMP_SYS(reboot), SCMP_SYS(swapon),
    SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex),
    SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(quotactl),
    SCMP_SYS(nfsservctl), SCMP_SYS(lookup_dcookie), SCMP_SYS(vhangup),
};

/* New ways out, deadly as well but for who needs them. */
static const int outward[] = {
    SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind),
};

/* glibc then does the same in another way, which a filter can see through. */
static const int absent[] = {
    SCMP_SYS(clone3),
};

#define NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | \
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/*
 * Allowed where one argument fits: (argument & mask) == value. Of those of one
 * call any may fit.
 */
static const struct condition {
	int call;
	unsigned argument;
	scmp_datum_t mask, value;
} when[] = {
    /* A thread, no process. The flags come first but on s390. */
    {SCMP_SYS(clone), 0, CLONE_THREAD | NAMESPACES, CLONE_THREAD},
    {SCMP_SYS(mmap), 2, PROT_EXEC, 0},
    {SCMP_SYS(mmap2), 2, PROT_EXEC, 0},
    {SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
    {SCMP_SYS(prlimit64), 2, ~(scmp_datum_t)0, 0}, /* to ask */
    {SCMP_SYS(prctl), 0, 0xffffffff, PR_SET_NAME},
    {SCMP_SYS(prctl), 0, 0xffffffff, PR_GET_NAME},
    {SCMP_SYS(prctl), 0, 0xffffffff, PR_GET_DUMPABLE},
    {SCMP_SYS(prctl), 0, 0xffffffff, PR_SET_PDEATHSIG},
    {SCMP_SYS(prctl), 0, 0xffffffff, PR_SET_VMA}, /* names memory */
    {SCMP_SYS(ioctl), 1, 0xffffffff, TCGETS},     /* isatty() */
    {SCMP_SYS(ioctl), 1, 0xffffffff, FIONREAD},
    {SCMP_SYS(ioctl), 1, 0xffffffff, FIONBIO},
};

/* AF_NETLINK: glibc asks which addresses this host has. */
static const struct condition sockets[] = {
    {SCMP_SYS(socket), 0, 0xffffffff, AF_INET},
    {SCMP_SYS(socket), 0, 0xffffffff, AF_INET6},
    {SCMP_SYS(socket), 0, 0xffffffff, AF_NETLINK},
};
static const int connecting[] = {
    SCMP_SYS(connect), SCMP_SYS(socketpair), SCMP_SYS(sendmmsg),
};

static const struct condition bpf_maps[] = {
    {SCMP_SYS(bpf), 0, 0xffffffff, BPF_MAP_LOOKUP_ELEM},
    {SCMP_SYS(bpf), 0, 0xffffffff, BPF_OBJ_GET_INFO_BY_FD},
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static int add_calls(
    scmp_filter_ctx filter, uint32_t action, const int *calls, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = seccomp_rule_add(filter, action, calls[i], 0);
	return r;
}

static int add_conditions(
    scmp_filter_ctx filter, const struct condition *c, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, c[i].call, 1,
		    SCMP_CMP(c[i].argument, SCMP_CMP_MASKED_EQ, c[i].mask,
			c[i].value));
	return r;
}

/* raise() and abort(): signals to oneself. */
static int add_own_signals(scmp_filter_ctx filter)
{
	const scmp_datum_t pid = (scmp_datum_t)getpid();
	const struct condition own[] = {
	    {SCMP_SYS(tgkill), 0, 0xffffffff, pid},
	    {SCMP_SYS(kill), 0, 0xffffffff, pid},
	};

	return add_conditions(filter, own, COUNT(own));
}

/* With it bind() merely fails: libc goes on without the kernel's answer. */
static int add_network(scmp_filter_ctx filter, bool wanted)
{
	int r;

	if (!wanted)
		return add_calls(
		    filter, SCMP_ACT_KILL_PROCESS, outward, COUNT(outward));
	r = add_conditions(filter, sockets, COUNT(sockets));
	return r ? r
		 : add_calls(
		       filter, SCMP_ACT_ALLOW, connecting, COUNT(connecting));
}

static int build(scmp_filter_ctx filter, unsigned needs)
{
	bool bpf = needs & SANDBOX_BPF_MAPS;
	const int bpf_call = SCMP_SYS(bpf);
	int r = seccomp_attr_set(
	    filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (r == 0)
		r = add_calls(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed));
	if (r == 0)
		r = add_calls(
		    filter, SCMP_ACT_KILL_PROCESS, deadly, COUNT(deadly));
	if (r == 0)
		r = add_calls(
		    filter, SCMP_ACT_ERRNO(ENOSYS), absent, COUNT(absent));
	if (r == 0)
		r = add_conditions(filter, when, COUNT(when));
	if (r == 0)
		r = add_own_signals(filter);
	if (r == 0)
		r = add_network(filter, needs & SANDBOX_CONNECT);
	if (r == 0 && bpf)
		r = add_conditions(filter, bpf_maps, COUNT(bpf_maps));
	if (r == 0 && !bpf)
		r = add_calls(filter, SCMP_ACT_KILL_PROCESS, &bpf_call, 1);
	return r;
}

int sandbox_restrict_calls(const struct sandbox *s, struct err *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (!filter)
		return err_set(err, -ENOMEM, "no memory for a seccomp filter");
	r = build(filter, s->needs);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	if (r)
		return err_sys(err, r, "cannot load the seccomp filter");
	return 0;
}
