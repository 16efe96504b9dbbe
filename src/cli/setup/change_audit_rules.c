/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our rules for the kernel's audit: a file of their own, from which auditd
 * loads them at its start, and which is loaded at once beside what is loaded.
 * Rules of others are never touched.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/program.h"
#include "cli/setup/audit_rules.h"
#include "cli/setup/change.h"
#include "sources/audit/control.h"
#include "sources/audit/own_rules.h"
#include "sources/audit/rules.h"

#define FILE_NAME AUDIT_RULES_DIR "/" AUDIT_RULES_NAME
#define SECONDS	  30
/* enabled: rules and settings cannot be changed until the next boot. */
#define LOCKED	  2

static bool has_dir(void *ctx, const char *path)
{
	const struct setup *s = ctx;
	CLEANUP_FD int fd = openat(
	    s->root, path + 1, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0;
}

static bool is_rules_file(const char *name)
{
	return str_ends(str_z(name), STR(".rules")) &&
	       strcmp(name, AUDIT_RULES_NAME) != 0;
}

/* The greatest backlog limit that other files ask for. */
static int others_backlog(int root, uint64_t *ret, struct err *err)
{
	int fd = openat(
	    root, &AUDIT_RULES_DIR[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	*ret = 0;
	if (!dir && errno == ENOENT)
		return err_set(err, -ENOENT,
		    AUDIT_RULES_DIR
		    " is not there: install auditd (apt install auditd, dnf "
		    "install audit), which reads it");
	if (!dir)
		return err_sys(err, -errno, "cannot read " AUDIT_RULES_DIR);
	while ((entry = readdir(dir)) != NULL) {
		struct buf text = BUF_INIT;
		uint64_t v;

		if (!is_rules_file(entry->d_name))
			continue;
		if (fd_read_file(fd, entry->d_name, PLACED_MAX, &text) == 0) {
			v = audit_rules_backlog(buf_str(&text));
			*ret = v > *ret ? v : *ret;
		}
		buf_free(&text);
	}
	closedir(dir);
	return 0;
}

static int rules_edit(struct setup *s, const struct placed *before, bool ours,
    struct buf *ret, struct err *err)
{
	uint64_t backlog;
	int r = others_backlog(s->root, &backlog, err);

	if (r == 0)
		audit_rules_write(ret, has_dir, s, backlog);
	return r;
}

static int rules_check(
    const struct setup *s, const struct buf *content, struct err *err)
{
	if (s->live && !program_installed("auditctl"))
		return err_set(err, -ENOENT,
		    "auditctl is not installed: install auditd (apt install "
		    "auditd, dnf install audit)");
	return 0;
}

static void count_ours(void *ctx, const struct rule *rule)
{
	size_t *n = ctx;

	*n += str_starts(rule->key, STR(OWN_RULES_SETUP_KEY));
}

static void note_never_task(void *ctx, const struct rule *rule)
{
	bool *never = ctx;

	*never = *never || rule->never_task;
}

static int load(const struct buf *content, struct err *err)
{
	const char *const argv[] = {"auditctl", "-R", FILE_NAME, NULL};
	size_t wanted = audit_rules_count(buf_str(content)), n = 0;
	struct program p;
	int r = rules_delete(STR(OWN_RULES_SETUP_KEY), err);

	if (r < 0)
		return r;
	r = program_run(&p, argv, SECONDS, err);
	if (r == 0)
		r = program_check(&p, err, "auditctl -R " FILE_NAME);
	program_free(&p);
	if (r == 0)
		r = rules_each(count_ours, &n, err);
	if (r == 0 && n != wanted)
		r = err_set(err, -EIO, "of %zu rules in %s the kernel has %zu",
		    wanted, FILE_NAME, n);
	return r;
}

static int switch_on(struct err *err)
{
	const struct audit_status on = {
	    .mask = AUDIT_STATUS_ENABLED, .enabled = 1};

	return control_set(&on, err);
}

/* What else must be so that something comes of the rules. */
static void add_notes(struct setup *s, const struct audit_status *st)
{
	bool never = false;

	if (rules_each(note_never_task, &never, NULL) == 0 && never)
		buf_add_z(&s->notes,
		    "But the rule '-a never,task' is loaded too, and no "
		    "process that began under it is seen: remove it "
		    "from " AUDIT_RULES_DIR
		    ", then augenrules --load, and log in "
		    "anew\n");
	if (!st->pid)
		buf_add_z(&s->notes,
		    "No audit daemon runs, which loads the file again at each "
		    "boot: systemctl enable --now auditd\n");
}

static int rules_begin(
    struct setup *s, const struct buf *content, struct err *err)
{
	struct audit_status st;
	struct err why = {""};
	int r = control_status(&st, &why);

	if (r < 0) {
		buf_printf(
		    &s->notes, "The rules are not loaded now: %s\n", why.text);
		return 0;
	}
	if (st.enabled == LOCKED) {
		buf_add_z(&s->notes,
		    "Audit is locked (enabled 2): the rules are loaded at the "
		    "next boot\n");
		return 0;
	}
	r = load(content, err);
	if (r == 0 && !st.enabled)
		r = switch_on(err);
	if (r < 0)
		return r;
	buf_printf(&s->notes, "The kernel has the %zu rules\n",
	    audit_rules_count(buf_str(content)));
	add_notes(s, &st);
	return 0;
}

static void rules_keep(struct kept *ret)
{
	struct audit_status st;

	if (control_status(&st, NULL) < 0)
		return;
	*ret = (struct kept){
	    true, st.enabled, st.backlog_limit, st.backlog_wait_time};
}

/* Settings that are still what the rules made of them. */
static int put_back(
    const struct audit_status *now, const struct kept *kept, struct err *err)
{
	struct audit_status set = {.enabled = kept->enabled,
	    .backlog_limit = kept->backlog_limit,
	    .backlog_wait_time = kept->backlog_wait_time};

	if (now->enabled == 1 && kept->enabled == 0)
		set.mask |= AUDIT_STATUS_ENABLED;
	if (now->backlog_limit == AUDIT_BACKLOG)
		set.mask |= AUDIT_STATUS_BACKLOG_LIMIT;
	if (now->backlog_wait_time == 0)
		set.mask |= AUDIT_STATUS_BACKLOG_WAIT_TIME;
	return set.mask ? control_set(&set, err) : 0;
}

static int rules_end(struct setup *s, const struct kept *kept, struct err *err)
{
	struct audit_status st;
	int n;

	if (control_status(&st, NULL) < 0)
		return 0;
	if (st.enabled == LOCKED) {
		buf_add_z(&s->notes, "Audit is locked (enabled 2): the rules "
				     "stay loaded until the next boot\n");
		return 0;
	}
	n = rules_delete(STR(OWN_RULES_SETUP_KEY), err);
	if (n < 0)
		return n;
	buf_printf(&s->notes, "%d rules were unloaded\n", n);
	return kept->known ? put_back(&st, kept, err) : 0;
}

/* Where audit cannot be asked or changed, nothing is left to be done. */
static bool rules_active(const struct buf *content)
{
	struct audit_status st;
	size_t n = 0;

	if (control_status(&st, NULL) < 0 || st.enabled == LOCKED)
		return true;
	return st.enabled && st.backlog_wait_time == 0 &&
	       rules_each(count_ours, &n, NULL) == 0 &&
	       n == audit_rules_count(buf_str(content));
}

const struct change change_audit_rules = {
    .name = "audit-rules",
    .summary = "the kernel's audit tells what login sessions run and change",
    .file = FILE_NAME,
    .mode = 0640,
    .edit = rules_edit,
    .check = rules_check,
    .begin = rules_begin,
    .keep = rules_keep,
    .end = rules_end,
    .active = rules_active,
};
