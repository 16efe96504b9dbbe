/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ask.h"

#include <errno.h>
#include <stddef.h>

#include "core/json_string.h"
#include "core/session_text.h"

#define AT(member) offsetof(struct ask, member)

/* One parameter: what it holds lies at `at` in struct ask. */
struct param {
	const char *name;
	/* False: the value is none. */
	bool (*take)(struct ask *a, const struct param *p, struct str value);
	void (*write)(
	    const struct ask *a, const struct param *p, struct buf *b);
	size_t at, at_n; /* at_n: of a list, how many there are */
	int64_t none;	 /* of a time: what asks for nothing */
};

static void *in(struct ask *a, size_t at)
{
	return (char *)a + at;
}

static const void *of(const struct ask *a, size_t at)
{
	return (const char *)a + at;
}

void ask_encode(struct str s, struct buf *b)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || (c && strchr("-._~", c))) {
			buf_add_char(b, (char)c);
			continue;
		}
		buf_add_char(b, '%');
		buf_add_char(b, digits[c >> 4]);
		buf_add_char(b, digits[c & 15]);
	}
}

static void add(const struct param *p, struct str value, struct buf *b)
{
	if (b->n)
		buf_add_char(b, '&');
	buf_add_z(b, p->name);
	buf_add_char(b, '=');
	ask_encode(value, b);
}

/* --- times, texts, lists, numbers, switches --- */

static bool take_time(struct ask *a, const struct param *p, struct str value)
{
	int64_t *at = in(a, p->at);

	return str_i64(value, at) || json_time_parse(value, at);
}

static void write_time(
    const struct ask *a, const struct param *p, struct buf *b)
{
	int64_t us = *(const int64_t *)of(a, p->at);
	struct buf text = BUF_INIT;

	if (us == p->none)
		return;
	buf_add_i64(&text, us);
	add(p, buf_str(&text), b);
	buf_free(&text);
}

static bool take_text(struct ask *a, const struct param *p, struct str value)
{
	*(struct str *)in(a, p->at) = value;
	return true;
}

static void write_text(
    const struct ask *a, const struct param *p, struct buf *b)
{
	const struct str *text = of(a, p->at);

	if (text->n)
		add(p, *text, b);
}

static bool take_item(struct ask *a, const struct param *p, struct str value)
{
	struct str *v = in(a, p->at);
	size_t *n = in(a, p->at_n);

	if (*n == QUERY_VALUES_MAX)
		return false;
	v[(*n)++] = value;
	return true;
}

static void write_list(
    const struct ask *a, const struct param *p, struct buf *b)
{
	const struct str *v = of(a, p->at);
	const size_t *n = of(a, p->at_n);

	for (size_t i = 0; i < *n; i++)
		add(p, v[i], b);
}

static bool take_number(struct ask *a, const struct param *p, struct str value)
{
	return str_u64(value, in(a, p->at));
}

static void write_number(
    const struct ask *a, const struct param *p, struct buf *b)
{
	uint64_t n = *(const uint64_t *)of(a, p->at);
	struct buf text = BUF_INIT;

	if (!n)
		return;
	buf_add_u64(&text, n);
	add(p, buf_str(&text), b);
	buf_free(&text);
}

static bool take_switch(struct ask *a, const struct param *p, struct str value)
{
	bool on = str_eqz(value, "true");

	*(bool *)in(a, p->at) = on;
	return on || str_eqz(value, "false");
}

static void write_switch(
    const struct ask *a, const struct param *p, struct buf *b)
{
	if (*(const bool *)of(a, p->at))
		add(p, STR("true"), b);
}

/* --- what is of its own kind --- */

static bool take_session(struct ask *a, const struct param *p, struct str value)
{
	(void)p;
	return str_hex64(value, &a->q.session) && a->q.session;
}

static void write_session(
    const struct ask *a, const struct param *p, struct buf *b)
{
	char text[SESSION_ID_LEN];

	if (a->q.session)
		add(p, session_id_text(a->q.session, 16, text), b);
}

static bool take_kind(struct ask *a, const struct param *p, struct str value)
{
	int kind = event_kind_parse(value);

	(void)p;
	if (kind < 0)
		return false;
	a->q.kinds |= (uint64_t)1 << kind;
	return true;
}

static void write_kinds(
    const struct ask *a, const struct param *p, struct buf *b)
{
	for (int k = 0; k < EVENT_N_KINDS; k++)
		if (a->q.kinds >> k & 1)
			add(p, str_z(event_kind_name((enum event_kind)k)), b);
}

static bool take_exit(struct ask *a, const struct param *p, struct str value)
{
	(void)p;
	if (str_eqz(value, "nonzero"))
		return a->q.exit_nonzero = true;
	return a->q.has_exit = str_i64(value, &a->q.exit);
}

static void write_exit(
    const struct ask *a, const struct param *p, struct buf *b)
{
	struct buf text = BUF_INIT;

	if (a->q.exit_nonzero)
		add(p, STR("nonzero"), b);
	buf_add_i64(&text, a->q.exit);
	if (a->q.has_exit)
		add(p, buf_str(&text), b);
	buf_free(&text);
}

static bool take_flag(struct ask *a, const struct param *p, struct str value)
{
	unsigned flag = session_flag_parse(value);

	(void)p;
	a->q.session_flags |= flag;
	return flag;
}

static void write_flags(
    const struct ask *a, const struct param *p, struct buf *b)
{
	for (unsigned i = 0; i < 8 * sizeof(unsigned); i++) {
		const char *word = session_flag_word(1u << i);

		if (a->q.session_flags >> i & 1 && word)
			add(p, str_z(word), b);
	}
}

static bool take_order(struct ask *a, const struct param *p, struct str value)
{
	(void)p;
	a->q.order =
	    str_eqz(value, "newest") ? ORDER_NEWEST_FIRST : ORDER_OLDEST_FIRST;
	return a->q.order == ORDER_NEWEST_FIRST || str_eqz(value, "oldest");
}

static void write_order(
    const struct ask *a, const struct param *p, struct buf *b)
{
	if (a->q.order == ORDER_NEWEST_FIRST)
		add(p, STR("newest"), b);
}

static bool take_field(struct ask *a, const struct param *p, struct str value)
{
	enum field f = event_field_parse(value);

	(void)p;
	if (f == EVENT_N_FIELDS)
		return false;
	query_want(&a->q, f);
	return true;
}

static void write_fields(
    const struct ask *a, const struct param *p, struct buf *b)
{
	for (unsigned f = 0; f < EVENT_N_FIELDS; f++)
		if (a->q.want[f / 64] >> (f % 64) & 1)
			add(p, str_z(event_fields[f].key), b);
}

static const struct {
	const char *name;
	unsigned bit;
} groups[] = {
    {"user", GROUP_USER},
    {"day", GROUP_DAY},
    {"host", GROUP_HOST},
    {"kind", GROUP_KIND},
    {"addr", GROUP_ADDR},
};

#define N_GROUPS (sizeof groups / sizeof *groups)

static bool take_group(struct ask *a, const struct param *p, struct str value)
{
	(void)p;
	for (size_t i = 0; i < N_GROUPS; i++)
		if (str_eqz(value, groups[i].name)) {
			a->groups |= groups[i].bit;
			return true;
		}
	return false;
}

static void write_groups(
    const struct ask *a, const struct param *p, struct buf *b)
{
	for (size_t i = 0; i < N_GROUPS; i++)
		if (a->groups & groups[i].bit)
			add(p, str_z(groups[i].name), b);
}

/* --- all of them --- */

#define LIST(member)                                                           \
	take_item, write_list, .at = AT(q.member), .at_n = AT(q.n_##member)

static const struct param params[] = {
    {"since", take_time, write_time, .at = AT(q.since), .none = INT64_MIN},
    {"until", take_time, write_time, .at = AT(q.until), .none = INT64_MAX},
    {"host", LIST(host)},
    {"user", LIST(user)},
    {"person", LIST(person)},
    {"from", LIST(addr)},
    {"kind", take_kind, write_kinds, .at = 0},
    {"session", take_session, write_session, .at = 0},
    {"exit", take_exit, write_exit, .at = 0},
    {"cmd", take_text, write_text, .at = AT(q.cmd)},
    {"path", take_text, write_text, .at = AT(q.path)},
    {"text", take_text, write_text, .at = AT(q.text)},
    {"key", take_text, write_text, .at = AT(q.key)},
    {"flag", take_flag, write_flags, .at = 0},
    {"ssh", take_switch, write_switch, .at = AT(q.ssh_only)},
    {"open", take_switch, write_switch, .at = AT(q.open_only)},
    {"order", take_order, write_order, .at = 0},
    {"limit", take_number, write_number, .at = AT(q.limit)},
    {"cursor", take_text, write_text, .at = AT(q.cursor)},
    {"field", take_field, write_fields, .at = 0},
    {"by", take_group, write_groups, .at = 0},
    {"find", take_text, write_text, .at = AT(find)},
    {"recording", take_text, write_text, .at = AT(recording)},
};

#define N_PARAMS (sizeof params / sizeof *params)

void ask_init(struct ask *a)
{
	*a = (struct ask){.q = {.since = INT64_MIN, .until = INT64_MAX}};
}

int ask_take(struct ask *a, struct str name, struct str value, struct err *err)
{
	for (size_t i = 0; i < N_PARAMS; i++) {
		if (!str_eqz(name, params[i].name))
			continue;
		if (params[i].take(a, &params[i], value))
			return 0;
		return err_set(err, -EINVAL,
		    "%s: not a value of it, or too many of them",
		    params[i].name);
	}
	return err_set(err, -EINVAL, "there is no such parameter");
}

void ask_write(const struct ask *a, struct buf *b)
{
	for (size_t i = 0; i < N_PARAMS; i++)
		params[i].write(a, &params[i], b);
}

const char *ask_name(size_t i)
{
	return i < N_PARAMS ? params[i].name : NULL;
}
