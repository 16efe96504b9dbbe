/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include "cli/doctor/checks.h"
#include "cli/host/ini_conf.h"
#include "cli/host/pam_conf.h"
#include "cli/host/rsyslog_conf.h"
#include "cli/host/sshd_conf.h"

#define PAM_SSHD      "/etc/pam.d/sshd"
#define JOURNALD_CONF "/etc/systemd/journald.conf"

static bool unseen(const struct fact_text *t, const char *file,
    const char *mend, struct finding *ret)
{
	if (t->text.p)
		return false;
	found(ret, LEVEL_UNSEEN, file, mend, "%s",
	    t->why ? t->why : "could not be read");
	return true;
}

void check_sshd_runs(const struct facts *f, struct finding *ret)
{
	if (!f->sshd_installed)
		found(ret, LEVEL_PROBLEM, NULL,
		    "apt install openssh-server, dnf install openssh-server",
		    "sshd is not installed");
	else if (!f->sshd_pid)
		found(ret, LEVEL_NOTE, NULL, "systemctl start ssh (or sshd)",
		    "sshd does not run (fine where systemd starts it for each "
		    "connection)");
	else
		found(ret, LEVEL_OK, NULL, NULL, "runs as process %" PRId64,
		    f->sshd_pid);
}

void check_sshd_loglevel(const struct facts *f, struct finding *ret)
{
	struct str level = sshd_value(f->sshd.text, "loglevel");

	if (unseen(&f->sshd, "sshd -T", NULL, ret))
		return;
	if (!level.n)
		found(
		    ret, LEVEL_UNSEEN, "sshd -T", NULL, "it names no LogLevel");
	else if (sshd_is_verbose(level))
		found(ret, LEVEL_OK, "sshd -T", NULL, "LogLevel %.*s",
		    STR_ARG(level));
	else
		found(ret, LEVEL_PROBLEM, "sshd -T",
		    "sshtrail setup sshd-verbose --yes", "LogLevel %.*s",
		    STR_ARG(level));
}

void check_sshd_pam(const struct facts *f, struct finding *ret)
{
	struct str use = sshd_value(f->sshd.text, "usepam");

	if (unseen(&f->sshd, "sshd -T", NULL, ret))
		return;
	if (str_eqz(use, "yes"))
		found(ret, LEVEL_OK, "sshd -T", NULL, "UsePAM yes");
	else if (!use.p)
		found(ret, LEVEL_PROBLEM, "sshd -T",
		    "install an sshd that was built with PAM",
		    "this sshd knows no PAM");
	else
		found(ret, LEVEL_PROBLEM, "sshd -T",
		    "write 'UsePAM yes' in /etc/ssh/sshd_config; systemctl "
		    "reload ssh",
		    "UsePAM %.*s", STR_ARG(use));
}

static void check_loginuid(const struct fact_text *pam, const char *file,
    enum level missing, struct finding *ret)
{
	struct pam_line line;

	if (unseen(pam, file, NULL, ret))
		return;
	if (pam_find(pam->text, "session", "pam_loginuid.so", &line))
		found(ret, LEVEL_OK, file, NULL, "session %.*s pam_loginuid.so",
		    STR_ARG(line.control));
	else
		found(ret, missing, file,
		    "put the line 'session required pam_loginuid.so' into this "
		    "file, before what else begins a session",
		    "no pam_loginuid.so");
}

void check_pam_loginuid(const struct facts *f, struct finding *ret)
{
	check_loginuid(&f->pam_sshd, PAM_SSHD, LEVEL_PROBLEM, ret);
}

void check_pam_cron(const struct facts *f, struct finding *ret)
{
	if (f->pam_cron.error == ENOENT)
		found(ret, LEVEL_OK, "/etc/pam.d/cron", NULL, "no cron here");
	else
		check_loginuid(&f->pam_cron, f->pam_cron_path, LEVEL_NOTE, ret);
}

void check_pam_tty(const struct facts *f, struct finding *ret)
{
	struct pam_line line;
	struct str enabled;

	if (unseen(&f->pam_sshd, PAM_SSHD, NULL, ret))
		return;
	if (!pam_find(f->pam_sshd.text, "session", "pam_tty_audit.so", &line)) {
		found(ret, LEVEL_OK, PAM_SSHD, NULL,
		    "nobody's keystrokes are recorded ('sshtrail setup "
		    "tty-audit' would)");
		return;
	}
	enabled = pam_arg(line.args, "enable");
	if (str_find(line.args, STR("log_passwd")) != STR_NPOS)
		found(ret, LEVEL_PROBLEM, PAM_SSHD,
		    "remove the word log_passwd from its line",
		    "pam_tty_audit with log_passwd: passwords are recorded");
	else
		found(ret, LEVEL_OK, PAM_SSHD, NULL,
		    "pam_tty_audit, enable=%.*s", STR_ARG(enabled));
}

void check_log_kept(const struct facts *f, struct finding *ret)
{
	if (f->auth_log && (f->rsyslog_runs || !f->journald_runs))
		found(ret, f->rsyslog_runs ? LEVEL_OK : LEVEL_NOTE, f->auth_log,
		    f->rsyslog_runs ? NULL : "systemctl start rsyslog",
		    f->rsyslog_runs ? "rsyslog writes it"
				    : "the file is there, but neither rsyslog "
				      "nor journald runs");
	else if (f->journald_runs)
		found(ret, LEVEL_OK, NULL, NULL, "journald takes it");
	else
		found(ret, LEVEL_PROBLEM, NULL,
		    "apt install rsyslog, dnf install rsyslog",
		    "neither a log file of sshd nor journald");
}

/* Zero in any unit of systemd.time(7). */
static bool is_zero(struct str value)
{
	return value.n && value.p[0] == '0' &&
	       (value.n == 1 || value.p[1] < '0' || value.p[1] > '9') &&
	       !memchr(value.p, '.', value.n);
}

void check_journald_rate(const struct facts *f, struct finding *ret)
{
	struct str interval, burst;

	if (!f->journald_runs) {
		found(ret, LEVEL_OK, NULL, NULL, "journald does not run");
		return;
	}
	if (unseen(&f->journald, JOURNALD_CONF, NULL, ret))
		return;
	interval =
	    ini_value(f->journald.text, "Journal", "RateLimitIntervalSec");
	if (!interval.p)
		interval =
		    ini_value(f->journald.text, "Journal", "RateLimitInterval");
	burst = ini_value(f->journald.text, "Journal", "RateLimitBurst");
	if (is_zero(interval) || is_zero(burst))
		found(ret, LEVEL_OK, JOURNALD_CONF, NULL, "no limit");
	else
		found(ret, LEVEL_NOTE, JOURNALD_CONF,
		    "write '[Journal]' and 'RateLimitIntervalSec=0' to "
		    "/etc/systemd/journald.conf.d/sshtrail.conf; systemctl "
		    "restart systemd-journald",
		    "%.*s lines of a service in %.*s",
		    STR_ARG(burst.p ? burst : STR("10000")),
		    STR_ARG(interval.p ? interval : STR("30s")));
}

void check_journald_storage(const struct facts *f, struct finding *ret)
{
	struct str storage;
	bool kept;

	if (!f->journald_runs) {
		found(ret, LEVEL_OK, NULL, NULL, "journald does not run");
		return;
	}
	if (unseen(&f->journald, JOURNALD_CONF, NULL, ret))
		return;
	storage = ini_value(f->journald.text, "Journal", "Storage");
	if (!storage.p)
		storage = STR("auto");
	kept = str_eqz(storage, "persistent") ||
	       (str_eqz(storage, "auto") && f->journal_kept);
	found(ret, kept || f->auth_log ? LEVEL_OK : LEVEL_NOTE, JOURNALD_CONF,
	    kept ? NULL
		 : "mkdir -p /var/log/journal; systemctl restart "
		   "systemd-journald (and no Storage=none or volatile)",
	    "Storage=%.*s, %s", STR_ARG(storage),
	    kept ? "kept in /var/log/journal" : "gone with the next boot");
}

void check_rsyslog_rate(const struct facts *f, struct finding *ret)
{
	if (!f->rsyslog_runs)
		found(ret, LEVEL_OK, NULL, NULL, "rsyslog does not run");
	else if (unseen(&f->rsyslog, "/etc/rsyslog.conf", NULL, ret))
		return;
	else if (rsyslog_is_limited(f->rsyslog.text))
		found(ret, LEVEL_NOTE, "/etc/rsyslog.conf",
		    "load it as module(load=\"imjournal\" "
		    "ratelimit.interval=\"0\"); systemctl restart rsyslog",
		    "reads the journal (imjournal) under its rate limit");
	else
		found(ret, LEVEL_OK, "/etc/rsyslog.conf", NULL, "no limit");
}
