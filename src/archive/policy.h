/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a store keeps what: by kind of chain, host and group of hosts, in
 * time and in bytes. The file is read as that of a daemon (base/conf.h).
 */
#ifndef ARCHIVE_POLICY_H
#define ARCHIVE_POLICY_H

#include "base/conf.h"
#include "base/err.h"

#define POLICY_FILE "/etc/sshtrail/retention.yml"

/* 0: no limit. */
struct policy_limits {
	int64_t max_age;   /* microseconds since it was written to the trail */
	int64_t max_bytes; /* of the files of a chain */
};

struct policy {
	struct policy_limits events, recordings;
	struct conf_list rules, hold;
	struct arena texts;
};

extern const struct conf_key policy_keys[];

/*
 * Load FILE; returns and complains as conf_load(), -EINVAL too for a rule that
 * is none. Free with policy_free(), also after a failure.
 */
int policy_load(struct policy *ret, const char *file, struct buf *complaints);
void policy_free(struct policy *p);

/*
 * What holds for a chain; of one on hold nothing goes, whatever rules say.
 * False: nothing is ever removed from one of its kind: only events of hosts and
 * senders are, and recordings.
 */
bool policy_limits(
    const struct policy *p, const char *chain, struct policy_limits *ret);

#endif
