/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elastic Common Schema 9: https://www.elastic.co/guide/en/ecs/current/. What
 * it has no field for lies below "sshtrail".
 */
#include "core/json_string.h"
#include "outputs/mapping.h"
#include "outputs/plain.h"

#define LOGINS                                                                 \
	(KIND(CONN_OPEN) | KIND(CONN_CLOSE) | KIND(AUTH_OK) |                  \
	    KIND(AUTH_FAIL) | KIND(AUTH_PARTIAL) | KIND(SESSION_OPEN) |        \
	    KIND(SESSION_CLOSE) | KIND(CHANNEL_OPEN) | KIND(CHANNEL_CLOSE) |   \
	    KIND(PRIV) | KIND(FORWARD) | KIND(ACCOUNT) | KIND(FILE) |          \
	    KIND(ALERT))
#define OUTBOUND KIND(NET_CONNECT)

/* "a,b" as ["a","b"]. */
static bool add_words(const char *words, struct buf *b)
{
	struct str rest = str_z(words), word;
	char sep = '[';
	bool more = true;

	if (!words)
		return false;
	while (more) {
		more = str_cut(&rest, ',', &word);
		buf_printf(b, "%c\"%.*s\"", sep, STR_ARG(word));
		sep = ',';
	}
	buf_add_char(b, ']');
	return true;
}

static bool event_kind_word(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	buf_add_z(b, ev->kind == EVENT_ALERT || ev->kind == EVENT_GAP
			 ? "\"alert\""
			 : "\"event\"");
	return true;
}

static bool category(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	return add_words(t->ecs_category, b);
}

static bool type(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	return add_words(t->ecs_type, b);
}

static bool outcome(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	static const char *const words[] = {
	    "\"unknown\"", "\"success\"", "\"failure\""};

	buf_add_z(b, words[traits_outcome(ev)]);
	return true;
}

static bool severity(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	buf_add_u64(b, t->severity);
	return true;
}

/* An array of what is there of some fields, each once. */
static bool add_related(const struct event *ev, const enum field *fields,
    size_t n, bool addresses, struct buf *b)
{
	char sep = '[';

	for (size_t i = 0; i < n; i++) {
		struct str s = event_str(ev, fields[i]);
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again = again || str_eq(s, event_str(ev, fields[k]));
		if (s.n == 0 || again || (addresses && !is_address(s)))
			continue;
		buf_add_char(b, sep);
		plain_add_json(b, s, 1024);
		sep = ',';
	}
	if (sep == ',')
		buf_add_char(b, ']');
	return sep == ',';
}

static bool related_users(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	static const enum field fields[] = {F_LOGIN_USER, F_USER, F_TARGET};

	return add_related(
	    ev, fields, sizeof fields / sizeof *fields, false, b);
}

static bool related_addresses(const struct event *ev, const struct traits *t,
    const struct format_settings *s, struct buf *b)
{
	static const enum field fields[] = {F_ADDR, F_LADDR, F_DEST};

	return add_related(ev, fields, sizeof fields / sizeof *fields, true, b);
}

/* Who logged in, whatever the event's own user is. */
static bool login_name(const struct event *ev, const struct traits *t,
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

static const struct mapping ecs[] = {
    MAP_EVENT("@timestamp", MAP_TIME_ISO, 0),
    MAP_FIXED("ecs.version", "\"9.4.0\"", 0),
    MAP_EVENT("message", MAP_SENTENCE, 0),
    MAP_EVENT("event.id", MAP_EID, 0),
    MAP_EVENT("event.sequence", MAP_SEQ, 0),
    MAP_MADE("event.kind", event_kind_word, 0),
    MAP_MADE("event.category", category, 0),
    MAP_MADE("event.type", type, 0),
    MAP_EVENT("event.action", MAP_KIND, 0),
    MAP_MADE("event.outcome", outcome, 0),
    MAP_MADE("event.severity", severity, 0),
    MAP_OF("event.reason", MAP_FIELD, F_REASON, 0),
    MAP_OF("event.duration", MAP_NSEC, F_DURATION, 0),
    MAP_FIXED("event.module", "\"sshtrail\"", 0),
    MAP_FIXED("event.dataset", "\"sshtrail.events\"", 0),
    MAP_EVENT("event.provider", MAP_SOURCE, 0),
    MAP_EVENT("host.name", MAP_HOST, 0),
    MAP_EVENT("host.boot.id", MAP_BOOT, 0),
    MAP_MADE("user.name", login_name, 0),
    MAP_OF("user.id", MAP_TEXT, F_AUID, 0),
    MAP_OF("user.target.name", MAP_FIELD, F_TARGET, 0),
    MAP_OF("user.effective.id", MAP_TEXT, F_EUID, 0),
    MAP_OF("source.address", MAP_FIELD, F_ADDR, LOGINS),
    MAP_OF("source.ip", MAP_IP, F_ADDR, LOGINS),
    MAP_OF("source.domain", MAP_DOMAIN, F_ADDR, LOGINS),
    MAP_OF("source.port", MAP_FIELD, F_PORT, LOGINS),
    MAP_OF("source.ip", MAP_IP, F_LADDR, OUTBOUND),
    MAP_OF("source.port", MAP_FIELD, F_LPORT, OUTBOUND),
    MAP_OF("destination.address", MAP_FIELD, F_ADDR, OUTBOUND),
    MAP_OF("destination.ip", MAP_IP, F_ADDR, OUTBOUND),
    MAP_OF("destination.port", MAP_FIELD, F_PORT, OUTBOUND),
    MAP_OF("destination.address", MAP_FIELD, F_DEST, KIND(FORWARD)),
    MAP_OF("destination.ip", MAP_IP, F_DEST, KIND(FORWARD)),
    MAP_OF("destination.port", MAP_FIELD, F_DPORT, KIND(FORWARD)),
    MAP_OF("destination.ip", MAP_IP, F_LADDR,
	LOGINS & ~(KIND(FORWARD) | KIND(FILE))),
    MAP_OF("destination.port", MAP_FIELD, F_LPORT,
	LOGINS & ~(KIND(FORWARD) | KIND(FILE))),
    MAP_OF("process.pid", MAP_FIELD, F_PID, 0),
    MAP_OF("process.name", MAP_FIELD, F_COMM, 0),
    MAP_OF("process.executable", MAP_FIELD, F_EXE, 0),
    MAP_OF("process.args", MAP_FIELD, F_ARGV, 0),
    MAP_EVENT("process.command_line", MAP_COMMAND, 0),
    MAP_OF("process.working_directory", MAP_FIELD, F_CWD, 0),
    MAP_OF("process.exit_code", MAP_FIELD, F_EXIT, KIND(EXIT)),
    MAP_OF("process.interactive", MAP_FIELD, F_INTERACTIVE, 0),
    MAP_OF("process.parent.pid", MAP_FIELD, F_PPID, 0),
    MAP_EVENT("process.entry_leader.entity_id", MAP_SESSION, 0),
    MAP_FIXED("process.entry_leader.entry_meta.type", "\"sshd\"",
	KIND(EXEC) | KIND(EXIT)),
    MAP_OF("file.path", MAP_FIELD, F_PATH, KIND(FILE) | KIND(CONFIG)),
    MAP_OF("file.name", MAP_NAME, F_PATH, KIND(FILE) | KIND(CONFIG)),
    MAP_OF("file.mode", MAP_OCTAL, F_MODE, KIND(FILE)),
    MAP_OF("file.inode", MAP_TEXT, F_INODE, KIND(FILE)),
    MAP_MADE("related.user", related_users, 0),
    MAP_MADE("related.ip", related_addresses, 0),
    MAP_EVENT("sshtrail.kind", MAP_KIND, 0),
    MAP_EVENT("sshtrail.session", MAP_SESSION, 0),
    MAP_EVENT("sshtrail.trust", MAP_TRUST, 0),
    MAP_LAST,
};

static void ecs_write(
    const struct event *ev, const struct format_settings *s, struct buf *b)
{
	mapping_write(ev, ecs, "sshtrail", s, b);
}

/* Data streams take nothing but "create". */
static void ecs_bulk_write(
    const struct event *ev, const struct format_settings *s, struct buf *b)
{
	char eid[EVENT_EID_LEN];

	event_eid(ev, eid);
	buf_printf(b, "{\"create\":{\"_id\":\"%s\"}}\n", eid);
	ecs_write(ev, s, b);
}

const struct event_format format_ecs = {
    "ecs", "Elastic Common Schema documents", ecs_write, 1};
const struct event_format format_ecs_bulk = {"ecs-bulk",
    "the same as lines for the _bulk interface, each with its _id",
    ecs_bulk_write, 2};
