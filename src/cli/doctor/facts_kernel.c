/* SPDX-License-Identifier: Apache-2.0 */
/* Audit, what programs in the kernel need, and the clock. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/doctor/fact_text.h"
#include "sources/audit/control.h"
#include "sources/audit/own_rules.h"
#include "sources/audit/rules.h"

static void count_rule(void *ctx, const struct rule *rule)
{
	struct facts *f = ctx;

	f->rules++;
	f->rules_ours += str_starts(rule->key, STR(OWN_RULES_SETUP_KEY)) ||
			 str_starts(rule->key, STR(OWN_RULES_DAEMON_KEY));
	f->rules_exec = f->rules_exec || rule->exec;
	f->rules_exec_all = f->rules_exec_all || rule->exec_all;
	f->rules_never_task = f->rules_never_task || rule->never_task;
}

static const char *process_name(uint32_t pid, struct arena *a)
{
	struct fact_text comm;
	char path[40];

	snprintf(path, sizeof path, "/proc/%" PRIu32 "/comm", pid);
	fact_read_file(&comm, path, a);
	return comm.text.n ? arena_dup(a, str_trim(comm.text)).p : NULL;
}

static void read_audit(struct facts *f)
{
	struct err err = {""};

	f->audit_error = control_status(&f->audit, &err);
	if (f->audit_error < 0) {
		f->audit_why = arena_dup(&f->texts, str_z(err.text)).p;
		return;
	}
	if (f->audit.pid)
		f->audit_reader = process_name(f->audit.pid, &f->texts);
	f->rules_error = rules_each(count_rule, f, &err);
}

static void read_clock(struct facts *f)
{
	struct timex t = {.modes = 0};
	struct tm local;
	time_t now = time(NULL);
	char zone[64];

	f->clock_state = adjtimex(&t);
	f->clock_error_usec = t.maxerror;
	tzset();
	if (localtime_r(&now, &local) &&
	    strftime(zone, sizeof zone, "%Z (UTC%z)", &local))
		f->zone = arena_dup(&f->texts, str_z(zone)).p;
}

void facts_read_kernel(struct facts *f)
{
	read_audit(f);
	fact_read_file(&f->release, "/proc/sys/kernel/osrelease", &f->texts);
	fact_read_file(
	    &f->lockdown, "/sys/kernel/security/lockdown", &f->texts);
	fact_read_file(&f->unprivileged_bpf,
	    "/proc/sys/kernel/unprivileged_bpf_disabled", &f->texts);
	f->btf = access("/sys/kernel/btf/vmlinux", F_OK) == 0;
	read_clock(f);
}
