/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event.h"

#include <errno.h>

#include "core/event_hash.h"
#include "core/event_slots.h"

const struct field_info event_fields[EVENT_N_FIELDS] = {
#define X(c, json, type, group, help) {json, FIELD_##type, group, help},
    EVENT_FIELDS(X)
#undef X
};

static const char *const kind_names[EVENT_N_KINDS] = {
#define X(c, json, help) json,
    EVENT_KINDS(X)
#undef X
};

/* Keys with their lengths: the reader looks up every key of every event. */
static const struct str field_keys[EVENT_N_FIELDS] = {
#define X(c, json, type, group, help) {json, sizeof json - 1},
    EVENT_FIELDS(X)
#undef X
};

static const char *const trust_names[TRUST_N] = {
    [TRUST_KERNEL] = "kernel",
    [TRUST_JOURNAL] = "journal",
    [TRUST_DAEMON] = "daemon",
    [TRUST_TEXT] = "text",
    [TRUST_NETWORK] = "network",
};

const char *event_kind_name(enum event_kind kind)
{
	return (unsigned)kind < EVENT_N_KINDS ? kind_names[kind] : "other";
}

int event_kind_parse(struct str name)
{
	unsigned slot = KIND_SLOTS[name_slot(name, KIND_MULTIPLIER)];

	if (slot >= EVENT_N_KINDS || !str_eqz(name, kind_names[slot]))
		return -1;
	return (int)slot;
}

const char *trust_name(enum trust trust)
{
	return (unsigned)trust < TRUST_N ? trust_names[trust] : "text";
}

int trust_parse(struct str name)
{
	for (int t = 0; t < TRUST_N; t++)
		if (str_eqz(name, trust_names[t]))
			return t;
	return -1;
}

enum field event_field_parse(struct str key)
{
	unsigned slot = FIELD_SLOTS[name_slot(key, FIELD_MULTIPLIER)];

	if (slot >= EVENT_N_FIELDS || !str_eq(key, field_keys[slot]))
		return EVENT_N_FIELDS;
	return (enum field)slot;
}

#define N_WORDS (sizeof((struct event *)0)->has / sizeof(uint64_t))

const uint64_t event_text_fields[N_WORDS] = {
#define TEXT_BIT(c, type, word)                                                \
	| (uint64_t)((FIELD_##type == FIELD_STR ||                             \
			 FIELD_##type == FIELD_LIST) &&                        \
		     F_##c / 64 == (word))                                     \
		<< F_##c % 64
#define X(c, json, type, group, help) TEXT_BIT(c, type, 0)
    0 EVENT_FIELDS(X),
#undef X
#define X(c, json, type, group, help) TEXT_BIT(c, type, 1)
    0 EVENT_FIELDS(X),
#undef X
};

_Static_assert(N_WORDS == 2, "a line of event_text_fields for each word");

/* Copies s with a NUL behind it to *at; STR_NONE stays STR_NONE. */
static struct str copy_str(char **at, struct str s)
{
	char *p = *at;

	if (!s.p)
		return STR_NONE;
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	*at = p + s.n + 1;
	return str_make(p, s.n);
}

/* Fields 64 * w and on. */
static void copy_fields(
    struct event *dst, const struct event *src, size_t w, char **at)
{
	const union field_value *from = &src->v[64 * w];
	union field_value *to = &dst->v[64 * w];
	const uint64_t text = src->has[w] & event_text_fields[w];

	dst->has[w] = src->has[w];
	for (uint64_t m = src->has[w] & ~text; m; m &= m - 1)
		to[__builtin_ctzll(m)] = from[__builtin_ctzll(m)];
	for (uint64_t m = text; m; m &= m - 1)
		to[__builtin_ctzll(m)].s =
		    copy_str(at, from[__builtin_ctzll(m)].s);
}

int event_copy(struct event *dst, const struct event *src, struct arena *a)
{
	size_t need = src->host.n + src->boot.n + src->source.n + 3;
	char *at;

	for (size_t w = 0; w < N_WORDS; w++)
		for (uint64_t m = src->has[w] & event_text_fields[w]; m;
		     m &= m - 1)
			need +=
			    src->v[64 * w + (size_t)__builtin_ctzll(m)].s.n + 1;
	at = arena_alloc(a, need);
	if (!at)
		return -ENOMEM;
	dst->kind = src->kind;
	dst->trust = src->trust;
	dst->seq = src->seq;
	dst->time = src->time;
	dst->track = src->track;
	dst->session = src->session;
	dst->chain = src->chain;
	dst->host = copy_str(&at, src->host);
	dst->boot = copy_str(&at, src->boot);
	dst->source = copy_str(&at, src->source);
	for (size_t w = 0; w < N_WORDS; w++)
		copy_fields(dst, src, w, &at);
	return 0;
}

static void add_argument(struct buf *b, struct str arg)
{
	bool quote = arg.n == 0;

	for (size_t i = 0; i < arg.n && !quote; i++)
		quote =
		    arg.p[i] == ' ' || (arg.p[i] >= '\t' && arg.p[i] <= '\r');
	if (quote)
		buf_add_char(b, '\'');
	buf_add_str(b, arg);
	if (quote)
		buf_add_char(b, '\'');
}

void event_command(const struct event *ev, struct buf *b)
{
	struct str list = event_str(ev, F_ARGV);
	struct str arg;
	bool first = true;

	if (list.n == 0) {
		buf_add_str(b, event_str(ev, F_CMD));
		return;
	}
	while (list.n) {
		str_cut(&list, '\0', &arg);
		if (!first)
			buf_add_char(b, ' ');
		first = false;
		add_argument(b, arg);
	}
}
