/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of ours for the kernel's audit, in the language of auditctl(8). */
#ifndef CLI_SETUP_AUDIT_RULES_H
#define CLI_SETUP_AUDIT_RULES_H

#include "base/buf.h"

#define AUDIT_RULES_DIR	 "/etc/audit/rules.d"
/* augenrules sorts by name: it comes last, so that what others set of rules
 * keeps their keys, and of backlog_wait_time ours counts. */
#define AUDIT_RULES_NAME "zz-sshtrail.rules"
#define AUDIT_BACKLOG	 16384

/*
 * The whole file. `has_dir` tells whether a directory of the host is there:
 * audit refuses a rule about one that is not. `backlog` is what other files
 * ask for with -b, 0 for none.
 */
void audit_rules_write(struct buf *b, bool (*has_dir)(void *ctx, const char *),
    void *ctx, uint64_t backlog);

/* How many rules a file of rules adds. */
size_t audit_rules_count(struct str text);

/* The greatest -b of a file of rules; 0: it has none. */
uint64_t audit_rules_backlog(struct str text);

#endif
