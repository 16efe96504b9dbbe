/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's counter of lost audit records (audit_status.lost) in memory that
 * both halves of the tap share: it takes privileges to ask for it.
 */
#ifndef SOURCES_AUDIT_LOSSES_H
#define SOURCES_AUDIT_LOSSES_H

#include <linux/audit.h>
#include <stdint.h>

struct losses {
	int64_t since; /* of what is counted here: time_now() */
	uint64_t lost; /* since then; written by the monitor */
	uint64_t told; /* of them by a collector; written by it */
	/* Of what the socket had no room for: settled by it, lost or not. */
	uint64_t settled;
	uint32_t kernel; /* its counter when it was asked last */
	uint32_t unused;
};

/* Monitor. Memory that begins with what the kernel has counted by now. */
int losses_new(const struct audit_status *now, int *ret);
/* Monitor: ask again. Its counter wraps, and can be reset by root. */
void losses_refresh(int fd);

/* Collector. NULL with errno: there is no such memory behind fd. */
struct losses *losses_map(int fd);
void losses_unmap(struct losses *l);

/* As the counter goes on: how many more they are. */
uint32_t losses_between(uint32_t before, uint32_t now);

#endif
