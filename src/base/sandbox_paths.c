/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock by its system calls: there is no library for it. The kernel's
 * headers that something is built with may be older than the kernel it runs on,
 * so what newer ABIs added is named here (Documentation/userspace-api/landlock
 * tells which kernel brought what).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sandbox_inside.h"

#define BIT(n) (UINT64_C(1) << (n))

#define FS_REFER       BIT(13) /* ABI 2: rename into another directory */
#define FS_TRUNCATE    BIT(14) /* ABI 3 */
#define NET_CONNECT    BIT(1)
#define NET_TCP	       (BIT(0) | NET_CONNECT) /* bind and connect */
#define SCOPE_ABSTRACT BIT(0)		      /* abstract UNIX sockets */
#define SCOPE_SIGNAL   BIT(1)

#define READ_FILES  LANDLOCK_ACCESS_FS_READ_FILE
#define READ_DIRS   (READ_FILES | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILES (READ_FILES | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define WRITE_DIRS                                                             \
	(READ_DIRS | WRITE_FILES | LANDLOCK_ACCESS_FS_REMOVE_DIR |             \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |     \
	    LANDLOCK_ACCESS_FS_MAKE_REG | FS_REFER)

/* struct landlock_ruleset_attr as of ABI 6. */
struct ruleset {
	uint64_t fs;
	uint64_t net;
	uint64_t scoped;
};

/* What each ABI knows; all of it is forbidden but for the paths. */
static const struct {
	unsigned fs_bits; /* BIT(0) to BIT(fs_bits - 1) */
	uint64_t net, scoped;
	size_t size; /* of struct ruleset in that kernel */
} abis[] = {
    {13, 0, 0, 8},
    {14, 0, 0, 8},
    {15, 0, 0, 8},
    {15, NET_TCP, 0, 16},
    {16, NET_TCP, 0, 16},
    {16, NET_TCP, SCOPE_ABSTRACT | SCOPE_SIGNAL, 24},
};
#define ABI_MAX (int)(sizeof abis / sizeof abis[0])

static int add_path(
    int ruleset, uint64_t known, const struct sandbox_path *p, struct err *err)
{
	CLEANUP_FD int fd = open(p->path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = {.parent_fd = fd};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, -errno,
		    "user %u cannot reach %s, which it is to %s",
		    (unsigned)geteuid(), p->path, p->write ? "write" : "read");
	if (S_ISDIR(st.st_mode))
		rule.allowed_access = p->write ? WRITE_DIRS : READ_DIRS;
	else
		rule.allowed_access = p->write ? WRITE_FILES : READ_FILES;
	rule.allowed_access &= known;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) < 0)
		return err_sys(
		    err, -errno, "Landlock does not take %s", p->path);
	return 0;
}

static int apply(const struct sandbox *s, int abi, struct err *err)
{
	const uint64_t free = s->needs & SANDBOX_CONNECT ? NET_CONNECT : 0;
	const struct ruleset attr = {BIT(abis[abi - 1].fs_bits) - 1,
	    abis[abi - 1].net & ~free, abis[abi - 1].scoped};
	CLEANUP_FD int fd = (int)syscall(
	    SYS_landlock_create_ruleset, &attr, abis[abi - 1].size, 0);

	if (fd < 0)
		return err_sys(err, -errno, "Landlock takes no rules");
	for (size_t i = 0; i < s->n_paths; i++) {
		int r = add_path(fd, attr.fs, &s->paths[i], err);

		if (r)
			return r;
	}
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return err_sys(err, -errno, "Landlock does not begin");
	return 0;
}

int sandbox_restrict_paths(
    const struct sandbox *s, struct sandbox_state *ret, struct err *err)
{
	int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	/* ENOSYS: not built in; EOPNOTSUPP: not in the kernel's lsm=. */
	if (abi < 1) {
		snprintf(ret->note, sizeof ret->note,
		    "files are not confined: no Landlock in this kernel, or "
		    "not in its lsm= (%s)",
		    strerror(errno));
		return 0;
	}
	ret->landlock_abi = abi;
	return apply(s, abi < ABI_MAX ? abi : ABI_MAX, err);
}
