/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/own_rules.h"

#define CALLS(why, calls, key, both)                                           \
	{                                                                      \
		why, calls, NULL, key, -1, 0, both                             \
	}
#define CALL_WITH(why, call, arg, value, key, both)                            \
	{                                                                      \
		why, call, NULL, key, arg, value, both                         \
	}
#define CHANGES(why, path, key)                                                \
	{                                                                      \
		why, NULL, path, key, -1, 0, true                              \
	}

const struct own_rule own_rules[] = {
    CALLS("Every program that is run in a login session", "execve,execveat",
	"exec", true),
    /* Whatever comes of them: most programs do not wait (EINPROGRESS). */
    CALL_WITH("Connections over IPv4 and IPv6 (by the size of the address)",
	"connect", 2, 16, "net", false),
    CALL_WITH(NULL, "connect", 2, 28, "net", false),
    CALL_WITH("Reaching into another process: attach, seize", "ptrace", 0, 0x10,
	"trace", true),
    CALL_WITH(NULL, "ptrace", 0, 0x4206, "trace", true),
    CALLS("Kernel modules", "init_module,finit_module,delete_module", "module",
	true),
    CALLS("The clock", "settimeofday,clock_settime", "time", true),
    CALLS("A way to work on files and sockets that shows no calls",
	"io_uring_setup", "uring", true),
    CHANGES("Who may log in and how, and what watches them", "/etc/passwd",
	"identity"),
    CHANGES(NULL, "/etc/shadow", "identity"),
    CHANGES(NULL, "/etc/group", "identity"),
    CHANGES(NULL, "/etc/gshadow", "identity"),
    CHANGES(NULL, "/etc/sudoers", "identity"),
    CHANGES(NULL, "/etc/sudoers.d/", "identity"),
    CHANGES(NULL, "/etc/ssh/", "sshd"),
    CHANGES(NULL, "/etc/pam.d/", "sshd"),
    CHANGES(NULL, "/root/.ssh/", "sshd"),
    CHANGES(NULL, "/etc/audit/", "audit"),
    CHANGES(NULL, "/etc/sshtrail/", "audit"),
};

const size_t own_rules_count = sizeof own_rules / sizeof *own_rules;
