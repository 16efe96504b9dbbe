/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/names.h"

#include <errno.h>
#include <libaudit.h>
#include <stdlib.h>

#include "sources/audit/syscalls.h"

#define TYPE_MIN 1000
#define TYPE_END 3000
#define N_SLOTS	 2048 /* a power of two, well above the number of types */
#define N_CALLS	 548
#define N_ARCHES 6
#define X32_BIT	 ((uint64_t)1 << 30)
/* From here on x32 has calls of its own. */
#define X32_OWN	 512

struct type_slot {
	struct str name;
	unsigned type;
};

struct names {
	struct type_slot types[N_SLOTS];
	uint8_t roles[TYPE_END];
	struct sys_call calls[N_ARCHES][N_CALLS];
};

struct role_range {
	unsigned first, last;
	enum audit_role role;
};

/* Later lines win. */
static const struct role_range role_ranges[] = {
    {AUDIT_FIRST_USER_MSG, AUDIT_LAST_USER_MSG, ROLE_USER_OTHER},
    {AUDIT_FIRST_DAEMON, AUDIT_LAST_DAEMON, ROLE_USER_OTHER},
    {2001, TYPE_END - 1, ROLE_USER_OTHER},
    {AUDIT_USER, AUDIT_USER, ROLE_USER_OTHER},
    {AUDIT_LOGIN, AUDIT_LOGIN, ROLE_LOGIN},
    {AUDIT_USER_AUTH, AUDIT_USER_AUTH, ROLE_USER_AUTH},
    {AUDIT_USER_ERR, AUDIT_USER_ERR, ROLE_USER_AUTH},
    {AUDIT_USER_ACCT, AUDIT_USER_ACCT, ROLE_USER_CHECK},
    {AUDIT_CRED_ACQ, AUDIT_CRED_DISP, ROLE_USER_CHECK},
    {AUDIT_CRED_REFR, AUDIT_CRED_REFR, ROLE_USER_CHECK},
    {AUDIT_USER_START, AUDIT_USER_START, ROLE_USER_OPEN},
    {AUDIT_USER_END, AUDIT_USER_END, ROLE_USER_CLOSE},
    {AUDIT_USER_LOGIN, AUDIT_USER_LOGIN, ROLE_USER_LOGIN},
    {AUDIT_USER_LOGOUT, AUDIT_USER_LOGOUT, ROLE_USER_CLOSE},
    {AUDIT_USER_CMD, AUDIT_USER_CMD, ROLE_USER_CMD},
    {AUDIT_USER_TTY, AUDIT_USER_TTY, ROLE_USER_TTY},
    {AUDIT_USER_MGMT, AUDIT_USER_MGMT, ROLE_ACCOUNT},
    {AUDIT_USER_CHAUTHTOK, AUDIT_USER_CHAUTHTOK, ROLE_ACCOUNT},
    {AUDIT_ADD_USER, AUDIT_DEL_GROUP, ROLE_ACCOUNT},
    {AUDIT_CHGRP_ID, AUDIT_CHGRP_ID, ROLE_ACCOUNT},
    {AUDIT_CHUSER_ID, AUDIT_CHUSER_ID, ROLE_ACCOUNT},
    {AUDIT_GRP_MGMT, AUDIT_GRP_CHAUTHTOK, ROLE_ACCOUNT},
    {AUDIT_ACCT_LOCK, AUDIT_ACCT_UNLOCK, ROLE_ACCOUNT},
    {AUDIT_ROLE_ASSIGN, AUDIT_ROLE_REMOVE, ROLE_ACCOUNT},
    {AUDIT_ROLE_MODIFY, AUDIT_ROLE_MODIFY, ROLE_ACCOUNT},
    {AUDIT_CRYPTO_KEY_USER, AUDIT_CRYPTO_KEY_USER, ROLE_CRYPTO_KEY},
    {AUDIT_CRYPTO_SESSION, AUDIT_CRYPTO_SESSION, ROLE_CRYPTO_SESSION},
    {AUDIT_SYSTEM_BOOT, AUDIT_SYSTEM_SHUTDOWN, ROLE_BOOT},
    {AUDIT_KERNEL, AUDIT_KERNEL, ROLE_BOOT},
    {AUDIT_USYS_CONFIG, AUDIT_USYS_CONFIG, ROLE_CONFIG},
    {AUDIT_USER_MAC_POLICY_LOAD, AUDIT_USER_MAC_POLICY_LOAD, ROLE_CONFIG},
    {AUDIT_USER_MAC_CONFIG_CHANGE, AUDIT_USER_MAC_STATUS, ROLE_CONFIG},
    {AUDIT_DAEMON_START, AUDIT_DAEMON_START, ROLE_AGENT_START},
    {AUDIT_DAEMON_END, AUDIT_DAEMON_ABORT, ROLE_AGENT_STOP},
    {AUDIT_DAEMON_CONFIG, AUDIT_DAEMON_RECONFIG, ROLE_CONFIG},
    {AUDIT_DAEMON_ERR, AUDIT_DAEMON_ERR, ROLE_AGENT_ERROR},
    {AUDIT_SYSCALL, AUDIT_SYSCALL, ROLE_SYSCALL},
    {AUDIT_PATH, AUDIT_PATH, ROLE_PATH},
    {AUDIT_CONFIG_CHANGE, AUDIT_CONFIG_CHANGE, ROLE_CONFIG},
    {AUDIT_SOCKADDR, AUDIT_SOCKADDR, ROLE_SOCKADDR},
    {AUDIT_CWD, AUDIT_CWD, ROLE_CWD},
    {AUDIT_EXECVE, AUDIT_EXECVE, ROLE_EXECVE},
    {AUDIT_TTY, AUDIT_TTY, ROLE_TTY},
    {AUDIT_EOE, AUDIT_EOE, ROLE_EOE},
    {AUDIT_BPRM_FCAPS, AUDIT_BPRM_FCAPS, ROLE_QUIET},
    {AUDIT_FD_PAIR, AUDIT_FD_PAIR, ROLE_QUIET},
    {AUDIT_MMAP, AUDIT_MMAP, ROLE_QUIET},
    {AUDIT_NETFILTER_CFG, AUDIT_NETFILTER_CFG, ROLE_CONFIG},
    {AUDIT_PROCTITLE, AUDIT_PROCTITLE, ROLE_PROCTITLE},
    {AUDIT_FEATURE_CHANGE, AUDIT_FEATURE_CHANGE, ROLE_CONFIG},
    {AUDIT_TIME_INJOFFSET, AUDIT_TIME_INJOFFSET, ROLE_TIME},
    {AUDIT_URINGOP, AUDIT_URINGOP, ROLE_URINGOP},
    {AUDIT_OPENAT2, AUDIT_OPENAT2, ROLE_OPENAT2},
    {AUDIT_MAC_POLICY_LOAD, AUDIT_MAC_CALIPSO_DEL, ROLE_CONFIG},
    {AUDIT_ANOM_ABEND, AUDIT_ANOM_ABEND, ROLE_ABEND},
};

struct type_name {
	const char *name;
	unsigned type;
};

/* Types that the libaudit of Debian 12 does not know. */
static const struct type_name newer_types[] = {
    {"DM_CTRL", 1338},
    {"DM_EVENT", 1339},
    {"IPE_ACCESS", 1420},
    {"IPE_CONFIG_CHANGE", 1421},
    {"IPE_POLICY_LOAD", 1422},
    {"LANDLOCK_ACCESS", 1423},
    {"LANDLOCK_DOMAIN", 1424},
    {"MAC_TASK_CONTEXTS", 1425},
    {"MAC_OBJ_CONTEXTS", 1426},
};

struct arch {
	uint64_t number;
	int machine;
	const char *name;
};

static const struct arch arches[N_ARCHES] = {
    {0xc000003e, MACH_86_64, "x86_64"},
    {0x40000003, MACH_X86, "i386"},
    {0xc00000b7, MACH_AARCH64, "aarch64"},
    {0x40000028, MACH_ARM, "arm"},
    {0xc0000015, MACH_PPC64LE, "ppc64le"},
    {0x80000016, MACH_S390X, "s390x"},
};

/*
 * libaudit has no names for them: arch/x86/entry/syscalls/syscall_64.tbl. With
 * or without bit 30 a kernel takes them for calls of x32.
 */
static const char *const x32_calls[N_CALLS - X32_OWN] = {"rt_sigaction",
    "rt_sigreturn", "ioctl", "readv", "writev", "recvfrom", "sendmsg",
    "recvmsg", "execve", "ptrace", "rt_sigpending", "rt_sigtimedwait",
    "rt_sigqueueinfo", "sigaltstack", "timer_create", "mq_notify", "kexec_load",
    "waitid", "set_robust_list", "get_robust_list", "vmsplice", "move_pages",
    "preadv", "pwritev", "rt_tgsigqueueinfo", "recvmmsg", "sendmmsg",
    "process_vm_readv", "process_vm_writev", "setsockopt", "getsockopt",
    "io_setup", "io_submit", "execveat", "preadv2", "pwritev2"};

/* Names of types differ in their first or last eight bytes. */
static inline uint64_t type_hash(struct str name)
{
	uint64_t first = 0, last = 0;

	if (name.n >= 8) {
		memcpy(&first, name.p, 8);
		memcpy(&last, name.p + name.n - 8, 8);
	} else if (name.n >= 4) {
		memcpy(&first, name.p, 4);
		memcpy(&last, name.p + name.n - 4, 4);
	} else {
		for (size_t i = 0; i < name.n; i++)
			first = first << 8 | (uint8_t)name.p[i];
	}
	first = (first ^ name.n) * 0x9e3779b97f4a7c15u;
	return (first ^ first >> 29 ^ last) * 0xbf58476d1ce4e5b9u >> 32;
}

static void type_put(struct names *n, struct str name, unsigned type)
{
	size_t at = type_hash(name);

	for (;; at++) {
		struct type_slot *s = &n->types[at & (N_SLOTS - 1)];

		if (str_eq(s->name, name))
			return;
		if (!s->name.p) {
			*s = (struct type_slot){name, type};
			return;
		}
	}
}

static void roles_fill(struct names *n)
{
	size_t n_ranges = sizeof role_ranges / sizeof role_ranges[0];

	for (size_t i = 0; i < n_ranges; i++)
		for (unsigned t = role_ranges[i].first;
		     t <= role_ranges[i].last; t++)
			n->roles[t] = (uint8_t)role_ranges[i].role;
}

static void types_fill(struct names *n)
{
	for (int t = TYPE_MIN; t < TYPE_END; t++) {
		const char *name = audit_msg_type_to_name(t);

		if (name)
			type_put(n, str_z(name), (unsigned)t);
	}
	for (size_t i = 0; i < sizeof newer_types / sizeof newer_types[0]; i++)
		type_put(n, str_z(newer_types[i].name), newer_types[i].type);
}

int names_new(struct names **ret)
{
	struct names *n = calloc(1, sizeof *n);

	if (!n)
		return -ENOMEM;
	types_fill(n);
	roles_fill(n);
	*ret = n;
	return 0;
}

void names_free(struct names *n)
{
	free(n);
}

static unsigned type_number(struct str s)
{
	uint64_t v;

	if (str_skip(&s, STR("UNKNOWN[")))
		str_chop(&s, STR("]"));
	if (!str_u64(s, &v) || v < TYPE_MIN || v >= TYPE_END)
		return 0;
	return (unsigned)v;
}

unsigned names_type(const struct names *n, struct str name)
{
	size_t at = type_hash(name);

	for (;; at++) {
		const struct type_slot *s = &n->types[at & (N_SLOTS - 1)];

		if (!s->name.p)
			return type_number(name);
		if (str_eq(s->name, name))
			return s->type;
	}
}

struct str names_type_name(struct str written, unsigned type)
{
	const char *name;

	if (!written.n || written.p[0] < '0' || written.p[0] > '9')
		return written;
	for (size_t i = 0; i < sizeof newer_types / sizeof newer_types[0]; i++)
		if (newer_types[i].type == type)
			return str_z(newer_types[i].name);
	name = audit_msg_type_to_name((int)type);
	return name ? str_z(name) : written;
}

enum audit_role names_role(const struct names *n, unsigned type)
{
	return type < TYPE_END ? (enum audit_role)n->roles[type] : ROLE_OTHER;
}

bool names_from_user(unsigned type)
{
	return type == AUDIT_USER ||
	       (type >= AUDIT_FIRST_USER_MSG && type <= AUDIT_LAST_DAEMON) ||
	       type > AUDIT_KERNEL;
}

bool names_single(unsigned type)
{
	return names_from_user(type) || type == AUDIT_KERNEL;
}

struct str names_arch(uint64_t arch)
{
	for (size_t i = 0; i < N_ARCHES; i++)
		if (arches[i].number == arch)
			return str_z(arches[i].name);
	return STR_NONE;
}

static struct str call_name(size_t arch, uint64_t nr)
{
	if (nr < X32_OWN)
		return str_z(
		    audit_syscall_to_name((int)nr, arches[arch].machine));
	return arch == 0 ? str_z(x32_calls[nr - X32_OWN]) : STR_NONE;
}

const struct sys_call *names_syscall(
    struct names *n, uint64_t arch, uint64_t nr)
{
	struct sys_call *call;
	size_t i = 0;

	if (arch == arches[0].number)
		nr &= ~X32_BIT;
	while (i < N_ARCHES && arches[i].number != arch)
		i++;
	if (i == N_ARCHES || nr >= N_CALLS)
		return NULL;
	call = &n->calls[i][nr];
	/* Few of all calls are ever met. */
	if (!call->described) {
		syscall_describe(call_name(i, nr), call);
		call->described = true;
	}
	return call;
}
