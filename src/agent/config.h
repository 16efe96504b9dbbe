/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an administrator can set of sshtraild: sshtraild.yml(5). The table in
 * config.c says all of it; scripts/check-config-page holds the manual page to
 * that table.
 */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include "base/conf.h"

#define CONFIG_FILE "/etc/sshtrail/sshtraild.yml"

/* In the order of the words in the table. */
enum config_audit {
	CONFIG_AUDIT_AUTO,
	CONFIG_AUDIT_PASSIVE,
	CONFIG_AUDIT_REGISTER,
	CONFIG_AUDIT_OFF,
};

enum config_bpf {
	CONFIG_BPF_AUTO,
	CONFIG_BPF_OFF,
};

struct config {
	const char *host; /* never NULL, once loaded */
	const char *store;
	const char *user;
	const char *group; /* of the control socket */
	const char *socket;
	int64_t commit_interval; /* microseconds, as all intervals */
	int64_t sync_interval;
	int64_t memory_max; /* bytes */
	int audit;	    /* enum config_audit */
	int bpf;	    /* enum config_bpf */
	/* "auto", "off" or a path: see config_tap_path(). */
	const char *auth_log;
	const char *journal;
	const char *wtmp;
	const char *btmp;
	struct arena texts; /* what the strings point into */
};

extern const struct conf_key config_keys[];

/*
 * Load FILE; NULL: CONFIG_FILE if there is one, else the defaults. Returns and
 * complains as conf_load(). Free with config_free(), also after a failure.
 */
int config_load(struct config *ret, const char *file, struct buf *complaints);
void config_free(struct config *c);

/*
 * What a tap of a file is to open: false when it is off, else *ret_path is for
 * the tap's open(): a path, or NULL for where this host keeps it.
 */
bool config_tap_path(const char *value, const char **ret_path);

#endif
