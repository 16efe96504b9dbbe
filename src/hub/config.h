/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file of the hub. */
#ifndef HUB_CONFIG_H
#define HUB_CONFIG_H

#include "base/conf.h"

#define HUB_CONFIG_FILE "/etc/sshtrail/sshtrail-hub.yml"

struct hub_config {
	const char *name; /* never NULL, once loaded */
	const char *store;
	const char *address;
	int64_t port;
	int64_t connections;
	int64_t patience;	  /* microseconds */
	int64_t commit_interval;  /* microseconds */
	int64_t certificate_life; /* likewise */
	int64_t silence;	  /* likewise */
	const char *outputs;	  /* a directory; NULL: none */
	const char *program;	  /* NULL: the one beside the hub */
	const char *retention;	  /* a file of a policy; NULL: none */
	int64_t followers;
	int64_t retention_every; /* microseconds */
	/* Where senders without an agent are listened to; NULL: not. */
	const char *inputs_udp, *inputs_tcp, *inputs_tls, *inputs_audit;
	struct conf_list inputs_allow;
	/* Files in PEM; NULL: what hosts are shown; nothing is asked for. */
	const char *inputs_cert, *inputs_key, *inputs_ca;
	int64_t senders;
	int64_t sender_rate; /* bytes a second */
	int64_t sender_connections;
	struct arena texts;
};

extern const struct conf_key hub_config_keys[];

/*
 * Load FILE; NULL: HUB_CONFIG_FILE if there is one, else the defaults. Returns
 * and complains as conf_load(). Free it also after a failure.
 */
int hub_config_load(
    struct hub_config *ret, const char *file, struct buf *complaints);
void hub_config_free(struct hub_config *c);

#endif
