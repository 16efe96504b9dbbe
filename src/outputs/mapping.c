/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/mapping.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/when.h"
#include "core/event_text.h"
#include "outputs/plain.h"

#define HAS_WORDS ((EVENT_N_FIELDS + 63) / 64)

struct writing {
	const struct event *ev;
	const struct format_settings *s;
	struct traits traits;
	struct json_tree tree;
	struct buf *b, value;	  /* of the row at hand */
	uint64_t used[HAS_WORDS]; /* fields that a row took */
};

bool is_address(struct str s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET, text, &addr) == 1 ||
	       inet_pton(AF_INET6, text, &addr) == 1;
}

static void add_list(struct writing *w, struct str list)
{
	char sep = '[';
	struct str item;
	/* What all of them may take together is what one text may. */
	size_t left = w->s->max_text;

	if (list.n == 0)
		buf_add_char(&w->value, '[');
	while (list.n) {
		str_cut(&list, '\0', &item);
		buf_add_char(&w->value, sep);
		sep = ',';
		if (w->s->max_text && item.n > left) {
			item = str_make(item.p, item.n + list.n);
			plain_add_json(&w->value, item, left ? left : 1);
			break;
		}
		plain_add_json(&w->value, item, 0);
		left -= item.n;
	}
	buf_add_char(&w->value, ']');
}

static void add_time_iso(struct buf *b, int64_t us)
{
	char text[TIME_ISO_LEN];

	time_format_iso(us, text);
	buf_printf(b, "\"%s\"", text);
}

static void add_field(struct writing *w, enum field f)
{
	const union field_value *v = &w->ev->v[f];

	switch (event_fields[f].type) {
	case FIELD_INT:
		buf_add_i64(&w->value, v->i);
		return;
	case FIELD_BOOL:
		buf_add_z(&w->value, v->i ? "true" : "false");
		return;
	case FIELD_HEX:
		buf_printf(&w->value, "\"%016llx\"", (unsigned long long)v->u);
		return;
	case FIELD_TIME:
		add_time_iso(&w->value, v->i);
		return;
	case FIELD_STR:
		plain_add_json(&w->value, v->s, w->s->max_text);
		return;
	case FIELD_LIST:
		add_list(w, v->s);
		return;
	}
}

static void add_made(
    struct writing *w, void (*make)(const struct event *ev, struct buf *b))
{
	struct buf text = BUF_INIT;

	make(w->ev, &text);
	plain_add_json(&w->value, buf_str(&text), w->s->max_text);
	buf_free(&text);
}

static void add_text(struct writing *w, struct str s)
{
	plain_add_json(&w->value, s, w->s->max_text);
}

/* Rows that are about one field of the event, which has it. */
static void add_of_field(struct writing *w, const struct mapping *m)
{
	const union field_value *v = &w->ev->v[m->field];

	switch (m->how) {
	case MAP_TEXT:
		if (event_fields[m->field].type == FIELD_INT)
			buf_printf(&w->value, "\"%lld\"", (long long)v->i);
		else
			add_field(w, m->field);
		return;
	case MAP_IP:
	case MAP_DOMAIN:
		if (is_address(v->s) == (m->how == MAP_IP))
			add_text(w, v->s);
		return;
	case MAP_NAME:
		add_text(w, str_base_name(v->s));
		return;
	case MAP_OCTAL:
		buf_printf(&w->value, "\"%04llo\"", (unsigned long long)v->i);
		return;
	case MAP_NSEC:
		/* What does not fit is no duration of anything. */
		if (v->i >= 0 && v->i <= INT64_MAX / 1000)
			buf_add_i64(&w->value, v->i * 1000);
		return;
	case MAP_MSEC:
		buf_add_i64(&w->value, v->i / 1000);
		return;
	case MAP_IF:
		buf_add_z(&w->value, m->text);
		return;
	default:
		add_field(w, m->field);
		return;
	}
}

/* Rows that are about the event as a whole. */
static void add_of_event(struct writing *w, const struct mapping *m)
{
	const struct event *ev = w->ev;
	char eid[EVENT_EID_LEN];

	switch (m->how) {
	case MAP_LITERAL:
		buf_add_z(&w->value, m->text);
		return;
	case MAP_SENTENCE:
		add_made(w, event_describe_own);
		return;
	case MAP_EID:
		event_eid(ev, eid);
		buf_printf(&w->value, "\"%s\"", eid);
		return;
	case MAP_SEQ:
		if (ev->seq)
			buf_add_u64(&w->value, ev->seq);
		return;
	case MAP_HOST:
		add_text(w, ev->host);
		return;
	case MAP_BOOT:
		if (ev->boot.n)
			add_text(w, ev->boot);
		return;
	case MAP_SOURCE:
		if (ev->source.n)
			add_text(w, ev->source);
		return;
	case MAP_TRUST:
		buf_printf(&w->value, "\"%s\"", trust_name(ev->trust));
		return;
	case MAP_KIND:
		buf_printf(&w->value, "\"%s\"", event_kind_name(ev->kind));
		return;
	case MAP_SESSION:
		if (event_session(ev))
			buf_printf(&w->value, "\"%016llx\"",
			    (unsigned long long)event_session(ev));
		return;
	case MAP_TIME_ISO:
		add_time_iso(&w->value, ev->time);
		return;
	case MAP_TIME_MSEC:
		buf_add_i64(&w->value, ev->time / 1000);
		return;
	default:
		return;
	}
}

static bool about_field(enum map_how how)
{
	return (how >= MAP_FIELD && how <= MAP_MSEC) || how == MAP_IF;
}

static void use(struct writing *w, enum field f)
{
	w->used[f / 64] |= (uint64_t)1 << (f % 64);
}

static void add_row(struct writing *w, const struct mapping *m)
{
	const struct event *ev = w->ev;

	if (m->kinds && !(m->kinds >> ev->kind & 1))
		return;
	buf_clear(&w->value);
	if (m->how == MAP_COMMAND) {
		if (!event_has(ev, F_ARGV) && !event_has(ev, F_CMD))
			return;
		add_made(w, event_command);
		use(w, F_CMD);
	} else if (m->how == MAP_CUSTOM) {
		if (!m->custom(ev, &w->traits, w->s, &w->value))
			return;
	} else if (about_field(m->how)) {
		if (!event_has(ev, m->field))
			return;
		add_of_field(w, m);
	} else {
		add_of_event(w, m);
	}
	if (w->value.n == 0)
		return;
	if (about_field(m->how) && m->how != MAP_IF && m->how != MAP_NAME)
		use(w, m->field);
	json_tree_at(&w->tree, m->path);
	buf_add_str(w->b, buf_str(&w->value));
}

static void add_rest(struct writing *w, const char *rest)
{
	char path[JSON_TREE_PATH_MAX];

	for (enum field f = event_next_field(w->ev, 0); f < EVENT_N_FIELDS;
	     f = event_next_field(w->ev, f + 1)) {
		if (w->used[f / 64] >> (f % 64) & 1)
			continue;
		buf_clear(&w->value);
		add_field(w, f);
		snprintf(path, sizeof path, "%s%s%s", rest ? rest : "",
		    rest ? "." : "", event_fields[f].key);
		json_tree_at(&w->tree, path);
		buf_add_str(w->b, buf_str(&w->value));
	}
}

void mapping_write(const struct event *ev, const struct mapping *table,
    const char *rest, const struct format_settings *s, struct buf *b)
{
	struct writing w = {.ev = ev, .s = s, .traits = traits_of(ev), .b = b};

	json_tree_begin(&w.tree, b);
	for (; table->how != MAP_END; table++)
		add_row(&w, table);
	add_rest(&w, rest);
	json_tree_end(&w.tree);
	if (buf_error(&w.value) && !b->error)
		b->error = buf_error(&w.value);
	buf_free(&w.value);
}
