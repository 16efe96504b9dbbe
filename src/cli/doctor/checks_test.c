/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each check on a host where all is well but for one thing: what is seen, how
 * bad it is, and that the remedy is the one for it.
 */
#include "cli/doctor/checks.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/timex.h>

#include <cmocka.h>

#include "cli/doctor/capture.h"

#define TEXT(z) ((struct fact_text){.text = str_z(z)})
#define NONE(number, reason)                                                   \
	((struct fact_text){.error = (number), .why = (reason)})

static const struct facts well = {
    .root = true,
    .sshd_installed = true,
    .sshd_pid = 77,
    .sshd = {.text = STR_INIT("usepam yes\nloglevel VERBOSE\n")},
    .pam_sshd = {.text = STR_INIT("session required pam_loginuid.so\n")},
    .pam_cron = {.text = STR_INIT("session required pam_loginuid.so\n")},
    .pam_cron_path = "/etc/pam.d/cron",
    .journald_runs = true,
    .journal_kept = true,
    .journald = {.text = STR_INIT("[Journal]\nRateLimitBurst=0\n")},
    .auth_log = "/var/log/auth.log",
    .rsyslog_runs = true,
    .rsyslog = {.text = STR_INIT("*.* /var/log/x\n")},
    .audit = {.enabled = 1, .failure = 1, .pid = 9, .backlog_limit = 8192},
    .audit_reader = "auditd",
    .rules = 5,
    .rules_ours = 5,
    .rules_exec = true,
    .rules_exec_all = true,
    .release = {.text = STR_INIT("6.1.0-13-amd64\n")},
    .lockdown = {.text = STR_INIT("[none] integrity confidentiality\n")},
    .unprivileged_bpf = {.text = STR_INIT("2\n")},
    .btf = true,
    .clock_state = TIME_OK,
    .clock_error_usec = 12000,
    .zone = "CET (UTC+0100)",
    .daemon_socket = "/run/s",
    .daemon = {.store = STR_INIT("/s"),
	.taps = {{.name = STR_INIT("audit"), .open = true},
	    {.name = STR_INIT("auth-log"), .open = true},
	    {.name = STR_INIT("bpf")}},
	.n_taps = 3},
    .store = {.path = "/s", .st = {.st_mode = S_IFDIR | 0700}},
    .config = {.path = "/c", .error = ENOENT},
    .store_free = (uint64_t)900 << 30,
    .store_size = (uint64_t)1000 << 30,
};

/* X(check, level, part of what is seen, part of the remedy, what is other) */
#define CASES(X)                                                               \
	X("sshd", PROBLEM, "not installed", "install", f->sshd_installed = 0)  \
	X("sshd", NOTE, "does not run", "systemctl start", f->sshd_pid = 0)    \
	X("sshd-loglevel", PROBLEM, "INFO", "setup sshd-verbose",              \
	    f->sshd = TEXT("loglevel INFO\nusepam yes\n"))                     \
	X("sshd-loglevel", PROBLEM, "QUIET", "setup sshd-verbose",             \
	    f->sshd = TEXT("loglevel QUIET\n"))                                \
	X("sshd-loglevel", OK, "DEBUG3", "",                                   \
	    f->sshd = TEXT("loglevel DEBUG3"))                                 \
	X("sshd-loglevel", UNSEEN, "names no", "",                             \
	    f->sshd = TEXT("\1\2\n\nloglevel\n"))                              \
	X("sshd-loglevel", UNSEEN, "bad line 3", "",                           \
	    f->sshd = NONE(EIO, "bad line 3"))                                 \
	X("sshd-pam", PROBLEM, "UsePAM no", "UsePAM yes",                      \
	    f->sshd = TEXT("usepam no\n"))                                     \
	X("sshd-pam", PROBLEM, "knows no PAM", "",                             \
	    f->sshd = TEXT("loglevel INFO\n"))                                 \
	X("sshd-pam", UNSEEN, "only root", "",                                 \
	    f->sshd = NONE(EACCES, "only root can ask"))                       \
	X("pam-loginuid", PROBLEM, "no pam_loginuid", "session required",      \
	    f->pam_sshd = TEXT("#session required pam_loginuid.so\n"))         \
	X("pam-loginuid", PROBLEM, "no pam_loginuid", "session required",      \
	    f->pam_sshd = TEXT("\\\n[\nsession [ pam_loginuid.so"))            \
	X("pam-loginuid", UNSEEN, "No such", "",                               \
	    f->pam_sshd = NONE(ENOENT, "No such file"))                        \
	X("pam-cron", NOTE, "no pam_loginuid", "", f->pam_cron = TEXT("\n"))   \
	X("pam-cron", OK, "no cron", "", f->pam_cron = NONE(ENOENT, "x"))      \
	X("pam-tty", OK, "enable=ann", "",                                     \
	    f->pam_sshd = TEXT("session optional pam_tty_audit.so "            \
			       "enable=ann"))                                  \
	X("pam-tty", PROBLEM, "passwords", "log_passwd",                       \
	    f->pam_sshd = TEXT("session required pam_tty_audit.so enable=* "   \
			       "log_passwd"))                                  \
	X("log", OK, "journald", "", f->auth_log = NULL)                       \
	X("log", PROBLEM, "neither", "rsyslog", f->auth_log = NULL;            \
	    f->journald_runs = 0)                                              \
	X("log", NOTE, "neither", "start rsyslog", f->rsyslog_runs = 0;        \
	    f->journald_runs = 0)                                              \
	X("journald-rate", NOTE, "10000 lines of a service in 30s",            \
	    "RateLimitIntervalSec=0", f->journald = TEXT("[Journal]\n"))       \
	X("journald-rate", NOTE, "5 lines of a service in 1min", "RateLimit",  \
	    f->journald = TEXT("[Journal]\nRateLimitInterval=1min\n"           \
			       "RateLimitBurst=5"))                            \
	X("journald-rate", NOTE, "in 0.5s", "RateLimit",                       \
	    f->journald = TEXT("[Journal]\nRateLimitIntervalSec=0.5s"))        \
	X("journald-rate", OK, "no limit", "",                                 \
	    f->journald = TEXT("[Journal]\nRateLimitIntervalSec=0s"))          \
	X("journald-rate", UNSEEN, "gone", "", f->journald = NONE(5, "gone"))  \
	X("journald-rate", OK, "does not run", "", f->journald_runs = 0)       \
	X("journald-storage", NOTE, "volatile", "/var/log/journal",            \
	    f->auth_log = NULL;                                                \
	    f->journald = TEXT("[Journal]\nStorage=volatile"))                 \
	X("journald-storage", NOTE, "auto, gone", "mkdir",                     \
	    f->journal_kept = 0;                                               \
	    f->auth_log = NULL)                                                \
	X("rsyslog-rate", NOTE, "imjournal", "ratelimit",                      \
	    f->rsyslog = TEXT("module(load=\"imjournal\")\n"))                 \
	X("audit", PROBLEM, "off", "setup audit-rules", f->audit.enabled = 0)  \
	X("audit", NOTE, "off", "setup audit-rules", f->audit.enabled = 0;     \
	    f->daemon.taps[2].open = 1)                                        \
	X("audit", OK, "locked", "", f->audit.enabled = 2)                     \
	X("audit", PROBLEM, "no audit", "", f->audit_error = -EPROTONOSUPPORT; \
	    f->audit_why = "this kernel has no audit")                         \
	X("audit", UNSEEN, "only root", "", f->audit_error = -EPERM;           \
	    f->root = 0)                                                       \
	X("audit-lost", UNSEEN, "container", "",                               \
	    f->audit_error = -ECONNREFUSED;                                    \
	    f->audit_why = "in a container")                                   \
	X("audit-rules", PROBLEM, "none tells", "setup audit-rules",           \
	    f->rules_exec = f->rules_exec_all = 0)                             \
	X("audit-rules", NOTE, "a part", "setup audit-rules",                  \
	    f->rules_exec_all = 0)                                             \
	X("audit-rules", UNSEEN, "Bad message", "", f->rules_error = -EBADMSG) \
	X("audit-never-task", PROBLEM, "never,task", "augenrules",             \
	    f->rules_never_task = 1)                                           \
	X("audit-backlog", NOTE, "64", "setup audit-rules",                    \
	    f->audit.backlog_limit = 64)                                       \
	X("audit-backlog", OK, "0", "", f->audit.backlog_limit = 0)            \
	X("audit-wait", NOTE, "60000", "setup audit-rules",                    \
	    f->audit.backlog_wait_time = 60000)                                \
	X("audit-lost", NOTE, "lost 12", "auditctl -b", f->audit.lost = 12)    \
	X("audit-failure", NOTE, "panic", "-f 1", f->audit.failure = 2)        \
	X("audit-failure", NOTE, "unknown", "-f 1", f->audit.failure = 99)     \
	X("audit-reader", NOTE, "no audit daemon", "auditd", f->audit.pid = 0) \
	X("audit-reader", NOTE, "9 (osqueryd)", "beside",                      \
	    f->audit_reader = "osqueryd")                                      \
	X("audit-reader", NOTE, "9 (unknown)", "", f->audit_reader = NULL)     \
	X("kernel", NOTE, "5.4.0", "audit", f->release = TEXT("5.4.0\n"))      \
	X("kernel", OK, "5.8-rc1", "", f->release = TEXT("5.8-rc1"))           \
	X("kernel", UNSEEN, "no version", "", f->release = TEXT("six\x1b"))    \
	X("kernel", UNSEEN, "no version", "", f->release = NONE(EIO, "x"))     \
	X("kernel-btf", NOTE, "not there", "BTF", f->btf = 0)                  \
	X("kernel-lockdown", NOTE, "confidentiality", "lockdown=integrity",    \
	    f->lockdown = TEXT("none integrity [confidentiality]\n"))          \
	X("kernel-lockdown", OK, "integrity", "",                              \
	    f->lockdown = TEXT("none [integrity] confidentiality"))            \
	X("kernel-lockdown", OK, "none", "", f->lockdown = NONE(ENOENT, "x"))  \
	X("kernel-lockdown", UNSEEN, "denied", "",                             \
	    f->lockdown = NONE(EACCES, "denied"))                              \
	X("kernel-bpf", NOTE, "0", "sysctl", f->unprivileged_bpf = TEXT("0"))  \
	X("kernel-bpf", UNSEEN, "denied", "",                                  \
	    f->unprivileged_bpf = NONE(EACCES, "denied"))                      \
	X("clock", PROBLEM, "not synchronized", "chrony",                      \
	    f->clock_state = TIME_ERROR)                                       \
	X("clock", UNSEEN, "does not tell", "", f->clock_state = -1)           \
	X("zone", UNSEEN, "no zone", "", f->zone = NULL)                       \
	X("daemon", PROBLEM, "does not run", "sshtraild",                      \
	    f->daemon_error = ENOENT)                                          \
	X("daemon", PROBLEM, "not understood", "restart",                      \
	    f->daemon_error = EBADMSG)                                         \
	X("daemon", UNSEEN, "neither root", "", f->daemon_error = EACCES)      \
	X("daemon-taps", PROBLEM, "nothing of what is run", "sshtrail status", \
	    f->daemon.taps[0].open = 0)                                        \
	X("daemon-taps", PROBLEM, "nothing of sshd's words", "sshtraild.yml",  \
	    f->daemon.taps[1].open = 0)                                        \
	X("daemon-taps", PROBLEM, "takes nothing", "", f->daemon.n_taps = 0)   \
	X("daemon-taps", UNSEEN, "does not answer", "", f->daemon_error = 2)   \
	X("daemon-lost", PROBLEM, "auth-log lost 9", "--kind gap",             \
	    f->daemon.taps[0].lost = 3;                                        \
	    f->daemon.taps[1].lost = 9)                                        \
	X("daemon-lost", UNSEEN, "does not answer", "", f->daemon_error = 2)   \
	X("store-space", PROBLEM, "(1 %)", "make room",                        \
	    f->store_free = (uint64_t)1 << 30;                                 \
	    f->store_size = (uint64_t)99 << 30)                                \
	X("store-space", NOTE, "(9 %)", "make room",                           \
	    f->store_free = (uint64_t)1 << 30;                                 \
	    f->store_size = (uint64_t)11 << 30)                                \
	X("store-space", UNSEEN, "no store yet", "", f->store.error = ENOENT;  \
	    f->store_size = 0)                                                 \
	X("store-mode", PROBLEM, "0777", "chmod go-w,o-rwx /s",                \
	    f->store.st.st_mode = S_IFDIR | 0777)                              \
	X("store-mode", PROBLEM, "others can read", "chmod",                   \
	    f->store.st.st_mode = S_IFDIR | 0705)                              \
	X("store-mode", OK, "0750", "", f->store.st.st_mode = S_IFDIR | 0750)  \
	X("store-mode", UNSEEN, "denied", "", f->store.error = EACCES)         \
	X("config-mode", OK, "0640", "", f->config.error = 0;                  \
	    f->config.st.st_mode = S_IFREG | 0640)                             \
	X("config-mode", PROBLEM, "0664", "chmod go-w", f->config.error = 0;   \
	    f->config.st.st_mode = S_IFREG | 0664)                             \
	X("config-mode", PROBLEM, "of uid 5", "chown", f->config.error = 0;    \
	    f->config.st.st_uid = 5; f->config.st.st_mode = S_IFREG | 0600)    \
	X("config-mode", PROBLEM, "not a plain file", "chown",                 \
	    f->config.error = 0;                                               \
	    f->config.st.st_mode = S_IFLNK | 0777)                             \
	X("config-mode", UNSEEN, "denied", "", f->config.error = EACCES)

struct expected {
	const char *check;
	enum level level;
	const char *seen, *mend;
};

#define EXPECT(check, level, seen, mend, ...)                                  \
	{check, LEVEL_##level, seen, mend},

static const struct expected cases[] = {CASES(EXPECT)};

/* Make of a well host that of case `wanted`. */
static void spoil(struct facts *f, size_t wanted)
{
	size_t i = 0;

#define SPOIL(check, level, seen, mend, ...)                                   \
	if (i++ == wanted) {                                                   \
		__VA_ARGS__;                                                   \
	}
	CASES(SPOIL)
}

static const struct check *find_check(const char *name)
{
	for (size_t i = 0; i < checks_count; i++)
		if (strcmp(checks[i].name, name) == 0)
			return &checks[i];
	fail_msg("no check %s", name);
	return NULL;
}

static bool has(const char *text, const char *part)
{
	return str_find(str_z(text), str_z(part)) != STR_NPOS;
}

static void test_well(void **state)
{
	for (size_t i = 0; i < checks_count; i++) {
		struct finding got = {.level = LEVEL_N};

		checks[i].look(&well, &got);
		if (got.level != LEVEL_OK)
			print_error("# %s: %s\n", checks[i].name, got.seen);
		assert_int_equal(got.level, LEVEL_OK);
		assert_string_equal(got.mend, "");
	}
}

static void test_each(void **state)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct facts f = well;
		struct finding got = {.level = LEVEL_N};

		spoil(&f, i);
		find_check(cases[i].check)->look(&f, &got);
		if (got.level != cases[i].level ||
		    !has(got.seen, cases[i].seen) ||
		    !has(got.mend, cases[i].mend))
			print_error("# case %zu, %s: %s: %s; %s\n", i,
			    cases[i].check, level_names[got.level], got.seen,
			    got.mend);
		assert_int_equal(got.level, cases[i].level);
		assert_true(has(got.seen, cases[i].seen));
		assert_true(has(got.mend, cases[i].mend));
	}
}

/* Where it is a matter of level, every check has a case that is not ok. */
static void test_all_can_fail(void **state)
{
	for (size_t c = 0; c < checks_count; c++) {
		bool can = false;

		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
			can = can ||
			      (cases[i].level != LEVEL_OK &&
				  strcmp(cases[i].check, checks[c].name) == 0);
		if (!can)
			print_error("# %s\n", checks[c].name);
		assert_true(can);
	}
}

static const struct {
	const char *why, *mend;
	bool bpf, no_audit, off, never, some;
} unseen[] = {
    {"should have told", "sshtrail status", .bpf = true},
    {"neither audit nor bpf", "sshtraild.yml", .no_audit = true},
    {"audit is off", "setup audit-rules", .off = true},
    {"never,task", "augenrules", .never = true},
    {"no audit rule", "setup audit-rules", .some = true},
    {"nobody knows", "sshtrail status", .bpf = false},
};

static void test_capture(void **state)
{
	struct marker m = {.word = "sshtrail-doctor-1", .auid = 1000};
	struct capture seen = {true, "audit", 123456};
	struct finding got;

	capture_judge(&well, &m, &seen, &got);
	assert_int_equal(got.level, LEVEL_OK);
	assert_true(has(got.seen, "uid 1000: seen by audit after 123 ms"));
	seen.seen = false;
	for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++) {
		struct facts f = well;

		f.daemon.taps[2].open = unseen[i].bpf;
		f.daemon.taps[0].open = !unseen[i].no_audit;
		f.audit.enabled = !unseen[i].off;
		f.rules_never_task = unseen[i].never;
		f.rules_exec_all = !unseen[i].some;
		capture_judge(&f, &m, &seen, &got);
		assert_int_equal(got.level, LEVEL_PROBLEM);
		assert_true(has(got.seen, unseen[i].why));
		assert_true(has(got.mend, unseen[i].mend));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_well),
	    cmocka_unit_test(test_each),
	    cmocka_unit_test(test_all_can_fail),
	    cmocka_unit_test(test_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
