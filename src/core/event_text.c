/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event_text.h"

#include "base/when.h"

enum how {
	VALUE = 0,  /* before, value, after; nothing when the field is absent */
	IF_TRUE,    /* before, when the field is true */
	IF_FALSE,   /* before, when the field is there and false */
	IF_PRESENT, /* before, when the field is there */
	IF_ABSENT,  /* before, when the field is absent */
	BYTES,
	SPAN,
	ERRNO,	 /* of a system call that failed, by name */
	REFUSED, /* before, when SUCCESS is false and ERRNO does not say why */
	BY_UDP,	 /* before, when OP says that it is no connection */
	ONLY,	 /* VALUE, where OP is absent */
	COMMAND, /* argv, else cmd; F_ARGV or F_CMD */
};

struct piece {
	const char *before;
	enum field field;
	const char *after;
	enum how how;
};

#define PIECES_MAX 17
/* Ends a list: `before` NULL. */
typedef const struct piece pieces[PIECES_MAX];

static pieces describe_conn_open = {
    {"connection from ", F_ADDR, "", VALUE},
    {"connection", F_ADDR, "", IF_ABSENT},
    {" port ", F_PORT, "", VALUE},
    {" to ", F_LADDR, "", VALUE},
    {" port ", F_LPORT, "", VALUE},
};

static pieces describe_conn_close = {
    {"connection closed", F_ADDR, "", IF_ABSENT},
    {"connection from ", F_ADDR, "", VALUE},
    {" port ", F_PORT, "", VALUE},
    {" closed", F_ADDR, "", IF_PRESENT},
    {" for ", F_USER, "", VALUE},
    {" before login", F_PREAUTH, "", IF_TRUE},
    {": ", F_REASON, "", VALUE},
};

static pieces describe_auth_ok = {
    {"login", F_METHOD, "", IF_ABSENT},
    {"", F_METHOD, "", VALUE},
    {" accepted for ", F_USER, "", VALUE},
    {" from ", F_ADDR, "", VALUE},
    {" port ", F_PORT, "", VALUE},
    {", ", F_KEY_TYPE, "", VALUE},
    {" ", F_FP, "", VALUE},
    {", certificate ", F_CERT_ID, "", VALUE},
    {" serial ", F_CERT_SERIAL, "", VALUE},
    {" by CA ", F_CA_FP, "", VALUE},
};

static pieces describe_auth_fail = {
    {"login", F_METHOD, "", IF_ABSENT},
    {"", F_METHOD, "", VALUE},
    {" failed for unknown user ", F_VALID, "", IF_FALSE},
    {" failed for ", F_VALID, "", IF_TRUE},
    {" failed for ", F_VALID, "", IF_ABSENT},
    {"", F_USER, "", VALUE},
    {" from ", F_ADDR, "", VALUE},
    {" port ", F_PORT, "", VALUE},
    {", ", F_KEY_TYPE, "", VALUE},
    {" ", F_FP, "", VALUE},
    {": ", F_REASON, "", VALUE},
    {" (weak: concluded from how the connection ended)", F_WEAK, "", IF_TRUE},
};

static pieces describe_auth_partial = {
    {"", F_METHOD, "", VALUE},
    {" not yet a login for ", F_USER, "", VALUE},
    {" from ", F_ADDR, "", VALUE},
    {" port ", F_PORT, "", VALUE},
    {", key asked about, not a login: ", F_KEY_TYPE, "", VALUE},
    {" ", F_FP, "", VALUE},
    {", certificate ", F_CERT_ID, "", VALUE},
    {": ", F_REASON, "", VALUE},
};

/* A step that was proven, of which the login's own line says nothing. */
static pieces describe_auth_factor = {
    {"", F_METHOD, "", VALUE},
    {" proven as one factor of several for ", F_USER, "", VALUE},
    {" from ", F_ADDR, "", VALUE},
    {" port ", F_PORT, "", VALUE},
    {", ", F_KEY_TYPE, "", VALUE},
    {" ", F_FP, "", VALUE},
    {", certificate ", F_CERT_ID, "", VALUE},
    {" serial ", F_CERT_SERIAL, "", VALUE},
};

static pieces describe_session_open = {
    {"session opened for ", F_USER, "", VALUE},
    {"session opened", F_USER, "", IF_ABSENT},
    {" from ", F_ADDR, "", VALUE},
    {" on ", F_TTY, "", VALUE},
    {" (", F_SERVICE, ")", VALUE},
    {", audit session ", F_SES, "", VALUE},
};

static pieces describe_session_close = {
    {"session closed for ", F_USER, "", VALUE},
    {"session closed", F_USER, "", IF_ABSENT},
    {" on ", F_TTY, "", VALUE},
    {" (", F_SERVICE, ")", VALUE},
    {" after ", F_DURATION, "", SPAN},
    {", recordings ", F_RECORDINGS, "", VALUE},
    {" of ", F_RECORDED, "", BYTES},
    {": ", F_REASON, "", VALUE},
};

static pieces describe_channel = {
    {"", F_CHAN_TYPE, "", VALUE},
    {"channel", F_CHAN_TYPE, "", IF_ABSENT},
    {" ", F_SERVICE, "", VALUE},
    {" on ", F_TTY, "", VALUE},
    {" ", F_SIZE, "", VALUE},
    {" for ", F_USER, "", VALUE},
    {": ", F_ARGV, "", COMMAND},
    {": ", F_CMD, "", COMMAND},
    {", recording ", F_RECORDING, "", VALUE},
    {" of ", F_RECORDING_CHAIN, "", VALUE},
    {", output ", F_BYTES_READ, "", BYTES},
    {", left out ", F_LEFT_OUT, "", BYTES},
    {", missing ", F_LOST, "", BYTES},
    {", exit ", F_EXIT, "", VALUE},
    {", killed by signal ", F_SIGNAL, "", VALUE},
    {": ", F_REASON, "", VALUE},
};

static pieces describe_exec = {
    {"", F_ARGV, "", COMMAND},
    {"", F_CMD, "", COMMAND},
};

/* What the record has of a command that never ran is its caller's title. */
static pieces describe_exec_failed = {
    {"tried ", F_PATH, "", VALUE},
    {"tried to run a program", F_PATH, "", IF_ABSENT},
    {" from ", F_CMD, "", VALUE},
    {" (failed: ", F_EXIT, ")", ERRNO},
    {" (failed)", F_EXIT, "", IF_ABSENT},
};

static pieces describe_exit = {
    {"", F_COMM, " ", VALUE},
    {"exit ", F_EXIT, "", VALUE},
    {"killed by signal ", F_SIGNAL, "", VALUE},
    {" after ", F_DURATION, "", SPAN},
};

static pieces describe_file = {
    {"", F_DIRECTION, " ", VALUE},
    {"", F_OP, " ", VALUE},
    {"", F_PATH, "", VALUE},
    {"inode ", F_INODE, "", VALUE},
    {" on ", F_DEV, "", VALUE},
    {" -> ", F_PATH2, "", VALUE},
    {", read ", F_BYTES_READ, "", BYTES},
    {", written ", F_BYTES_WRITTEN, "", BYTES},
    {" by ", F_COMM, "", VALUE},
    {" (failed: ", F_EXIT, ")", ERRNO},
    {" (refused)", F_SUCCESS, "", REFUSED},
    {": ", F_REASON, "", VALUE},
};

static pieces describe_connect = {
    {"connect to ", F_ADDR, "", VALUE},
    {" port ", F_PORT, "", VALUE},
    {"connect to ", F_PATH, "", VALUE},
    {" from ", F_LADDR, "", VALUE},
    {" port ", F_LPORT, "", VALUE},
    {" over UDP", F_OP, "", BY_UDP},
    {" by ", F_COMM, "", VALUE},
    {" (failed: ", F_EXIT, ")", ERRNO},
    {" (refused)", F_SUCCESS, "", REFUSED},
};

static pieces describe_listen = {
    {"listen on ", F_LADDR, "", VALUE},
    {"listen", F_LADDR, "", IF_ABSENT},
    {" port ", F_LPORT, "", VALUE},
    {" by ", F_COMM, "", VALUE},
    {" (failed: ", F_EXIT, ")", ERRNO},
    {" (refused)", F_SUCCESS, "", REFUSED},
};

static pieces describe_forward = {
    {"forward ", F_CHAN_TYPE, "", VALUE},
    {"forward", F_CHAN_TYPE, "", IF_ABSENT},
    {" ", F_OP, "", VALUE},
    {" listening on ", F_LADDR, "", VALUE},
    {" port ", F_LPORT, "", VALUE},
    {" to ", F_DEST, "", VALUE},
    {" port ", F_DPORT, "", VALUE},
    {" (failed: ", F_EXIT, ")", ERRNO},
    {" (refused)", F_SUCCESS, "", REFUSED},
    {": ", F_REASON, "", VALUE},
};

static pieces describe_priv = {
    {"", F_VIA, " ", VALUE},
    {"identity change ", F_VIA, "", IF_ABSENT},
    {"", F_USER, "", VALUE},
    {" -> ", F_TARGET, "", VALUE},
    {" (failed: ", F_EXIT, ")", ERRNO},
    {" (refused)", F_SUCCESS, "", REFUSED},
    {": ", F_ARGV, "", COMMAND},
    {": ", F_CMD, "", COMMAND},
    {" in ", F_CWD, "", VALUE},
    {": ", F_REASON, "", VALUE},
};

static pieces describe_tty_input = {
    {"typed: ", F_TEXT, "", VALUE},
};

static pieces describe_change = {
    {"", F_OP, " ", VALUE},
    {"", F_TARGET, "", VALUE},
    {" ", F_PATH, "", VALUE},
    {" ", F_FP, "", VALUE},
    {" ", F_COMMENT, "", VALUE},
    {" by ", F_USER, "", VALUE},
    {" (failed: ", F_EXIT, ")", ERRNO},
    {" (refused)", F_SUCCESS, "", REFUSED},
    {": ", F_REASON, "", VALUE},
    {": ", F_TEXT, "", ONLY},
};

static pieces describe_host = {
    {"", F_OP, "", VALUE},
    {"", F_IDENT, "", VALUE},
    {": ", F_REASON, "", VALUE},
    {": ", F_TEXT, "", VALUE},
};

static pieces describe_gap = {
    {"", F_LOST, " lost", VALUE},
    {"something may have been lost", F_LOST, "", IF_ABSENT},
    {" from ", F_SINCE, "", VALUE},
    {" until ", F_UNTIL, "", VALUE},
    {": ", F_REASON, "", VALUE},
};

static pieces describe_import = {
    {"", F_FILE_NAME, "", VALUE},
    {", ", F_FORMAT, "", VALUE},
    {", ", F_LINES, " lines", VALUE},
    {", ", F_UNPARSED, " not understood", VALUE},
    {", SHA-256 ", F_SHA256, "", VALUE},
};

static pieces describe_text = {
    {"", F_TEXT, "", VALUE},
};

static pieces describe_reveal = {
    {"secrets shown by uid ", F_UID, "", VALUE},
    {", ", F_USER, "", VALUE},
    {" on ", F_TTY, "", VALUE},
    {": ", F_CMD, "", VALUE},
    {" of ", F_TEXT, "", VALUE},
};

static pieces describe_view = {
    {"asked for ", F_OP, "", VALUE},
    {" by ", F_USER, "", VALUE},
    {" from ", F_ADDR, "", VALUE},
    {": ", F_TEXT, "", VALUE},
    {" (", F_REASON, ")", VALUE},
};

static const pieces *const describe[EVENT_N_KINDS] = {
    [EVENT_CONN_OPEN] = &describe_conn_open,
    [EVENT_CONN_CLOSE] = &describe_conn_close,
    [EVENT_AUTH_OK] = &describe_auth_ok,
    [EVENT_AUTH_FAIL] = &describe_auth_fail,
    [EVENT_AUTH_PARTIAL] = &describe_auth_partial,
    [EVENT_SESSION_OPEN] = &describe_session_open,
    [EVENT_SESSION_CLOSE] = &describe_session_close,
    [EVENT_CHANNEL_OPEN] = &describe_channel,
    [EVENT_CHANNEL_CLOSE] = &describe_channel,
    [EVENT_EXEC] = &describe_exec,
    [EVENT_EXIT] = &describe_exit,
    [EVENT_FILE] = &describe_file,
    [EVENT_NET_CONNECT] = &describe_connect,
    [EVENT_NET_LISTEN] = &describe_listen,
    [EVENT_FORWARD] = &describe_forward,
    [EVENT_PRIV] = &describe_priv,
    [EVENT_TTY_INPUT] = &describe_tty_input,
    [EVENT_ACCOUNT] = &describe_change,
    [EVENT_CONFIG] = &describe_change,
    [EVENT_HOST_BOOT] = &describe_host,
    [EVENT_AGENT_START] = &describe_host,
    [EVENT_AGENT_STOP] = &describe_host,
    [EVENT_CLOCK] = &describe_change,
    [EVENT_GAP] = &describe_gap,
    [EVENT_ALERT] = &describe_text,
    [EVENT_IMPORT_START] = &describe_import,
    [EVENT_IMPORT_END] = &describe_import,
    [EVENT_OTHER] = &describe_text,
    [EVENT_REVEAL] = &describe_reveal,
    [EVENT_VIEW] = &describe_view,
};

/* Behind every sentence: how far it can be trusted. */
static pieces describe_marks = {
    {" (", F_REPEAT, " more times)", VALUE},
    {" (cut)", F_CUT, "", IF_TRUE},
    {" (records missing)", F_PARTIAL, "", IF_TRUE},
};

void bytes_format(int64_t n, struct buf *b)
{
	static const char units[] = "KMGTPE";
	int64_t unit = 1024;
	size_t i = 0;

	if (n < 1024) {
		buf_add_i64(b, n);
		buf_add_z(b, " B");
		return;
	}
	for (; i + 2 < sizeof units && n / 1024 >= unit; i++)
		unit *= 1024;
	buf_add_i64(b, n / unit);
	buf_add_char(b, '.');
	buf_add_i64(b, n % unit / (unit / 10 + 1));
	buf_add_char(b, ' ');
	buf_add_char(b, units[i]);
	buf_add_z(b, "iB");
}

static void add_time(struct buf *b, int64_t us)
{
	char text[TIME_ISO_LEN];

	time_format_iso(us, text);
	buf_add_z(b, text);
}

static void add_span(struct buf *b, int64_t us)
{
	char text[TIME_SPAN_LEN];

	time_format_span(us, text);
	buf_add_z(b, text);
}

static void add_list(struct buf *b, struct str list)
{
	struct str item;

	for (bool first = true; list.n; first = false) {
		str_cut(&list, '\0', &item);
		if (!first)
			buf_add_char(b, ' ');
		buf_add_str(b, item);
	}
}

static void add_value(struct buf *b, const struct event *ev, enum field f)
{
	switch (event_fields[f].type) {
	case FIELD_INT:
		buf_add_i64(b, ev->v[f].i);
		break;
	case FIELD_BOOL:
		buf_add_z(b, ev->v[f].i ? "yes" : "no");
		break;
	case FIELD_HEX:
		buf_printf(b, "%016llx", (unsigned long long)ev->v[f].u);
		break;
	case FIELD_TIME:
		add_time(b, ev->v[f].i);
		break;
	case FIELD_STR:
		buf_add_str(b, ev->v[f].s);
		break;
	case FIELD_LIST:
		add_list(b, ev->v[f].s);
		break;
	}
}

/* The name of the error that a system call gave, or NULL. */
static const char *failed_with(const struct event *ev)
{
	int64_t code = event_int(ev, F_EXIT, 0);

	if (event_int(ev, F_SUCCESS, 1) || code >= 0 || code < -4095)
		return NULL;
	return strerrorname_np((int)-code);
}

static bool piece_applies(const struct event *ev, const struct piece *p)
{
	bool has = event_has(ev, p->field);

	switch (p->how) {
	case VALUE:
	case BYTES:
	case SPAN:
	case IF_PRESENT:
		return has;
	case COMMAND:
		return has && !(p->field == F_CMD && event_has(ev, F_ARGV));
	case IF_TRUE:
		return has && ev->v[p->field].i;
	case ONLY:
		return has && !event_has(ev, F_OP);
	case ERRNO:
		return has && failed_with(ev);
	case REFUSED:
		return has && !ev->v[p->field].i && !failed_with(ev);
	case BY_UDP:
		return str_eqz(event_str(ev, F_OP), "datagram");
	case IF_FALSE:
		return has && !ev->v[p->field].i;
	case IF_ABSENT:
		return !has;
	}
	return false;
}

static void add_piece(
    struct buf *b, const struct event *ev, const struct piece *p, bool first)
{
	const char *before = p->before;

	/* What sets off from the words before makes no sense without them. */
	while (first && (*before == ' ' || *before == ':' || *before == ','))
		before++;
	buf_add_z(b, before);
	switch (p->how) {
	case VALUE:
	case ONLY:
		add_value(b, ev, p->field);
		break;
	case ERRNO:
		buf_add_z(b, failed_with(ev));
		break;
	case BYTES:
		bytes_format(ev->v[p->field].i, b);
		break;
	case SPAN:
		add_span(b, ev->v[p->field].i);
		break;
	case COMMAND:
		event_command(ev, b);
		break;
	case IF_TRUE:
	case IF_FALSE:
	case IF_PRESENT:
	case IF_ABSENT:
	case REFUSED:
	case BY_UDP:
		return;
	}
	buf_add_z(b, p->after);
}

static void add_pieces(
    struct buf *b, const struct event *ev, const pieces *p, size_t begin)
{
	for (size_t i = 0; i < PIECES_MAX && (*p)[i].before; i++)
		if (piece_applies(ev, &(*p)[i]))
			add_piece(b, ev, &(*p)[i], b->n == begin);
}

/* Fields that stand in when a kind's own are all absent, best first. */
static const enum field fallback[] = {F_TEXT, F_EXE, F_COMM, F_TYPE};

bool event_inferred_general(struct str note)
{
	return str_starts(note, STR("host ")) ||
	       str_starts(note, STR("host:")) ||
	       str_starts(note, STR("year")) ||
	       str_starts(note, STR("no file says which host"));
}

/* Notes of F_INFERRED, but for general ones where they are not `wanted`. */
static void add_inferred(struct buf *b, struct str notes, bool wanted)
{
	bool any = false;
	struct str note;

	while (notes.n) {
		str_cut(&notes, ';', &note);
		str_skip(&note, STR(" "));
		if (!wanted && event_inferred_general(note))
			continue;
		buf_add_z(b, any ? "; " : " (inferred: ");
		buf_add_str(b, note);
		any = true;
	}
	if (any)
		buf_add_char(b, ')');
}

static bool is_failed_exec(const struct event *ev)
{
	return ev->kind == EVENT_EXEC && !event_int(ev, F_SUCCESS, 1);
}

static const pieces *pieces_of(const struct event *ev)
{
	if (is_failed_exec(ev))
		return &describe_exec_failed;
	if (ev->kind == EVENT_AUTH_PARTIAL &&
	    str_eqz(event_str(ev, F_TYPE), EVENT_TYPE_FACTOR))
		return &describe_auth_factor;
	return describe[ev->kind];
}

static void describe_event(const struct event *ev, struct buf *b, bool general)
{
	size_t begin = b->n;

	add_pieces(b, ev, pieces_of(ev), begin);
	for (size_t i = 0;
	     b->n == begin && i < sizeof fallback / sizeof *fallback; i++)
		buf_add_str(b, event_str(ev, fallback[i]));
	add_pieces(b, ev, &describe_marks, begin);
	/* Of a command that did not start all that is said is concluded. */
	if (!is_failed_exec(ev))
		add_inferred(b, event_str(ev, F_INFERRED), general);
}

void event_describe(const struct event *ev, struct buf *b)
{
	describe_event(ev, b, true);
}

void event_describe_own(const struct event *ev, struct buf *b)
{
	describe_event(ev, b, false);
}

static void add_want(uint64_t *want, enum field f)
{
	want[f / 64] |= (uint64_t)1 << (f % 64);
}

static void want_pieces(uint64_t *want, const pieces *p)
{
	for (size_t i = 0; i < PIECES_MAX && (*p)[i].before; i++)
		add_want(want, (*p)[i].field);
}

void event_describe_want(uint64_t want[static(EVENT_N_FIELDS + 63) / 64])
{
	for (size_t k = 0; k < EVENT_N_KINDS; k++)
		want_pieces(want, describe[k]);
	want_pieces(want, &describe_exec_failed);
	want_pieces(want, &describe_auth_factor);
	add_want(want, F_TYPE);
	want_pieces(want, &describe_marks);
	add_want(want, F_INFERRED);
	add_want(want, F_EXIT);
	for (size_t i = 0; i < sizeof fallback / sizeof *fallback; i++)
		add_want(want, fallback[i]);
}
