/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open Cybersecurity Schema Framework 1.8.0: https://schema.ocsf.io. Each
 * event has what its class requires; what the class has no attribute for lies
 * below "unmapped".
 */
#include <stdio.h>

#include "outputs/mapping.h"
#include "outputs/plain.h"

#define LOGINS                                                                 \
	(KIND(AUTH_OK) | KIND(AUTH_FAIL) | KIND(AUTH_PARTIAL) |                \
	    KIND(SESSION_OPEN) | KIND(SESSION_CLOSE))
#define SSH                                                                    \
	(KIND(CONN_OPEN) | KIND(CONN_CLOSE) | KIND(CHANNEL_OPEN) |             \
	    KIND(CHANNEL_CLOSE) | KIND(FORWARD))
#define PROCESSES (KIND(EXEC) | KIND(EXIT) | KIND(TTY_INPUT))
#define NETWORK	  (KIND(NET_CONNECT) | KIND(NET_LISTEN))
#define AGENT	  (KIND(AGENT_START) | KIND(AGENT_STOP))
#define LOGS	  (KIND(GAP) | KIND(IMPORT_START) | KIND(IMPORT_END))

static bool class_uid(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	buf_add_u64(b, t->ocsf_class);
	return true;
}

static bool category_uid(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	buf_add_u64(b, t->ocsf_class / 1000);
	return true;
}

static bool activity_id(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	buf_add_u64(b, t->ocsf_activity);
	return true;
}

/* Only where no number says it. */
static bool activity_name(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	if (t->ocsf_activity != 99)
		return false;
	buf_printf(b, "\"%s\"", event_kind_name(ev->kind));
	return true;
}

static bool type_uid(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	buf_add_u64(b, t->ocsf_class * 100ul + t->ocsf_activity);
	return true;
}

static bool severity_id(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	static const char by_syslog[] = "6544321";

	buf_add_char(b, t->severity < 7 ? by_syslog[t->severity] : '1');
	return true;
}

static bool status_id(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	buf_add_char(b, "012"[traits_outcome(ev)]);
	return true;
}

/* The user that an authentication is of: required, so never absent. */
static bool subject(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	struct str name = event_str(ev, F_USER);

	if (ev->kind == EVENT_PRIV || ev->kind == EVENT_ACCOUNT) {
		if (event_str(ev, F_TARGET).n)
			name = event_str(ev, F_TARGET);
	}
	if (name.n == 0)
		name = event_str(ev, F_LOGIN_USER);
	plain_add_json(b, name.n ? name : STR("unknown"), 1024);
	return true;
}

static bool actor_name(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	struct str name = event_str(ev, F_LOGIN_USER);

	if (name.n == 0)
		name = event_str(ev, F_USER);
	if (name.n == 0)
		return false;
	plain_add_json(b, name, 1024);
	return true;
}

static bool service_name(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	struct str name = event_str(ev, F_VIA);

	if (name.n == 0)
		name = event_str(ev, F_IDENT);
	plain_add_json(b, name.n ? name : STR("sshd"), 1024);
	return true;
}

static const struct {
	const char *method;
	char id;
} auth_types[] = {
    {"password", '5'},
    {"publickey", '6'},
    {"keyboard-interactive", '4'},
    {"keyboard-interactive/pam", '4'},
    {"hostbased", '3'},
    {"gssapi-with-mic", '2'},
    {"gssapi-keyex", '2'},
};

static bool auth_protocol(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	struct str method = event_str(ev, F_METHOD);
	struct buf text = BUF_INIT;

	buf_add_z(&text, "ssh");
	if (method.n)
		buf_printf(&text, "/%.*s", STR_ARG(method));
	plain_add_json(b, buf_str(&text), 1024);
	buf_free(&text);
	return true;
}

static bool auth_type_id(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	struct str method = event_str(ev, F_METHOD);
	char id = event_has(ev, F_CERT_ID) ? '1' : 0;

	for (size_t i = 0; !id && i < sizeof auth_types / sizeof *auth_types;
	     i++)
		if (str_eqz(method, auth_types[i].method))
			id = auth_types[i].id;
	if (id)
		buf_add_char(b, id);
	return id != 0;
}

/* Where nobody says which process it was, it is a process all the same. */
static bool unknown_process(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	char eid[EVENT_EID_LEN];

	if (event_has(ev, F_PID))
		return false;
	event_eid(ev, eid);
	buf_printf(b, "\"%s\"", eid);
	return true;
}

static bool file_path(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	struct str path = event_str(ev, F_PATH);

	if (path.n == 0)
		path = event_str(ev, F_EXE);
	if (path.n == 0)
		return false;
	plain_add_json(b, path, s->max_text);
	return true;
}

/* Required of a file: its name, or what stands for it. */
static bool file_name(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	struct str path = event_str(ev, F_PATH);
	size_t slash = str_rfind_char(path, '/');
	char text[32];

	if (path.n == 0) {
		snprintf(text, sizeof text, "inode %lld",
		    (long long)event_int(ev, F_INODE, 0));
		path = str_z(text);
	} else if (slash != STR_NPOS && slash + 1 < path.n) {
		path = str_from(path, slash + 1);
	}
	plain_add_json(b, path, s->max_text);
	return true;
}

static bool log_name(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	struct str name = event_str(ev, F_FILE_NAME);

	plain_add_json(b, name.n ? name : STR("sshtrail"), s->max_text);
	return true;
}

static const struct mapping ocsf[] = {
    MAP_MADE("activity_id", activity_id, 0),
    MAP_MADE("activity_name", activity_name, 0),
    MAP_MADE("category_uid", category_uid, 0),
    MAP_MADE("class_uid", class_uid, 0),
    MAP_MADE("type_uid", type_uid, 0),
    MAP_MADE("severity_id", severity_id, 0),
    MAP_MADE("status_id", status_id, 0),
    MAP_OF("status_detail", MAP_FIELD, F_REASON, 0),
    MAP_EVENT("time", MAP_TIME_MSEC, 0),
    MAP_OF("duration", MAP_MSEC, F_DURATION, 0),
    MAP_EVENT("message", MAP_SENTENCE, 0),
    MAP_FIXED("metadata.version", "\"1.8.0\"", 0),
    MAP_EVENT("metadata.uid", MAP_EID, 0),
    MAP_EVENT("metadata.sequence", MAP_SEQ, 0),
    MAP_EVENT("metadata.event_code", MAP_KIND, 0),
    MAP_EVENT("metadata.correlation_uid", MAP_SESSION, 0),
    MAP_EVENT("metadata.log_provider", MAP_SOURCE, 0),
    MAP_FIXED("metadata.product.name", "\"sshtrail\"", 0),
    MAP_FIXED("metadata.product.vendor_name", "\"sshtrail\"", 0),
    MAP_FIXED("metadata.product.version", "\"" SSHTRAIL_VERSION "\"", 0),
    MAP_EVENT("device.hostname", MAP_HOST, 0),
    MAP_FIXED("device.type_id", "1", 0),
    MAP_FIXED("actor.app_name", "\"sshd\"", PROCESSES | KIND(FILE)),
    MAP_MADE("actor.user.name", actor_name, 0),
    MAP_OF("actor.user.uid", MAP_TEXT, F_AUID, 0),
    MAP_EVENT("actor.session.uid", MAP_SESSION, 0),
    MAP_OF("actor.session.terminal", MAP_FIELD, F_TTY, 0),
    MAP_OF("actor.process.pid", MAP_FIELD, F_PPID, PROCESSES),
    MAP_OF("actor.process.pid", MAP_FIELD, F_PID,
	KIND(FILE) | NETWORK | KIND(PRIV)),
    MAP_OF("actor.process.name", MAP_FIELD, F_COMM,
	KIND(FILE) | NETWORK | KIND(PRIV)),
    MAP_EVENT("actor.process.cmd_line", MAP_COMMAND, KIND(PRIV)),
    MAP_OF("actor.process.working_directory", MAP_FIELD, F_CWD, KIND(PRIV)),
    /* 3002 Authentication, 3001 Account Change */
    MAP_MADE("user.name", subject, LOGINS | KIND(PRIV) | KIND(ACCOUNT)),
    MAP_MADE("service.name", service_name, LOGINS | KIND(PRIV)),
    MAP_FIXED("is_remote", "true", LOGINS),
    MAP_FIXED("logon_type_id", "10", KIND(AUTH_OK)),
    MAP_FIXED("auth_protocol_id", "99", LOGINS),
    MAP_MADE("auth_protocol", auth_protocol, LOGINS),
    MAP_OF("certificate.uid", MAP_FIELD, F_CERT_ID, LOGINS),
    MAP_OF("certificate.serial_number", MAP_FIELD, F_CERT_SERIAL, LOGINS),
    /* 4007 SSH Activity, 4001 Network Activity */
    MAP_MADE("auth_type_id", auth_type_id, SSH),
    MAP_OF("src_endpoint.ip", MAP_IP, F_ADDR, LOGINS | SSH),
    MAP_OF("src_endpoint.hostname", MAP_DOMAIN, F_ADDR, LOGINS | SSH),
    MAP_OF("src_endpoint.port", MAP_FIELD, F_PORT, LOGINS | SSH),
    MAP_EVENT("src_endpoint.hostname", MAP_HOST, NETWORK),
    MAP_OF("src_endpoint.ip", MAP_IP, F_LADDR, KIND(NET_CONNECT)),
    MAP_OF("src_endpoint.port", MAP_FIELD, F_LPORT, KIND(NET_CONNECT)),
    MAP_OF("dst_endpoint.ip", MAP_IP, F_ADDR, KIND(NET_CONNECT)),
    MAP_OF("dst_endpoint.hostname", MAP_DOMAIN, F_ADDR, KIND(NET_CONNECT)),
    MAP_OF("dst_endpoint.port", MAP_FIELD, F_PORT, KIND(NET_CONNECT)),
    MAP_EVENT("dst_endpoint.hostname", MAP_HOST, LOGINS | SSH),
    MAP_OF("dst_endpoint.ip", MAP_IP, F_LADDR, LOGINS | SSH | KIND(NET_LISTEN)),
    MAP_OF("dst_endpoint.port", MAP_FIELD, F_LPORT,
	LOGINS | SSH | KIND(NET_LISTEN)),
    MAP_FIXED("connection_info.direction_id", "1", SSH & ~KIND(FORWARD)),
    MAP_FIXED("connection_info.direction_id", "2", KIND(NET_CONNECT)),
    /* 1007 Process Activity */
    MAP_FIXED("launch_type_id", "3", KIND(EXEC)),
    MAP_OF("exit_code", MAP_FIELD, F_EXIT, KIND(EXIT)),
    MAP_OF("process.pid", MAP_FIELD, F_PID, PROCESSES),
    MAP_MADE("process.uid", unknown_process, PROCESSES),
    MAP_OF("process.name", MAP_FIELD, F_COMM, PROCESSES),
    MAP_EVENT("process.cmd_line", MAP_COMMAND, PROCESSES),
    MAP_OF("process.working_directory", MAP_FIELD, F_CWD, PROCESSES),
    MAP_OF("process.user.uid", MAP_TEXT, F_EUID, PROCESSES),
    MAP_OF("process.file.name", MAP_NAME, F_EXE, PROCESSES),
    MAP_OF("process.file.path", MAP_FIELD, F_EXE, PROCESSES),
    MAP_WHERE("process.file.type_id", F_EXE, "1", PROCESSES),
    /* 1001 File System Activity */
    MAP_MADE("file.name", file_name, KIND(FILE)),
    MAP_MADE("file.path", file_path, KIND(FILE)),
    MAP_FIXED("file.type_id", "0", KIND(FILE)),
    MAP_OF("file_result.name", MAP_NAME, F_PATH2, KIND(FILE)),
    MAP_OF("file_result.path", MAP_FIELD, F_PATH2, KIND(FILE)),
    MAP_WHERE("file_result.type_id", F_PATH2, "0", KIND(FILE)),
    /* 2004 Detection Finding, 1008 Event Log, 6002 Application Lifecycle */
    MAP_EVENT("finding_info.uid", MAP_EID, KIND(ALERT)),
    MAP_EVENT("finding_info.title", MAP_SENTENCE, KIND(ALERT)),
    MAP_MADE("log_name", log_name, LOGS),
    MAP_MADE("app.name", service_name, AGENT),
    MAP_EVENT("unmapped.kind", MAP_KIND, 0),
    MAP_EVENT("unmapped.trust", MAP_TRUST, 0),
    MAP_LAST,
};

static void ocsf_write(
    const struct event *ev, const struct format_settings *s, struct buf *b)
{
	mapping_write(ev, ocsf, "unmapped", s, b);
}

const struct event_format format_ocsf = {
    "ocsf", "Open Cybersecurity Schema Framework 1.8 events", ocsf_write, 1};
