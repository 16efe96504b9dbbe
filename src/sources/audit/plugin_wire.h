/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between auditd's plugin (src/plugin/) and the tap: a stream socket on which
 * the plugin sends the lines that auditd gave it, and nothing comes back. Both
 * ends are root's: each asks the kernel who the other one is.
 */
#ifndef SOURCES_AUDIT_PLUGIN_WIRE_H
#define SOURCES_AUDIT_PLUGIN_WIRE_H

#define PLUGIN_SOCKET	"/run/sshtrail/audit-plugin"
/* As SOURCE_LINE_MAX; auditd writes less than 16 KiB. */
#define PLUGIN_LINE_MAX 65536
/*
 * A line that begins so tells in decimal how many records were lost as nobody
 * took them. No record begins so.
 */
#define PLUGIN_LOST	"\1lost "

#endif
