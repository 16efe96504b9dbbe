/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and numbers of audit: record types and the part each plays in an
 * event, system calls by architecture. Numbers come from libaudit's tables,
 * with what is newer than those.
 */
#ifndef SOURCES_AUDIT_NAMES_H
#define SOURCES_AUDIT_NAMES_H

#include "base/err.h"
#include "base/str.h"

/* What a record is within its event. */
enum audit_role {
	ROLE_OTHER, /* kernel record that no other role fits: kept as text */
	ROLE_QUIET, /* adds nothing to an event that has a system call */
	ROLE_EOE,
	ROLE_SYSCALL,
	ROLE_EXECVE,
	ROLE_CWD,
	ROLE_PATH,
	ROLE_PROCTITLE,
	ROLE_SOCKADDR,
	ROLE_OPENAT2,
	/* From here on a record makes an event of its own kind. */
	ROLE_URINGOP,
	ROLE_TIME,
	ROLE_LOGIN,
	ROLE_TTY,
	ROLE_ABEND,
	ROLE_CONFIG,
	ROLE_AGENT_START,
	ROLE_AGENT_STOP,
	ROLE_AGENT_ERROR,
	ROLE_BOOT,
	ROLE_USER_OPEN,	 /* USER_START */
	ROLE_USER_CLOSE, /* USER_END, USER_LOGOUT */
	ROLE_USER_LOGIN,
	ROLE_USER_AUTH,
	ROLE_USER_CHECK, /* USER_ACCT, CRED_*: told when they failed */
	ROLE_USER_CMD,
	ROLE_USER_TTY,
	ROLE_ACCOUNT,
	ROLE_CRYPTO_KEY,
	ROLE_CRYPTO_SESSION,
	ROLE_USER_OTHER, /* any other record sent by a program */
	ROLE_N
};

/* What a system call does, for events. */
enum sys_class {
	SYS_OTHER,
	SYS_EXEC,
	SYS_OPEN,
	SYS_FILE,
	SYS_SOCKET,
	SYS_EXIT,
	SYS_SETUID,
	SYS_CLOCK,
};

struct sys_call {
	struct str name; /* the number as text when there is no name */
	bool described;	 /* the rest is filled in */
	uint8_t cls;	 /* enum sys_class */
	const char *op;	 /* SYS_FILE, SYS_SOCKET: what is done */
	/* Arguments, -1 none: of the mode, and of the directories of path
	 * and path2 for the *at family. */
	int8_t mode_arg, dir_arg, dir2_arg;
	int8_t flag_arg; /* SYS_OPEN: flags; -1: always for writing */
};

struct names;

int names_new(struct names **ret);
void names_free(struct names *n);

/*
 * Number of a record type by its name; "UNKNOWN[n]" and a bare number work
 * too. 0: not known.
 */
unsigned names_type(const struct names *n, struct str name);
/*
 * The name of a type, for one that the kernel wrote as a bare number in its own
 * log; as it was written when that is no number or there is no name.
 */
struct str names_type_name(struct str written, unsigned type);
enum audit_role names_role(const struct names *n, unsigned type);
/* Records sent by programs (a daemon vouches), not made by the kernel. */
bool names_from_user(unsigned type);
/* Complete without other records of the same event. */
bool names_single(unsigned type);

/* "x86_64" for 0xc000003e; empty when not known. */
struct str names_arch(uint64_t arch);
/*
 * What is known of a system call by number; `name` is empty when nothing is.
 * x32 numbers (bit 30) are those of x86_64.
 */
const struct sys_call *names_syscall(
    struct names *n, uint64_t arch, uint64_t nr);

#endif
