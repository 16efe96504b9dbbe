/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an administrator can set of sshtrail-rec: sshtrail-rec(8). The file is
 * root's and always the same one: whoever is recorded cannot name another.
 */
#ifndef SOURCES_REC_SETTINGS_H
#define SOURCES_REC_SETTINGS_H

#include "base/conf.h"

#define SETTINGS_FILE "/etc/sshtrail/rec.yml"

enum settings_fail { FAIL_OPEN, FAIL_CLOSED };

struct settings {
	const char *socket;
	const char *shell;	 /* where the account has no other */
	struct conf_list shells; /* "USER:PATH" each */
	int fail;		 /* enum settings_fail */
	const char *rescue;	 /* a group, or NULL */
	int input;		 /* a word: off or on */
	int64_t memory;		 /* bytes that wait for the daemon */
	const char *spool;	 /* a directory for what is beyond */
	int64_t spool_limit;	 /* bytes of a session's file */
	struct arena texts;
};

extern const struct conf_key settings_keys[];

/*
 * The file (SETTINGS_FILE), if there is one. Whatever is wrong with it must
 * lock nobody out: on -EINVAL and the like the defaults are set, and
 * `complaints` says why. Free `texts` afterwards.
 */
int settings_load(
    struct settings *ret, const char *file, struct buf *complaints);

/* What runs for this user (or NULL) whose login shell sshtrail-rec is. */
const char *settings_shell(const struct settings *s, const char *user);

bool settings_records_input(const struct settings *s);

#endif
