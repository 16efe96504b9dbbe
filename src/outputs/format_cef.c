/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ArcSight Common Event Format, version 0. Keys are those of its dictionary;
 * cs1 to cs6 and cn1 have labels. In the header a backslash and a bar are
 * escaped, in the extension a backslash and an equals sign.
 */
#include "core/event_text.h"
#include "outputs/event_format.h"
#include "outputs/mapping.h"
#include "outputs/plain.h"

/* What one value may hold, where the settings do not say less. */
#define VALUE_MAX 4000

enum how { FIELD, ADDRESS, LOGIN, COMMAND };

struct extension {
	const char *key;
	enum field field;
	enum how how;
	uint64_t kinds;
	const char *label; /* of a custom key */
};

#define OUTBOUND KIND(NET_CONNECT)
#define INBOUND	 (~OUTBOUND)

static const struct extension extensions[] = {
    {"src", F_ADDR, ADDRESS, INBOUND, NULL},
    {"spt", F_PORT, FIELD, INBOUND, NULL},
    {"dst", F_LADDR, ADDRESS, INBOUND, NULL},
    {"dpt", F_LPORT, FIELD, INBOUND, NULL},
    {"dst", F_ADDR, ADDRESS, OUTBOUND, NULL},
    {"dpt", F_PORT, FIELD, OUTBOUND, NULL},
    {"src", F_LADDR, ADDRESS, OUTBOUND, NULL},
    {"spt", F_LPORT, FIELD, OUTBOUND, NULL},
    {"suser", F_USER, LOGIN, ~KIND(AUTH_FAIL), NULL},
    {"suid", F_AUID, FIELD, 0, NULL},
    {"duser", F_TARGET, FIELD, ~KIND(AUTH_FAIL), NULL},
    {"duser", F_USER, FIELD, KIND(AUTH_FAIL), NULL},
    {"duid", F_EUID, FIELD, 0, NULL},
    {"spid", F_PPID, FIELD, 0, NULL},
    {"dpid", F_PID, FIELD, 0, NULL},
    {"dproc", F_EXE, FIELD, 0, NULL},
    {"filePath", F_PATH, FIELD, 0, NULL},
    {"oldFilePath", F_PATH2, FIELD, 0, NULL},
    {"reason", F_REASON, FIELD, 0, NULL},
    {"in", F_BYTES_WRITTEN, FIELD, KIND(FILE), NULL},
    {"out", F_BYTES_READ, FIELD, KIND(FILE), NULL},
    {"cs2", F_ARGV, COMMAND, 0, "commandLine"},
    {"cs3", F_CWD, FIELD, 0, "cwd"},
    {"cs4", F_METHOD, FIELD, 0, "authMethod"},
    {"cs5", F_FP, FIELD, 0, "keyFingerprint"},
    {"cs6", F_PERSON, FIELD, 0, "person"},
    {"cn1", F_EXIT, FIELD, 0, "exitStatus"},
};

static size_t limit(const struct format_settings *s)
{
	return s->max_text && s->max_text < VALUE_MAX ? s->max_text : VALUE_MAX;
}

/* What `special` lists gets a backslash before it. */
static void add_escaped(
    struct buf *b, struct str s, const char *special, size_t max)
{
	struct buf text = BUF_INIT;

	plain_add(&text, s, max);
	for (size_t i = 0; i < text.n; i++) {
		if (strchr(special, text.p[i]) && text.p[i])
			buf_add_char(b, '\\');
		buf_add_char(b, text.p[i]);
	}
	buf_free(&text);
}

static void add_pair(
    struct buf *b, const char *key, struct str value, size_t max)
{
	buf_printf(b, " %s=", key);
	add_escaped(b, value, "\\=", max);
}

static bool value_of(
    const struct event *ev, const struct extension *x, struct buf *text)
{
	if (x->kinds && !(x->kinds >> ev->kind & 1))
		return false;
	if (x->how == COMMAND) {
		event_command(ev, text);
		return text->n != 0;
	}
	if (x->how == LOGIN && event_has(ev, F_LOGIN_USER)) {
		buf_add_str(text, event_str(ev, F_LOGIN_USER));
		return true;
	}
	if (!event_has(ev, x->field))
		return false;
	if (event_fields[x->field].type == FIELD_INT)
		buf_add_i64(text, ev->v[x->field].i);
	else
		buf_add_str(text, ev->v[x->field].s);
	return x->how != ADDRESS || is_address(buf_str(text));
}

static void add_extension(struct buf *b, const struct event *ev,
    const struct extension *x, const struct format_settings *s)
{
	struct buf text = BUF_INIT;

	if (value_of(ev, x, &text)) {
		if (x->label)
			buf_printf(b, " %sLabel=%s", x->key, x->label);
		add_pair(b, x->key, buf_str(&text), limit(s));
	}
	buf_free(&text);
}

static void add_header(
    struct buf *b, const struct event *ev, const struct traits *t)
{
	buf_printf(b, "CEF:0|sshtrail|sshtrail|" SSHTRAIL_VERSION "|%s|",
	    event_kind_name(ev->kind));
	add_escaped(b, str_z(t->title), "\\|", 0);
	buf_printf(b, "|%u|", t->cef_severity);
}

static void cef_write(
    const struct event *ev, const struct format_settings *s, struct buf *b)
{
	static const char *const outcomes[] = {NULL, "success", "failure"};
	const struct traits t = traits_of(ev);
	const char *outcome = outcomes[traits_outcome(ev)];
	struct buf sentence = BUF_INIT;
	char eid[EVENT_EID_LEN];

	event_eid(ev, eid);
	add_header(b, ev, &t);
	buf_printf(
	    b, "rt=%lld externalId=%s", (long long)(ev->time / 1000), eid);
	add_pair(b, "dvchost", ev->host, 255);
	buf_printf(b, " app=ssh act=%s", event_kind_name(ev->kind));
	if (outcome)
		buf_printf(b, " outcome=%s", outcome);
	if (event_session(ev))
		buf_printf(b, " cs1Label=sessionId cs1=%016llx",
		    (unsigned long long)event_session(ev));
	for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
		add_extension(b, ev, &extensions[i], s);
	event_describe_own(ev, &sentence);
	add_pair(
	    b, "msg", buf_str(&sentence), limit(s) < 1023 ? limit(s) : 1000);
	buf_free(&sentence);
}

const struct event_format format_cef = {
    "cef", "ArcSight Common Event Format", cef_write, 1};
