/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for load.c where clang, bpftool or libbpf were missing. */
#include "sources/bpf/load.h"

#include <errno.h>

int bpf_load(struct tap_opened *ret, struct err *err)
{
	return err_set(err, -EOPNOTSUPP,
	    "this sshtrail was built without its bpf programs: build it where "
	    "clang, bpftool and libbpf are installed");
}

int bpf_watch(const struct tap_opened *opened, struct str list)
{
	return -EOPNOTSUPP;
}

void bpf_count_missed(const struct tap_opened *opened)
{
}
