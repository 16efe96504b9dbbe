/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <sys/timex.h>

#include "cli/doctor/checks.h"

#define SETUP_RULES "sshtrail setup audit-rules --yes"
#define STATUS	    "auditctl -s"
/* Below, a shell script's start overruns it. */
#define BACKLOG_MIN 8192

static bool unseen(const struct facts *f, struct finding *ret)
{
	if (f->audit_error == 0)
		return false;
	if (!f->root && f->audit_error == -EPERM)
		found(ret, LEVEL_UNSEEN, STATUS, NULL, "only root can ask");
	else /* A kernel without audit is no matter of who asks. */
		found(ret,
		    f->audit_error == -EPROTONOSUPPORT ? LEVEL_PROBLEM
						       : LEVEL_UNSEEN,
		    STATUS, NULL, "%s",
		    f->audit_why ? f->audit_why : "no answer");
	return true;
}

/* Programs in the kernel tell of what is run instead. */
static bool has_bpf(const struct facts *f)
{
	return f->daemon_error == 0 && daemon_takes(&f->daemon, "bpf");
}

void check_audit_on(const struct facts *f, struct finding *ret)
{
	if (unseen(f, ret))
		return;
	if (f->audit.enabled == 0)
		found(ret, has_bpf(f) ? LEVEL_NOTE : LEVEL_PROBLEM, STATUS,
		    SETUP_RULES, "enabled 0: audit is off");
	else
		found(ret, LEVEL_OK, STATUS, NULL, "enabled %" PRIu32 "%s",
		    f->audit.enabled,
		    f->audit.enabled == 2 ? ": locked until the next boot"
					  : "");
}

void check_audit_rules(const struct facts *f, struct finding *ret)
{
	const char *file = "auditctl -l";

	if (unseen(f, ret))
		return;
	if (f->rules_error < 0)
		found(ret, LEVEL_UNSEEN, file, NULL, "%s",
		    strerror(-f->rules_error));
	else if (f->rules_exec_all)
		found(ret, LEVEL_OK, file, NULL,
		    "%zu rules, %zu of them sshtrail's; what any login runs "
		    "is told",
		    f->rules, f->rules_ours);
	else
		found(ret,
		    f->rules_exec || has_bpf(f) ? LEVEL_NOTE : LEVEL_PROBLEM,
		    file, SETUP_RULES, "%zu rules, %s", f->rules,
		    f->rules_exec ? "of what is run they tell a part"
				  : "none tells what is run");
}

void check_audit_never_task(const struct facts *f, struct finding *ret)
{
	if (unseen(f, ret))
		return;
	if (f->rules_never_task)
		found(ret, LEVEL_PROBLEM, "/etc/audit/rules.d",
		    "remove the line '-a never,task' (or '-a task,never') "
		    "there; augenrules --load; log in anew",
		    "the rule '-a never,task' is loaded");
	else
		found(ret, LEVEL_OK, "auditctl -l", NULL, "not loaded");
}

void check_audit_backlog(const struct facts *f, struct finding *ret)
{
	bool small;

	if (unseen(f, ret))
		return;
	small = f->audit.backlog_limit && f->audit.backlog_limit < BACKLOG_MIN;
	found(ret, small ? LEVEL_NOTE : LEVEL_OK, STATUS,
	    small ? SETUP_RULES : NULL, "backlog_limit %" PRIu32,
	    f->audit.backlog_limit);
}

void check_audit_wait(const struct facts *f, struct finding *ret)
{
	bool waits;

	if (unseen(f, ret))
		return;
	waits = f->audit.backlog_wait_time > 0;
	found(ret, waits ? LEVEL_NOTE : LEVEL_OK, STATUS,
	    waits ? SETUP_RULES : NULL, "backlog_wait_time %" PRIu32,
	    f->audit.backlog_wait_time);
}

void check_audit_lost(const struct facts *f, struct finding *ret)
{
	if (unseen(f, ret))
		return;
	found(ret, f->audit.lost ? LEVEL_NOTE : LEVEL_OK, STATUS,
	    f->audit.lost ? "auditctl -b 32768, and fewer rules; then "
			    "auditctl --reset-lost"
			  : NULL,
	    "lost %" PRIu32, f->audit.lost);
}

void check_audit_failure(const struct facts *f, struct finding *ret)
{
	static const char *const words[] = {"silent: a failure is told nowhere",
	    "the kernel log tells it",
	    "panic: the host stops when a record cannot be kept"};

	if (unseen(f, ret))
		return;
	found(ret, f->audit.failure == 1 ? LEVEL_OK : LEVEL_NOTE, STATUS,
	    f->audit.failure == 1
		? NULL
		: "auditctl -f 1, where this is not meant to be so",
	    "failure %" PRIu32 ": %s", f->audit.failure,
	    f->audit.failure < 3 ? words[f->audit.failure] : "unknown");
}

void check_audit_reader(const struct facts *f, struct finding *ret)
{
	const char *name = f->audit_reader ? f->audit_reader : "unknown";
	bool known =
	    strcmp(name, "auditd") == 0 || strcmp(name, "sshtraild") == 0;

	if (unseen(f, ret))
		return;
	if (!f->audit.pid)
		found(ret, LEVEL_NOTE, STATUS,
		    "systemctl enable --now auditd, or 'taps: {audit: "
		    "register}' in " FACTS_CONFIG,
		    "no audit daemon: no rules at boot, and records go to the "
		    "kernel log too");
	else
		found(ret, known ? LEVEL_OK : LEVEL_NOTE, STATUS,
		    known ? NULL
			  : "sshtraild listens beside it; auditd cannot run "
			    "with it",
		    "process %" PRIu32 " (%s)", f->audit.pid, name);
}

/* Major and minor number of "6.1.0-13-amd64". */
static bool parse_release(struct str s, uint64_t *major, uint64_t *minor)
{
	struct str part;
	size_t n = 0;

	if (!str_cut(&s, '.', &part) || !str_u64(part, major))
		return false;
	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return str_u64(str_upto(s, n), minor);
}

void check_kernel_version(const struct facts *f, struct finding *ret)
{
	const char *file = "/proc/sys/kernel/osrelease";
	struct str release = str_trim(f->release.text);
	uint64_t major, minor;

	if (!parse_release(release, &major, &minor))
		found(ret, LEVEL_UNSEEN, file, NULL, "no version: \"%.*s\"",
		    STR_ARG(release));
	else if (major > 5 || (major == 5 && minor >= 8))
		found(
		    ret, LEVEL_OK, file, NULL, "Linux %.*s", STR_ARG(release));
	else
		found(ret, LEVEL_NOTE, file,
		    "leave taps.bpf off; audit tells what is run", "Linux %.*s",
		    STR_ARG(release));
}

void check_kernel_btf(const struct facts *f, struct finding *ret)
{
	found(ret, f->btf ? LEVEL_OK : LEVEL_NOTE, "/sys/kernel/btf/vmlinux",
	    f->btf ? NULL
		   : "a kernel with CONFIG_DEBUG_INFO_BTF; without it audit "
		     "tells what is run",
	    f->btf ? "there" : "not there");
}

void check_kernel_lockdown(const struct facts *f, struct finding *ret)
{
	const char *file = "/sys/kernel/security/lockdown";
	struct str text = f->lockdown.text;

	if (f->lockdown.error == ENOENT)
		found(ret, LEVEL_OK, file, NULL, "this kernel has none");
	else if (!text.p)
		found(ret, LEVEL_UNSEEN, file, NULL, "%s", f->lockdown.why);
	else if (str_find(text, STR("[confidentiality]")) != STR_NPOS)
		found(ret, LEVEL_NOTE, file,
		    "boot with lockdown=integrity, or leave taps.bpf off",
		    "confidentiality");
	else
		found(ret, LEVEL_OK, file, NULL, "%s",
		    str_find(text, STR("[integrity]")) != STR_NPOS ? "integrity"
								   : "none");
}

void check_kernel_bpf(const struct facts *f, struct finding *ret)
{
	const char *file = "/proc/sys/kernel/unprivileged_bpf_disabled";
	struct str value = str_trim(f->unprivileged_bpf.text);

	if (f->unprivileged_bpf.error == ENOENT)
		found(ret, LEVEL_OK, file, NULL, "this kernel has no bpf()");
	else if (!f->unprivileged_bpf.text.p)
		found(ret, LEVEL_UNSEEN, file, NULL, "%s",
		    f->unprivileged_bpf.why);
	else if (str_eqz(value, "0"))
		found(ret, LEVEL_NOTE, file,
		    "sysctl -w kernel.unprivileged_bpf_disabled=1", "0");
	else
		found(ret, LEVEL_OK, file, NULL, "%.*s", STR_ARG(value));
}

void check_clock_sync(const struct facts *f, struct finding *ret)
{
	if (f->clock_state < 0)
		found(ret, LEVEL_UNSEEN, "adjtimex(2)", NULL,
		    "the kernel does not tell");
	else if (f->clock_state == TIME_ERROR)
		found(ret, LEVEL_PROBLEM, "adjtimex(2)",
		    "timedatectl set-ntp true, or apt install chrony",
		    "not synchronized");
	else
		found(ret, LEVEL_OK, "adjtimex(2)", NULL,
		    "synchronized to %ld ms", f->clock_error_usec / 1000);
}

void check_clock_zone(const struct facts *f, struct finding *ret)
{
	if (f->zone)
		found(ret, LEVEL_OK, "/etc/localtime", NULL, "%s", f->zone);
	else
		found(ret, LEVEL_UNSEEN, "/etc/localtime", NULL, "no zone");
}
