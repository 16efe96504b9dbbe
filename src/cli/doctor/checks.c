/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor/checks.h"

#include <stdarg.h>
#include <stdio.h>

const char *const level_names[LEVEL_N] = {
    [LEVEL_OK] = "ok",
    [LEVEL_NOTE] = "note",
    [LEVEL_PROBLEM] = "problem",
    [LEVEL_UNSEEN] = "unseen",
};

const struct check checks[] = {
    {"sshd", "without sshd there is nothing to watch", check_sshd_runs},
    {"sshd-loglevel",
	"below VERBOSE refused keys leave no name and no "
	"fingerprint",
	check_sshd_loglevel},
    {"sshd-pam", "without PAM the kernel gives sessions no login uid",
	check_sshd_pam},
    {"pam-loginuid", "without it what is run belongs to nobody's session",
	check_pam_loginuid},
    {"pam-cron", "without it jobs of cron run without a login uid",
	check_pam_cron},
    {"pam-tty", "keystrokes are kept only where PAM asks for it",
	check_pam_tty},
    {"log", "sshd's own words are the only source of keys and addresses",
	check_log_kept},
    {"journald-rate", "a flood of failed logins makes journald drop lines",
	check_journald_rate},
    {"journald-storage", "a journal in memory is gone with the next boot",
	check_journald_storage},
    {"rsyslog-rate", "a flood of lines makes rsyslog drop some",
	check_rsyslog_rate},
    {"audit", "while audit is off the kernel tells nothing of what is run",
	check_audit_on},
    {"audit-rules", "only what a rule asks for is told", check_audit_rules},
    {"audit-never-task",
	"this rule keeps system calls of all new processes "
	"from being told",
	check_audit_never_task},
    {"audit-backlog", "a short queue loses records in a burst",
	check_audit_backlog},
    {"audit-wait", "users' programs stop while the queue is full",
	check_audit_wait},
    {"audit-lost", "what the kernel dropped is in no log", check_audit_lost},
    {"audit-failure", "it decides what happens to the host when audit fails",
	check_audit_failure},
    {"audit-reader",
	"there can be one reader of audit records only, and "
	"rules are loaded at boot by auditd",
	check_audit_reader},
    {"kernel", "programs in the kernel need Linux 5.8", check_kernel_version},
    {"kernel-btf", "programs in the kernel need its type information",
	check_kernel_btf},
    {"kernel-lockdown", "a locked down kernel takes no programs that read it",
	check_kernel_lockdown},
    {"kernel-bpf", "any user could load programs into the kernel",
	check_kernel_bpf},
    {"clock", "times of several hosts are compared", check_clock_sync},
    {"zone", "log lines without a zone are read in this one", check_clock_zone},
    {"daemon", "nothing is captured while it does not run", check_daemon_runs},
    {"daemon-taps", "what no tap takes is not captured", check_daemon_taps},
    {"daemon-lost", "what was lost is missing from the evidence",
	check_daemon_lost},
    {"store-space", "on a full disk nothing more is kept", check_store_space},
    {"store-mode", "who can write to the store can destroy evidence",
	check_store_mode},
    {"config-mode", "who can write to it decides what is captured",
	check_config_mode},
};

const size_t checks_count = sizeof checks / sizeof *checks;

void found(struct finding *ret, enum level level, const char *file,
    const char *mend, const char *fmt, ...)
{
	va_list ap;

	ret->level = level;
	snprintf(ret->file, sizeof ret->file, "%s", file ? file : "");
	snprintf(ret->mend, sizeof ret->mend, "%s", mend ? mend : "");
	va_start(ap, fmt);
	vsnprintf(ret->seen, sizeof ret->seen, fmt, ap);
	va_end(ap);
}
