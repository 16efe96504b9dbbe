/* SPDX-License-Identifier: Apache-2.0 */
/* What system calls do, by name. */
#ifndef SOURCES_AUDIT_SYSCALLS_H
#define SOURCES_AUDIT_SYSCALLS_H

#include "sources/audit/names.h"

/* Fill *ret for a call of this name (kept by reference; empty: unknown). */
void syscall_describe(struct str name, struct sys_call *ret);

#endif
