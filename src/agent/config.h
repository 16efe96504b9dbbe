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

struct config {
	const char *host; /* never NULL, once loaded */
	const char *store;
	const char *user;
	const char *group; /* of the control socket */
	const char *socket;
	int64_t commit_interval; /* microseconds, as all intervals */
	int64_t sync_interval;
	int64_t reserve; /* bytes */
	/* By tap: "auto", "off", or a path or word; see config_tap(). */
	int audit, bpf, terminals;
	const char *rec, *rec_spool;
	const char *rec_wants; /* both, as sources/tap.h says */
	const char *auth_log, *journal, *wtmp, *btmp, *wtmpdb, *lastlog2;
	int terminals_input;	      /* a word: off or on */
	int audit_rules;	      /* likewise */
	int commands_output;	      /* likewise */
	int64_t commands_limit;	      /* bytes */
	const char *terminals_wants;  /* all three, as sources/tap.h says */
	struct conf_list watch, read; /* files that taps.bpf tells of */
	int hub_ship;		      /* a word: auto or off */
	const char *hub_proxy;	      /* or NULL */
	const char *files;	      /* both, as sources/bpf/watch.h says */
	struct arena texts;	      /* what the strings point into */
};

extern const struct conf_key config_keys[];

/*
 * Load FILE; NULL: CONFIG_FILE if there is one, else the defaults. Returns and
 * complains as conf_load(). Free with config_free(), also after a failure.
 */
int config_load(struct config *ret, const char *file, struct buf *complaints);
/* The same, with each complaint said; nothing is to be freed after a failure.
 */
int config_load_or_say(struct config *ret, const char *file,
    void (*say)(const char *fmt, ...) __attribute__((format(printf, 1, 2))));
void config_free(struct config *c);

/* Whether a hub, if there is one, gets the trail. */
bool config_ships(const struct config *c);

/*
 * What the tap of this name is to do: false when it is switched off, else
 * *ret_path is for its open(): a path or word, or NULL for what suits this
 * host.
 */
bool config_tap(const struct config *c, const char *tap, const char **ret_path);

#endif
