/* SPDX-License-Identifier: Apache-2.0 */
/* sshd, PAM, and where log lines go. */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#include "base/program.h"
#include "cli/doctor/fact_text.h"
#include "cli/host/pam_conf.h"

/* PAM's own limit is 32 (PAM_SUBSTACK_MAX_LEVEL). */
#define PAM_FILES_MAX 32

/*
 * A file of /etc/pam.d and what it includes, one text behind the other; files
 * are read once, in the order in which they are named.
 */
static void read_pam(struct fact_text *ret, const char *name, struct arena *a)
{
	struct str files[PAM_FILES_MAX] = {str_z(name)};
	struct buf all = BUF_INIT;
	size_t n = 1;

	for (size_t i = 0; i < n; i++) {
		struct pam_line line;
		struct fact_text one;
		char path[300];
		struct str text;

		snprintf(
		    path, sizeof path, "/etc/pam.d/%.*s", STR_ARG(files[i]));
		fact_read_file(&one, path, a);
		if (i == 0 && !one.text.p) {
			*ret = one;
			return;
		}
		buf_add_str(&all, one.text);
		buf_add_char(&all, '\n');
		for (text = one.text; pam_next(&text, &line);) {
			bool known = !line.include || str_find_char(line.module,
							  '/') != STR_NPOS;

			for (size_t k = 0; !known && k < n; k++)
				known = str_eq(files[k], line.module);
			if (!known && n < PAM_FILES_MAX)
				files[n++] = line.module;
		}
	}
	*ret = (struct fact_text){.text = arena_dup(a, buf_str(&all))};
	if (!ret->text.p) {
		ret->error = ENOMEM;
		ret->why = strerror(ENOMEM);
	}
	buf_free(&all);
}

static void read_cron(struct facts *f)
{
	static const char *const names[] = {"cron", "crond"};

	for (size_t i = 0; i < 2; i++) {
		read_pam(&f->pam_cron, names[i], &f->texts);
		f->pam_cron_path =
		    i == 0 ? "/etc/pam.d/cron" : "/etc/pam.d/crond";
		if (f->pam_cron.error != ENOENT)
			return;
	}
}

static void read_sshd(struct facts *f)
{
	static const char *const argv[] = {"sshd", "-T", NULL};

	f->sshd_installed = program_installed("sshd");
	f->sshd_pid = fact_process("sshd");
	if (f->root)
		fact_run(&f->sshd, argv, &f->texts);
	else
		f->sshd = (struct fact_text){
		    .error = EACCES, .why = "only root can ask sshd -T"};
}

static void read_journald(struct facts *f)
{
	static const char *const argv[] = {
	    "systemd-analyze", "cat-config", "systemd/journald.conf", NULL};

	f->journald_runs = access("/run/systemd/journal/socket", F_OK) == 0;
	f->journal_kept = access("/var/log/journal", F_OK) == 0;
	fact_run(&f->journald, argv, &f->texts);
}

static void read_rsyslog(struct facts *f)
{
	struct buf all = BUF_INIT;
	struct fact_text one;
	glob_t g = {0};

	f->rsyslog_runs = fact_process("rsyslogd") != 0;
	fact_read_file(&f->rsyslog, "/etc/rsyslog.conf", &f->texts);
	if (!f->rsyslog.text.p)
		return;
	buf_add_str(&all, f->rsyslog.text);
	if (glob("/etc/rsyslog.d/*.conf", 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++) {
			fact_read_file(&one, g.gl_pathv[i], &f->texts);
			buf_add_char(&all, '\n');
			buf_add_str(&all, one.text);
		}
	globfree(&g);
	f->rsyslog.text = arena_dup(&f->texts, buf_str(&all));
	buf_free(&all);
}

void facts_read_login(struct facts *f)
{
	static const char *const logs[] = {
	    "/var/log/auth.log", "/var/log/secure", "/var/log/messages"};

	read_sshd(f);
	read_pam(&f->pam_sshd, "sshd", &f->texts);
	read_cron(f);
	read_journald(f);
	read_rsyslog(f);
	for (size_t i = 0; !f->auth_log && i < sizeof logs / sizeof *logs; i++)
		if (access(logs[i], F_OK) == 0)
			f->auth_log = logs[i];
}
