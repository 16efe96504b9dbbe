/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What we ask of the kernel's audit about login sessions: one list, from which
 * `sshtrail setup audit-rules` writes a file for auditd, and the daemon loads
 * rules itself where it is asked to. The two differ by the beginning of their
 * keys, so that each takes away its own.
 */
#ifndef SOURCES_AUDIT_OWN_RULES_H
#define SOURCES_AUDIT_OWN_RULES_H

#include "base/buf.h"
#include "base/err.h"

#define OWN_RULES_SETUP_KEY  "sshtrail_"
#define OWN_RULES_DAEMON_KEY "sshtraild_"

/* auid is set, and: system calls with a value of an argument, or a path. */
struct own_rule {
	const char *why;   /* for people; NULL: as the one above */
	const char *calls; /* names with commas; NULL: changes of `path` */
	const char *path;  /* absolute; a slash at its end: a directory */
	const char *key;   /* without its beginning */
	int arg;	   /* number of an argument of the calls; -1: any */
	uint32_t value;	   /* ... which must be this */
	bool both; /* 32-bit programs too: their calls and arguments fit */
};

extern const struct own_rule own_rules[];
extern const size_t own_rules_count;

/*
 * One rule in the kernel's form (struct audit_rule_data), for programs of this
 * machine or, with b32, for its 32-bit ones. -EOPNOTSUPP: there is none for
 * these.
 */
int own_rule_compile(const struct own_rule *rule, bool b32,
    const char *key_begin, struct buf *ret);

/* What own_rules_load() came to. */
struct own_rules_result {
	unsigned loaded; /* are ours, also of a daemon before that was killed */
	unsigned others; /* somebody else has the same rule */
	unsigned refused;
	int refused_error;
};

/*
 * Load all rules of the list that are not there, with OWN_RULES_DAEMON_KEY.
 * Those about directories that are missing are left out. Needs what control.h
 * needs, and audit not to be locked.
 */
int own_rules_load(struct own_rules_result *ret, struct err *err);
/* Unload those that are there with OWN_RULES_DAEMON_KEY; how many, or < 0. */
int own_rules_unload(struct err *err);

#endif
