/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for load.c where clang, bpftool or libbpf were missing. */
#include "sources/pty/load.h"

#include <errno.h>

int pty_load(
    struct tap_opened *ret, const struct pty_wants *wants, struct err *err)
{
	return err_set(err, -ENOENT,
	    "this sshtrail was built without its bpf programs: build it where "
	    "clang, bpftool and libbpf are installed");
}

void pty_count_missed(const struct tap_opened *opened)
{
}

int pty_attach(int program)
{
	return -EOPNOTSUPP;
}
