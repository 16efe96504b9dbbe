/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/traits.h"

#define AUTHPRIV FACILITY_AUTHPRIV
#define AUDIT	 FACILITY_AUDIT

static const struct traits unknown = {
    "OTHER", "Other record", AUDIT, 6, 1, NULL, "info", 0, 99};

/* clang-format off */
static const struct traits rows[EVENT_N_KINDS] = {
    [EVENT_CONN_OPEN] = {"CONNOPEN", "SSH connection opened", AUTHPRIV, 6, 1,
	"network", "connection,start", 4007, 1},
    [EVENT_CONN_CLOSE] = {"CONNCLOSE", "SSH connection closed", AUTHPRIV, 6, 1,
	"network", "connection,end", 4007, 2},
    [EVENT_AUTH_OK] = {"AUTHOK", "SSH login accepted", AUTHPRIV, 6, 3,
	"authentication", "start", 3002, 1},
    [EVENT_AUTH_FAIL] = {"AUTHFAIL", "SSH login failed", AUTHPRIV, 4, 5,
	"authentication", "start", 3002, 1},
    [EVENT_AUTH_PARTIAL] = {"AUTHPARTIAL", "SSH login in progress", AUTHPRIV,
	6, 2, "authentication", "info", 3002, 99},
    [EVENT_SESSION_OPEN] = {"SESSIONOPEN", "Login session began", AUTHPRIV, 6,
	3, "session", "start", 3002, 99},
    [EVENT_SESSION_CLOSE] = {"SESSIONCLOSE", "Login session ended", AUTHPRIV,
	6, 3, "session", "end", 3002, 2},
    [EVENT_CHANNEL_OPEN] = {"CHANNELOPEN", "SSH channel opened", AUTHPRIV, 6,
	2, "session", "start", 4007, 99},
    [EVENT_CHANNEL_CLOSE] = {"CHANNELCLOSE", "SSH channel closed", AUTHPRIV, 6,
	2, "session", "end", 4007, 99},
    [EVENT_EXEC] = {"EXEC", "Command executed", AUDIT, 6, 3, "process",
	"start", 1007, 1},
    [EVENT_EXIT] = {"EXIT", "Process ended", AUDIT, 6, 1, "process", "end",
	1007, 2},
    [EVENT_FILE] = {"FILE", "File acted on", AUDIT, 6, 4, "file", "change",
	1001, 3},
    [EVENT_NET_CONNECT] = {"NETCONNECT", "Outbound connection", AUDIT, 6, 4,
	"network", "connection,start", 4001, 1},
    [EVENT_NET_LISTEN] = {"NETLISTEN", "Process listens", AUDIT, 6, 4,
	"network", "connection,info", 4001, 7},
    [EVENT_FORWARD] = {"FORWARD", "SSH port forward", AUTHPRIV, 5, 5,
	"network", "connection,start", 4007, 99},
    [EVENT_PRIV] = {"PRIV", "Change of identity", AUTHPRIV, 5, 5, "process",
	"change", 3002, 7},
    [EVENT_TTY_INPUT] = {"TTYINPUT", "Keystrokes", AUDIT, 6, 3, "process",
	"info", 1007, 99},
    [EVENT_ACCOUNT] = {"ACCOUNT", "Account changed", AUTHPRIV, 5, 5, "iam",
	"user,change", 3001, 99},
    [EVENT_CONFIG] = {"CONFIG", "Configuration changed", AUDIT, 5, 6,
	"configuration", "change", 0, 99},
    [EVENT_HOST_BOOT] = {"HOSTBOOT", "Host started or stopped", AUDIT, 5, 4,
	"host", "info", 0, 99},
    [EVENT_AGENT_START] = {"AGENTSTART", "Daemon started", AUDIT, 5, 3,
	"process", "start", 6002, 3},
    [EVENT_AGENT_STOP] = {"AGENTSTOP", "Daemon stopped", AUDIT, 4, 6,
	"process", "end", 6002, 4},
    [EVENT_CLOCK] = {"CLOCK", "Clock changed", AUDIT, 5, 5, "host", "change",
	0, 99},
    [EVENT_GAP] = {"GAP", "Events lost", AUDIT, 2, 9, "configuration", "info",
	1008, 99},
    [EVENT_ALERT] = {"ALERT", "Alert", AUTHPRIV, 1, 8, "intrusion_detection",
	"info", 2004, 1},
    [EVENT_IMPORT_START] = {"IMPORTSTART", "Import began", AUDIT, 6, 1, NULL,
	"info", 1008, 99},
    [EVENT_IMPORT_END] = {"IMPORTEND", "Import ended", AUDIT, 6, 1, NULL,
	"info", 1008, 99},
    [EVENT_OTHER] = {"OTHER", "Other record", AUDIT, 6, 1, NULL, "info", 0,
	99},
};

/* What the operation makes of a kind's type and activity. */
static const struct {
	enum event_kind kind;
	const char *op;
	const char *ecs_type;
	uint8_t ocsf_activity;
} by_op[] = {
    {EVENT_FILE, "create", "creation", 1},
    {EVENT_FILE, "mkdir", "creation", 1},
    {EVENT_FILE, "mknod", "creation", 1},
    {EVENT_FILE, "link", "creation", 1},
    {EVENT_FILE, "symlink", "creation", 1},
    {EVENT_FILE, "open", "access", 14},
    {EVENT_FILE, "opendir", "access", 14},
    {EVENT_FILE, "open-read", "access", 2},
    {EVENT_FILE, "close", "access", 99},
    {EVENT_FILE, "open-write", "change", 3},
    {EVENT_FILE, "truncate", "change", 3},
    {EVENT_FILE, "delete", "deletion", 4},
    {EVENT_FILE, "remove", "deletion", 4},
    {EVENT_FILE, "rmdir", "deletion", 4},
    {EVENT_FILE, "rename", "change", 5},
    {EVENT_FILE, "chmod", "change", 7},
    {EVENT_FILE, "chown", "change", 7},
    {EVENT_FILE, "setxattr", "change", 6},
    {EVENT_FILE, "removexattr", "change", 6},
    {EVENT_FILE, "utime", "change", 6},
    {EVENT_FILE, "utimes", "change", 6},
    {EVENT_FILE, "mount", "change", 12},
    {EVENT_FILE, "umount", "change", 13},
    {EVENT_ACCOUNT, "add-user", "user,creation", 1},
    {EVENT_ACCOUNT, "change-password", "user,change", 3},
    {EVENT_ACCOUNT, "remove-user", "user,deletion", 6},
    {EVENT_ACCOUNT, "lock", "user,change", 9},
    {EVENT_ACCOUNT, "identity", "user,info", 99},
    {EVENT_ACCOUNT, "key", "user,info", 99},
    {EVENT_ACCOUNT, "passwd", "user,info", 99},
    {EVENT_HOST_BOOT, "boot", "start", 99},
    {EVENT_HOST_BOOT, "shutdown", "end", 99},
};
/* clang-format on */

enum outcome traits_outcome(const struct event *ev)
{
	if (ev->kind == EVENT_AUTH_OK)
		return OUTCOME_SUCCESS;
	if (ev->kind == EVENT_AUTH_FAIL)
		return OUTCOME_FAILURE;
	if (event_has(ev, F_SUCCESS))
		return ev->v[F_SUCCESS].i ? OUTCOME_SUCCESS : OUTCOME_FAILURE;
	return OUTCOME_UNKNOWN;
}

struct traits traits_of(const struct event *ev)
{
	const struct str op = event_str(ev, F_OP);
	struct traits t = unknown;

	if (ev->kind < EVENT_N_KINDS && rows[ev->kind].msgid)
		t = rows[ev->kind];
	for (size_t i = 0; op.n && i < sizeof by_op / sizeof *by_op; i++)
		if (by_op[i].kind == ev->kind && str_eqz(op, by_op[i].op)) {
			t.ecs_type = by_op[i].ecs_type;
			t.ocsf_activity = by_op[i].ocsf_activity;
		}
	/* Somebody tried what was not allowed. */
	if (traits_outcome(ev) == OUTCOME_FAILURE && t.severity > 4 &&
	    (ev->kind == EVENT_PRIV || ev->kind == EVENT_ACCOUNT ||
		ev->kind == EVENT_FORWARD || ev->kind == EVENT_CONFIG)) {
		t.severity = 4;
		t.cef_severity++;
	}
	return t;
}
