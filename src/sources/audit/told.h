/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that come by two ways, the kernel's group of listeners and auditd's
 * plugin: each is taken once, from the way that has it first. Neither way
 * decides where the other one begins or ends.
 */
#ifndef SOURCES_AUDIT_TOLD_H
#define SOURCES_AUDIT_TOLD_H

#include "base/map.h"
#include "base/str.h"

/*
 * So many records one way may be behind the other: more than the plugin keeps
 * (queue.h) and auditd's own queue hold. Twice as many are remembered, in
 * about 6 MB.
 */
#define TOLD_N	 65536
/* As long as nobody comes by the other way: some 400 KB. */
#define TOLD_FEW 4096

enum told_way { TOLD_NEW, TOLD_GROUP, TOLD_PLUGIN };

struct told {
	size_t most;		/* TOLD_N or TOLD_FEW; may change at any time */
	struct map now, before; /* hash of a record: who told it */
};

/* The same record is the same line, without its newline. -ENOMEM. */
int told_add(
    struct told *t, struct str line, enum told_way way, enum told_way *ret);
void told_free(struct told *t);

#endif
