/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auditd runs sshtrail-audit-plugin (auditd-plugins(5), auditd 3 and later), so
 * that its records reach sshtraild also where that is slow, or begins anew.
 */
#include <errno.h>
#include <unistd.h>

#include "cli/setup/change.h"

static int plugin_edit(struct setup *s, const struct placed *before, bool ours,
    struct buf *ret, struct err *err)
{
	buf_add_z(ret,
	    "# Made by 'sshtrail setup audit-plugin', which undoes it too.\n"
	    "active = yes\n"
	    "direction = out\n"
	    "path = " AUDIT_PLUGIN_PATH "\n"
	    "type = always\n"
	    "format = string\n");
	return 0;
}

static int plugin_check(
    const struct setup *s, const struct buf *content, struct err *err)
{
	if (s->live && access(AUDIT_PLUGIN_PATH, X_OK) < 0)
		return err_sys(err, -errno,
		    AUDIT_PLUGIN_PATH ": auditd could not run it; it is "
				      "installed with sshtraild");
	return 0;
}

static void note_reload(struct setup *s)
{
	buf_add_z(&s->notes, "auditd takes it once it reads its configuration "
			     "again: auditctl --signal reload (auditd 4), or "
			     "kill -HUP $(pidof auditd)\n");
}

static int plugin_begin(
    struct setup *s, const struct buf *content, struct err *err)
{
	note_reload(s);
	return 0;
}

static int plugin_end(struct setup *s, const struct kept *kept, struct err *err)
{
	note_reload(s);
	return 0;
}

const struct change change_audit_plugin = {
    .name = "audit-plugin",
    .summary = "auditd hands its records on to sshtraild, too",
    .file = "/etc/audit/plugins.d/sshtrail.conf",
    .mode = 0640,
    .edit = plugin_edit,
    .check = plugin_check,
    .begin = plugin_begin,
    .end = plugin_end,
};
