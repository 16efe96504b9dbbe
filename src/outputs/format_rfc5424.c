/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 5424. The sentence is the message; all fields are structured data, so
 * that nothing need be parsed out of it. Section 6.3.3: in values '"', '\' and
 * ']' are escaped. Controls are escapes of their own before (outputs/plain.h).
 */
#include <stdio.h>

#include "base/when.h"
#include "core/event_text.h"
#include "outputs/plain.h"
#include "outputs/syslog_header.h"

#define MESSAGE_MAX 8192
/* Values are there to be searched; the message has more room. */
#define VALUE_MAX   1024

struct element {
	struct buf *b;
	struct buf value;
	size_t end; /* where the element must end */
	size_t max_value;
	bool cut;
};

static void add_param(struct element *e, const char *name, struct str value)
{
	const size_t begin = e->b->n;

	buf_clear(&e->value);
	e->cut |= plain_add(&e->value, value, e->max_value);
	buf_printf(e->b, " %s=\"", name);
	for (size_t i = 0; i < e->value.n; i++) {
		char c = e->value.p[i];

		if (c == '"' || c == '\\' || c == ']')
			buf_add_char(e->b, '\\');
		buf_add_char(e->b, c);
	}
	buf_add_char(e->b, '"');
	if (e->b->n > e->end) {
		/* A value goes as a whole, so that no escape is torn. */
		e->b->n = begin;
		e->cut = true;
	}
}

static void add_number(struct element *e, const char *name, int64_t v)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)v);
	add_param(e, name, str_z(text));
}

static void add_hex(struct element *e, const char *name, uint64_t v)
{
	char text[17];

	for (int i = 0; i < 16; i++)
		text[i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
	add_param(e, name, str_make(text, 16));
}

static void add_field(struct element *e, const struct event *ev, enum field f)
{
	const char *key = event_fields[f].key;
	char time[TIME_ISO_LEN];

	switch (event_fields[f].type) {
	case FIELD_INT:
		add_number(e, key, ev->v[f].i);
		return;
	case FIELD_BOOL:
		add_param(e, key, ev->v[f].i ? STR("true") : STR("false"));
		return;
	case FIELD_HEX:
		add_hex(e, key, ev->v[f].u);
		return;
	case FIELD_TIME:
		time_format_iso(ev->v[f].i, time);
		add_param(e, key, str_z(time));
		return;
	case FIELD_STR:
		/* The command of argv has that name. */
		if (f != F_CMD || !event_has(ev, F_ARGV))
			add_param(e, key, ev->v[f].s);
		return;
	case FIELD_LIST: {
		struct buf command = BUF_INIT;

		event_command(ev, &command);
		add_param(e, event_fields[F_CMD].key, buf_str(&command));
		buf_free(&command);
		return;
	}
	}
}

/* It ends at `end`, but for what must be there. */
static void add_element(struct element *e, const struct event *ev,
    const struct format_settings *s, size_t end)
{
	char eid[EVENT_EID_LEN];

	event_eid(ev, eid);
	buf_add_char(e->b, '[');
	buf_add_z(e->b, s->sd_id);
	/* These two are always there: the least message has room for them. */
	e->end = SIZE_MAX;
	add_param(e, "eid", str_z(eid));
	add_param(e, "kind", str_z(event_kind_name(ev->kind)));
	e->end = end;
	if (event_session(ev))
		add_hex(e, "sid", event_session(ev));
	add_param(e, "trust", str_z(trust_name(ev->trust)));
	if (ev->source.n)
		add_param(e, "source", ev->source);
	for (enum field f = event_next_field(ev, 0); f < EVENT_N_FIELDS;
	     f = event_next_field(ev, f + 1))
		add_field(e, ev, f);
	if (e->cut && !event_has(ev, F_CUT)) {
		e->end = SIZE_MAX;
		add_param(e, "cut", STR("true"));
	}
	buf_add_char(e->b, ']');
}

/* Of the sentence what fits, and what "[+N bytes]" takes. */
static void add_sentence(struct buf *b, const struct event *ev, size_t end)
{
	struct buf text = BUF_INIT, plain = BUF_INIT;
	size_t room;

	event_describe_own(ev, &text);
	plain_add(&plain, buf_str(&text), 0);
	room = b->n < end ? end - b->n : 0;
	if (plain.n <= room)
		buf_add_str(b, buf_str(&plain));
	else if (room > 40)
		plain_add(b, buf_str(&plain), room - 40);
	buf_free(&plain);
	buf_free(&text);
}

static void rfc5424_write(
    const struct event *ev, const struct format_settings *s, struct buf *b)
{
	const struct traits t = traits_of(ev);
	const size_t max = s->max_message ? s->max_message : MESSAGE_MAX;
	const size_t end = b->n + max;
	struct element e = {.b = b};
	char time[TIME_ISO_LEN];

	e.max_value =
	    s->max_text && s->max_text < VALUE_MAX ? s->max_text : VALUE_MAX;
	time_format_iso(ev->time, time);
	syslog_add_pri(b, &t, s);
	buf_printf(b, "1 %s ", time);
	syslog_add_name(b, ev->host, 255);
	buf_add_z(b, " sshtrail ");
	if (event_has(ev, F_PID))
		buf_add_i64(b, ev->v[F_PID].i);
	else
		buf_add_char(b, '-');
	buf_printf(b, " %s ", t.msgid);
	/* A quarter is kept for the message, where there is much of both. */
	add_element(&e, ev, s, end - max / 4);
	buf_add_char(b, ' ');
	if (s->bom)
		buf_add_z(b, "\xef\xbb\xbf");
	add_sentence(b, ev, end);
	buf_free(&e.value);
}

const struct event_format format_rfc5424 = {"rfc5424",
    "RFC 5424 syslog messages with structured data", rfc5424_write, 1};
