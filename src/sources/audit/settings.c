/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/settings.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/boot_id.h"
#include "base/fd.h"
#include "sources/audit/control.h"

#define DIRECTORY   "/run/sshtrail"
#define NAME	    "audit-settings"
#define FILE_MAX    256
/* The kernel's own limit of 64 is soon reached. */
#define BACKLOG_MIN 8192

struct settings {
	uint32_t enabled, backlog_limit, backlog_wait_time;
};

static bool next_number(struct str *text, uint32_t *ret)
{
	struct str word;
	uint64_t v;

	str_cut(text, ' ', &word);
	if (!str_u64(word, &v) || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* "BOOT ENABLED BACKLOG_LIMIT BACKLOG_WAIT_TIME"; of another boot: none. */
static bool parse(struct str text, struct settings *ret)
{
	char boot[BOOT_ID_LEN + 1];
	struct str word;
	bool same;

	text = str_trim(text);
	str_cut(&text, ' ', &word);
	same = boot_id_read(boot) == 0 && str_eqz(word, boot);
	return same && next_number(&text, &ret->enabled) &&
	       next_number(&text, &ret->backlog_limit) &&
	       next_number(&text, &ret->backlog_wait_time) && text.n == 0;
}

static bool find_kept(int dir, struct settings *ret)
{
	struct buf text = BUF_INIT;
	bool found = fd_read_file(dir, NAME, FILE_MAX, &text) == 0 &&
		     parse(buf_str(&text), ret);

	buf_free(&text);
	return found;
}

static int keep(int dir, const struct settings *s)
{
	struct buf text = BUF_INIT;
	char boot[BOOT_ID_LEN + 1];
	int r;

	(void)boot_id_read(boot);
	buf_printf(&text, "%s %" PRIu32 " %" PRIu32 " %" PRIu32 "\n", boot,
	    s->enabled, s->backlog_limit, s->backlog_wait_time);
	r = buf_error(&text);
	if (r == 0)
		r = fd_replace_file(dir, NAME, 0600, text.p, text.n);
	buf_free(&text);
	return r;
}

static uint32_t long_enough(uint32_t backlog)
{
	/* 0: without a limit. */
	return backlog == 0 || backlog > BACKLOG_MIN ? backlog : BACKLOG_MIN;
}

static int change(const struct settings *before, struct err *err)
{
	const struct audit_status set = {.mask = AUDIT_STATUS_ENABLED |
						 AUDIT_STATUS_BACKLOG_LIMIT |
						 AUDIT_STATUS_BACKLOG_WAIT_TIME,
	    .enabled = 1,
	    .backlog_limit = long_enough(before->backlog_limit)};

	return control_set(&set, err);
}

int settings_take(struct err *err)
{
	CLEANUP_FD int dir = -1;
	struct audit_status now;
	struct settings before;
	int r = control_status(&now, err);

	if (r < 0)
		return r;
	r = fd_open_dir(AT_FDCWD, DIRECTORY, 0755, &dir);
	if (r == 0 && !find_kept(dir, &before)) {
		before = (struct settings){
		    now.enabled, now.backlog_limit, now.backlog_wait_time};
		r = keep(dir, &before);
	}
	if (r < 0)
		return err_sys(
		    err, r, "cannot keep audit's settings in " DIRECTORY);
	return change(&before, err);
}

void settings_put_back(void)
{
	CLEANUP_FD int dir = -1;
	struct audit_status now, set = {.mask = 0};
	struct settings before;

	if (fd_open_dir(AT_FDCWD, DIRECTORY, 0755, &dir) < 0 ||
	    !find_kept(dir, &before) || control_status(&now, NULL) < 0)
		return;
	set.enabled = before.enabled;
	set.backlog_limit = before.backlog_limit;
	set.backlog_wait_time = before.backlog_wait_time;
	if (now.enabled == 1)
		set.mask |= AUDIT_STATUS_ENABLED;
	if (now.backlog_limit == long_enough(before.backlog_limit))
		set.mask |= AUDIT_STATUS_BACKLOG_LIMIT;
	if (now.backlog_wait_time == 0)
		set.mask |= AUDIT_STATUS_BACKLOG_WAIT_TIME;
	if (set.mask)
		control_set(&set, NULL);
	unlinkat(dir, NAME, 0);
}
