/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that the kernel's audit works by now, as struct audit_rule_data of
 * linux/audit.h. Needs CAP_AUDIT_CONTROL, as control.h.
 */
#ifndef SOURCES_AUDIT_RULES_H
#define SOURCES_AUDIT_RULES_H

#include "base/buf.h"
#include "base/err.h"

/* What of a rule matters here. */
struct rule {
	struct str raw;	 /* the kernel's own form, for rules_delete() */
	struct str key;	 /* of -k; STR_NONE: none. Several are joined by \1 */
	bool never_task; /* "-a never,task": no process has syscall records */
	bool exec;	 /* records execve of some processes */
	bool exec_all;	 /* ... of all whose login uid is set */
};

/*
 * Call each() for all rules, in the kernel's order; `rule` is valid during the
 * call. Fails as control_status() does; -EBADMSG: an answer of another form.
 */
int rules_each(void (*each)(void *ctx, const struct rule *rule), void *ctx,
    struct err *err);

/* Unload all rules whose key begins with `prefix`; how many, or < 0. */
int rules_delete(struct str prefix, struct err *err);

/* Load one in the kernel's form. -EEXIST: it is there, with the same key. */
int rule_add(struct str raw, struct err *err);

/*
 * Whether two in the kernel's form ask for the same, whatever their keys. Where
 * a file is watched the calls do not count: versions of auditctl(8) write
 * "those that change it" in several ways.
 */
bool rule_same(struct str a, struct str b);

/* Read one rule in the kernel's form. False: it is not of that form. */
bool rule_parse(struct str raw, struct rule *ret);

#endif
