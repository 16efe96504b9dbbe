/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/syscalls.h"

#define CALL(name, cls, op, mode, dir, dir2)                                   \
	{                                                                      \
		name, SYS_##cls, op, mode, dir, dir2, -1                       \
	}
#define OPEN(name, dir, flags)                                                 \
	{                                                                      \
		name, SYS_OPEN, "open", -1, dir, -1, flags                     \
	}

struct call {
	const char *name;
	uint8_t cls;
	const char *op;
	int8_t mode_arg, dir_arg, dir2_arg, flag_arg;
};

static const struct call calls[] = {
    CALL("execve", EXEC, NULL, -1, -1, -1),
    CALL("execveat", EXEC, NULL, -1, 0, -1),
    OPEN("open", -1, 1),
    OPEN("openat", 0, 2),
    OPEN("openat2", 0, -1),
    OPEN("creat", -1, -1),
    OPEN("open_by_handle_at", 0, 2),
    CALL("unlink", FILE, "delete", -1, -1, -1),
    CALL("unlinkat", FILE, "delete", -1, 0, -1),
    CALL("rmdir", FILE, "rmdir", -1, -1, -1),
    CALL("rename", FILE, "rename", -1, -1, -1),
    CALL("renameat", FILE, "rename", -1, 0, 2),
    CALL("renameat2", FILE, "rename", -1, 0, 2),
    CALL("mkdir", FILE, "mkdir", 1, -1, -1),
    CALL("mkdirat", FILE, "mkdir", 2, 0, -1),
    CALL("link", FILE, "link", -1, -1, -1),
    CALL("linkat", FILE, "link", -1, 2, 0),
    CALL("symlink", FILE, "symlink", -1, -1, -1),
    CALL("symlinkat", FILE, "symlink", -1, 1, -1),
    CALL("chmod", FILE, "chmod", 1, -1, -1),
    CALL("fchmod", FILE, "chmod", 1, -1, -1),
    CALL("fchmodat", FILE, "chmod", 2, 0, -1),
    CALL("fchmodat2", FILE, "chmod", 2, 0, -1),
    CALL("chown", FILE, "chown", -1, -1, -1),
    CALL("lchown", FILE, "chown", -1, -1, -1),
    CALL("fchown", FILE, "chown", -1, -1, -1),
    CALL("fchownat", FILE, "chown", -1, 0, -1),
    CALL("chown32", FILE, "chown", -1, -1, -1),
    CALL("lchown32", FILE, "chown", -1, -1, -1),
    CALL("fchown32", FILE, "chown", -1, -1, -1),
    CALL("truncate", FILE, "truncate", -1, -1, -1),
    CALL("ftruncate", FILE, "truncate", -1, -1, -1),
    CALL("truncate64", FILE, "truncate", -1, -1, -1),
    CALL("ftruncate64", FILE, "truncate", -1, -1, -1),
    CALL("fallocate", FILE, "truncate", -1, -1, -1),
    CALL("mknod", FILE, "mknod", 1, -1, -1),
    CALL("mknodat", FILE, "mknod", 2, 0, -1),
    CALL("mount", FILE, "mount", -1, -1, -1),
    CALL("umount", FILE, "umount", -1, -1, -1),
    CALL("umount2", FILE, "umount", -1, -1, -1),
    CALL("move_mount", FILE, "mount", -1, 0, 2),
    CALL("pivot_root", FILE, "pivot_root", -1, -1, -1),
    CALL("setxattr", FILE, "setxattr", -1, -1, -1),
    CALL("lsetxattr", FILE, "setxattr", -1, -1, -1),
    CALL("fsetxattr", FILE, "setxattr", -1, -1, -1),
    CALL("removexattr", FILE, "removexattr", -1, -1, -1),
    CALL("lremovexattr", FILE, "removexattr", -1, -1, -1),
    CALL("fremovexattr", FILE, "removexattr", -1, -1, -1),
    CALL("utime", FILE, "utime", -1, -1, -1),
    CALL("utimes", FILE, "utime", -1, -1, -1),
    CALL("futimesat", FILE, "utime", -1, 0, -1),
    CALL("utimensat", FILE, "utime", -1, 0, -1),
    CALL("utimensat_time64", FILE, "utime", -1, 0, -1),
    CALL("connect", SOCKET, "connect", -1, -1, -1),
    CALL("sendto", SOCKET, "sendto", -1, -1, -1),
    CALL("sendmsg", SOCKET, "sendmsg", -1, -1, -1),
    CALL("sendmmsg", SOCKET, "sendmmsg", -1, -1, -1),
    CALL("bind", SOCKET, "bind", -1, -1, -1),
    CALL("listen", SOCKET, "listen", -1, -1, -1),
    CALL("accept", SOCKET, "accept", -1, -1, -1),
    CALL("accept4", SOCKET, "accept", -1, -1, -1),
    CALL("exit", EXIT, NULL, -1, -1, -1),
    CALL("exit_group", EXIT, NULL, -1, -1, -1),
    CALL("setuid", SETUID, NULL, -1, -1, -1),
    CALL("setreuid", SETUID, NULL, -1, -1, -1),
    CALL("setresuid", SETUID, NULL, -1, -1, -1),
    CALL("setfsuid", SETUID, NULL, -1, -1, -1),
    CALL("setgid", SETUID, NULL, -1, -1, -1),
    CALL("setregid", SETUID, NULL, -1, -1, -1),
    CALL("setresgid", SETUID, NULL, -1, -1, -1),
    CALL("setfsgid", SETUID, NULL, -1, -1, -1),
    CALL("setuid32", SETUID, NULL, -1, -1, -1),
    CALL("setreuid32", SETUID, NULL, -1, -1, -1),
    CALL("setresuid32", SETUID, NULL, -1, -1, -1),
    CALL("setfsuid32", SETUID, NULL, -1, -1, -1),
    CALL("setgid32", SETUID, NULL, -1, -1, -1),
    CALL("setregid32", SETUID, NULL, -1, -1, -1),
    CALL("setresgid32", SETUID, NULL, -1, -1, -1),
    CALL("setfsgid32", SETUID, NULL, -1, -1, -1),
    CALL("settimeofday", CLOCK, NULL, -1, -1, -1),
    CALL("clock_settime", CLOCK, NULL, -1, -1, -1),
    CALL("clock_settime64", CLOCK, NULL, -1, -1, -1),
    CALL("stime", CLOCK, NULL, -1, -1, -1),
};

void syscall_describe(struct str name, struct sys_call *ret)
{
	*ret = (struct sys_call){name, false, SYS_OTHER, NULL, -1, -1, -1, -1};
	for (size_t i = 0; name.n && i < sizeof calls / sizeof calls[0]; i++) {
		const struct call *c = &calls[i];

		if (str_eqz(name, c->name))
			*ret = (struct sys_call){name, false, c->cls, c->op,
			    c->mode_arg, c->dir_arg, c->dir2_arg, c->flag_arg};
	}
}
