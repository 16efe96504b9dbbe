/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking and telling the kernel how audit stands (linux/audit.h, struct
 * audit_status). Both need CAP_AUDIT_CONTROL in the host's first user
 * namespace.
 */
#ifndef SOURCES_AUDIT_CONTROL_H
#define SOURCES_AUDIT_CONTROL_H

#include <linux/audit.h>

#include "base/err.h"

/*
 * 0, with what an older kernel does not tell left 0. -EPROTONOSUPPORT: a
 * kernel without audit; -ECONNREFUSED: within a container.
 */
int control_status(struct audit_status *ret, struct err *err);

/* Set what set->mask names (AUDIT_STATUS_*). */
int control_set(const struct audit_status *set, struct err *err);

/*
 * Become the one reader of records (not beside another one): this process,
 * records then come to `fd`, a netlink socket bound to no group.
 */
int control_register(int fd, struct err *err);

#endif
