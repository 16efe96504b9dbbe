/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was seen of this host, read once and before anything is judged: the
 * checks (checks.h) are pure functions over it.
 */
#ifndef CLI_DOCTOR_FACTS_H
#define CLI_DOCTOR_FACTS_H

#include <linux/audit.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/err.h"
#include "cli/doctor/daemon_state.h"

#define FACTS_CONFIG "/etc/sshtrail/sshtraild.yml"

/* Text of a file or program; `p` NULL: it could not be had, and `why`. */
struct fact_text {
	struct str text;
	int error; /* positive errno; 0 where text.p is set */
	const char *why;
};

struct fact_file {
	const char *path;
	int error; /* positive errno; 0: `st` counts */
	struct stat st;
};

struct facts {
	bool root;

	bool sshd_installed;
	int64_t sshd_pid;	   /* 0: none runs */
	struct fact_text sshd;	   /* what `sshd -T` prints */
	struct fact_text pam_sshd; /* with what it includes */
	struct fact_text pam_cron; /* ENOENT: no cron here */
	const char *pam_cron_path;
	bool journald_runs, journal_kept; /* /var/log/journal is there */
	struct fact_text journald;	  /* its configuration, merged */
	const char *auth_log;		  /* NULL: none of the usual */
	bool rsyslog_runs;
	struct fact_text rsyslog; /* its configuration */

	int audit_error; /* negative errno; 0: the fields below count */
	const char *audit_why;
	struct audit_status audit;
	const char *audit_reader; /* name of process audit.pid */
	int rules_error;
	size_t rules, rules_ours;
	bool rules_exec, rules_exec_all, rules_never_task;

	struct fact_text release, lockdown, unprivileged_bpf;
	bool btf;

	int clock_state; /* of adjtimex(); < 0: not to be had */
	long clock_error_usec;
	const char *zone;

	int daemon_error; /* positive errno; 0: `daemon` counts */
	const char *daemon_socket;
	struct daemon_state daemon;
	struct fact_file store, config;
	uint64_t store_free, store_size; /* bytes of its file system */

	struct arena texts; /* what the strings point into */
};

/*
 * Look at everything. `store` is used where the daemon does not tell its own.
 * What cannot be seen says so in the facts. Free with facts_free().
 */
void facts_read(struct facts *f, const char *socket_path, const char *store);
void facts_free(struct facts *f);

/* Parts of it. */
void facts_read_login(struct facts *f);
void facts_read_kernel(struct facts *f);

#endif
