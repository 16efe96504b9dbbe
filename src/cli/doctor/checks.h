/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of a host as data: a name, why it matters, and one pure function
 * over the facts each.
 */
#ifndef CLI_DOCTOR_CHECKS_H
#define CLI_DOCTOR_CHECKS_H

#include "cli/doctor/facts.h"

enum level {
	LEVEL_OK,
	LEVEL_NOTE,    /* something is less than it could be */
	LEVEL_PROBLEM, /* evidence is or will be missing */
	LEVEL_UNSEEN,  /* could not be looked at: `seen` says why */
	LEVEL_N
};

extern const char *const level_names[LEVEL_N];

/* Texts are cut at their size. */
struct finding {
	enum level level;
	char seen[400]; /* the value */
	char file[160]; /* where; or empty */
	char mend[400]; /* a command or sentence; or empty */
};

struct check {
	const char *name;
	const char *why; /* half a sentence, shown with what is not in order */
	void (*look)(const struct facts *f, struct finding *ret);
};

extern const struct check checks[];
extern const size_t checks_count;

/* Set level, place, remedy and what was seen; strings may be NULL. */
void found(struct finding *ret, enum level level, const char *file,
    const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

void check_sshd_runs(const struct facts *f, struct finding *ret);
void check_sshd_loglevel(const struct facts *f, struct finding *ret);
void check_sshd_pam(const struct facts *f, struct finding *ret);
void check_pam_loginuid(const struct facts *f, struct finding *ret);
void check_pam_cron(const struct facts *f, struct finding *ret);
void check_pam_tty(const struct facts *f, struct finding *ret);
void check_log_kept(const struct facts *f, struct finding *ret);
void check_journald_rate(const struct facts *f, struct finding *ret);
void check_journald_storage(const struct facts *f, struct finding *ret);
void check_rsyslog_rate(const struct facts *f, struct finding *ret);

void check_audit_on(const struct facts *f, struct finding *ret);
void check_audit_rules(const struct facts *f, struct finding *ret);
void check_audit_never_task(const struct facts *f, struct finding *ret);
void check_audit_backlog(const struct facts *f, struct finding *ret);
void check_audit_wait(const struct facts *f, struct finding *ret);
void check_audit_lost(const struct facts *f, struct finding *ret);
void check_audit_failure(const struct facts *f, struct finding *ret);
void check_audit_reader(const struct facts *f, struct finding *ret);

void check_kernel_version(const struct facts *f, struct finding *ret);
void check_kernel_btf(const struct facts *f, struct finding *ret);
void check_kernel_lockdown(const struct facts *f, struct finding *ret);
void check_kernel_bpf(const struct facts *f, struct finding *ret);
void check_clock_sync(const struct facts *f, struct finding *ret);
void check_clock_zone(const struct facts *f, struct finding *ret);

void check_daemon_runs(const struct facts *f, struct finding *ret);
void check_daemon_taps(const struct facts *f, struct finding *ret);
void check_daemon_lost(const struct facts *f, struct finding *ret);
void check_store_space(const struct facts *f, struct finding *ret);
void check_store_mode(const struct facts *f, struct finding *ret);
void check_config_mode(const struct facts *f, struct finding *ret);

#endif
