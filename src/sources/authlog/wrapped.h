/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Audit records in text logs: what auditd's plug-in for syslog passes on, what
 * rsyslog reads from audit.log, and what the kernel prints when no auditd
 * takes them ("audit: type=1400 audit(...)", the type as a number).
 */
#ifndef SOURCES_AUTHLOG_WRAPPED_H
#define SOURCES_AUTHLOG_WRAPPED_H

#include "sources/authlog/log_line.h"

/*
 * 1 when the line holds an audit record, or the kernel's word on lost ones:
 * *ret is that as it would stand in an audit log, in `a`. 0: it does not, or
 * it is of a program whose messages are read as such. -ENOMEM.
 */
int wrapped_record(const struct log_line *l, struct arena *a, struct str *ret);

#endif
