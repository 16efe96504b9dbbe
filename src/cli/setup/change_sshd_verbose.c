/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LogLevel VERBOSE. At INFO a key that is refused leaves no trace but a closed
 * connection, and the fingerprints of refused keys, the kind of a session and
 * its terminal are not told.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/setup/sshd.h"

#define DROP_IN "/etc/ssh/sshd_config.d/00-sshtrail.conf"
#define CONTENT                                                                \
	"# Made by 'sshtrail setup sshd-verbose', which undoes it too.\n"      \
	"# Without it refused keys are not told with their fingerprints.\n"    \
	"LogLevel VERBOSE\n"

static int verbose_edit(struct setup *s, const struct placed *before, bool ours,
    struct buf *ret, struct err *err)
{
	struct buf level = BUF_INIT;
	struct sshd_setting include;
	struct placed config = {.content = BUF_INIT};
	bool already = false;
	int r = 0;

	if (s->live && !ours) {
		r = sshd_effective("loglevel", NULL, NULL, &level, err);
		already = r == 0 && sshd_is_verbose(buf_str(&level));
	}
	if (already) {
		buf_printf(&s->notes, "sshd's LogLevel is %.*s already\n",
		    STR_ARG(buf_str(&level)));
		buf_add_str(ret, buf_str(&before->content));
	} else if (r == 0) {
		r = sshd_find_include(
		    s, DROP_IN, "'LogLevel VERBOSE'", &config, &include, err);
		buf_add_z(ret, CONTENT);
	}
	placed_free(&config);
	buf_free(&level);
	return r;
}

static int write_trial(
    int dir, const char *name, struct str text, struct err *err)
{
	CLEANUP_FD int fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, text.p, text.n);

	return r < 0 ? err_sys(err, r, "cannot write %s/%s", RECORD_DIR, name)
		     : 0;
}

#define TRIAL_DROP_IN "trial-drop-in"
#define TRIAL_CONFIG  "trial-sshd_config"

/*
 * sshd judges a copy of its configuration that reads the new file at the place
 * where the real one will stand first.
 */
static int try_with(int dir, const struct placed *config, size_t at,
    const struct buf *content, struct err *err)
{
	struct buf trial = BUF_INIT, level = BUF_INIT;
	int r;

	buf_add_str(&trial, str_upto(buf_str(&config->content), at));
	buf_printf(&trial, "Include %s/%s\n", RECORD_DIR, TRIAL_DROP_IN);
	buf_add_str(&trial, str_from(buf_str(&config->content), at));
	r = buf_error(&trial);
	if (r == 0)
		r = write_trial(dir, TRIAL_DROP_IN, buf_str(content), err);
	if (r == 0)
		r = write_trial(dir, TRIAL_CONFIG, buf_str(&trial), err);
	if (r == 0)
		r = sshd_ask(
		    "-t", RECORD_DIR "/" TRIAL_CONFIG, NULL, NULL, err);
	if (r == 0)
		r = sshd_effective(
		    "loglevel", RECORD_DIR "/" TRIAL_CONFIG, NULL, &level, err);
	if (r == 0 && !sshd_is_verbose(buf_str(&level)))
		r = err_set(err, -ENOTSUP,
		    "LogLevel would stay %.*s: " SSHD_CONFIG
		    " sets it before it reads its folder; change that line "
		    "to 'LogLevel VERBOSE'",
		    STR_ARG(buf_str(&level)));
	unlinkat(dir, TRIAL_CONFIG, 0);
	unlinkat(dir, TRIAL_DROP_IN, 0);
	buf_free(&level);
	buf_free(&trial);
	return r;
}

static int verbose_check(
    const struct setup *s, const struct buf *content, struct err *err)
{
	CLEANUP_FD int dir = -1;
	struct placed config = {.content = BUF_INIT};
	struct sshd_setting include;
	int r = s->live ? sshd_find_include(s, DROP_IN, "'LogLevel VERBOSE'",
			      &config, &include, err)
			: 0;

	if (r == 0 && s->live) {
		dir = openat(s->root, &RECORD_DIR[1],
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = dir < 0 ? err_sys(err, -errno, "cannot open " RECORD_DIR)
			    : try_with(dir, &config, include.at, content, err);
	}
	placed_free(&config);
	return r;
}

static int verbose_begin(
    struct setup *s, const struct buf *content, struct err *err)
{
	struct buf level = BUF_INIT;
	int r = sshd_ask("-t", NULL, NULL, NULL, err);

	if (r == 0)
		r = sshd_effective("loglevel", NULL, NULL, &level, err);
	if (r == 0 && !sshd_is_verbose(buf_str(&level)))
		r = err_set(err, -ENOTSUP,
		    "LogLevel stays %.*s: a file before 00-sshtrail.conf in "
		    "/etc/ssh/sshd_config.d sets it; change it there",
		    STR_ARG(buf_str(&level)));
	if (r == 0)
		buf_add_z(&s->notes,
		    "sshd -T: LogLevel VERBOSE. Connections have it once sshd "
		    "is reloaded: systemctl reload ssh (or sshd)\n");
	buf_free(&level);
	return r;
}

static int verbose_end(
    struct setup *s, const struct kept *kept, struct err *err)
{
	buf_add_z(&s->notes, "Connections have it once sshd is reloaded: "
			     "systemctl reload ssh (or sshd)\n");
	return 0;
}

const struct change change_sshd_verbose = {
    .name = "sshd-verbose",
    .summary = "sshd logs refused keys, and what a session is (LogLevel "
	       "VERBOSE)",
    .file = DROP_IN,
    .mode = 0644,
    .edit = verbose_edit,
    .check = verbose_check,
    .begin = verbose_begin,
    .end = verbose_end,
};
