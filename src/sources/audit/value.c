/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/value.h"

#include "core/event.h"
#include "sources/audit/unhex.h"

#define KEY_SEPARATOR 0x01

static bool is_nothing(struct str s)
{
	return s.n == 0 || (s.n == 1 && s.p[0] == '?') ||
	       (s.n == 6 && s.p[0] == '(' &&
		   (memcmp(s.p, "(null)", 6) == 0 ||
		       memcmp(s.p, "(none)", 6) == 0));
}

struct str value_unhex(struct arena *a, struct str hex)
{
	char *to;

	if (hex.n == 0 || hex.n % 2)
		return STR_NONE;
	to = arena_alloc(a, hex.n / 2);
	if (!to || !unhex(hex, to))
		return STR_NONE;
	return str_make(to, hex.n / 2);
}

struct str value_text(struct arena *a, const struct fields *f, enum audit_key k)
{
	struct str raw = fields_get(f, k), text;

	if (!raw.p)
		return STR_NONE;
	/* PROCTITLE quotes even its (null), and an account may be "?". */
	if (is_nothing(raw))
		return f->quoted >> k & 1 && raw.n == 0 ? raw : STR_NONE;
	if (f->quoted >> k & 1)
		return raw;
	text = value_unhex(a, raw);
	return text.p ? text : raw;
}

static bool needs_encoding(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c < 0x21 || c > 0x7e)
			return true;
	}
	return false;
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

struct str value_name(struct arena *a, const struct fields *f, enum audit_key k)
{
	struct str raw = fields_get(f, k), text;

	if (!raw.p || is_nothing(raw))
		return STR_NONE;
	if (f->quoted >> k & 1)
		return raw;
	text = value_unhex(a, raw);
	/* Long runs of digits are hex of control characters, short ones ids. */
	if (!text.p || !needs_encoding(text) || (raw.n < 12 && all_digits(raw)))
		return raw;
	return text;
}

struct str value_word(const struct fields *f, enum audit_key k)
{
	struct str raw = fields_get(f, k);

	return raw.p && !is_nothing(raw) ? raw : STR_NONE;
}

bool value_int(const struct fields *f, enum audit_key k, int64_t *ret)
{
	struct str s = fields_get(f, k);
	bool minus = s.n && s.p[0] == '-';
	int64_t v = 0;

	/* 18 digits cannot overflow; nothing in a record is longer. */
	if (s.n == (size_t)minus || s.n > 18)
		return false;
	for (size_t i = minus; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*ret = minus ? -v : v;
	return true;
}

bool value_hex(const struct fields *f, enum audit_key k, uint64_t *ret)
{
	return fields_has(f, k) && str_hex64(f->v[k], ret);
}

bool value_id(const struct fields *f, enum audit_key k, int64_t *ret)
{
	return value_int(f, k, ret) && *ret >= 0 && *ret < AUDIT_UNSET;
}

static bool is_service(struct str name)
{
	/* What PAM modules and sshd write where there is no terminal. */
	static const char *const services[] = {"ssh", "sshd", "cron", "crond"};

	for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
		if (str_eqz(name, services[i]))
			return true;
	return false;
}

struct str value_tty(struct arena *a, struct str name)
{
	struct str rest;
	char *to;

	str_skip(&name, STR("/dev/"));
	if (is_nothing(name) || is_service(name))
		return STR_NONE;
	rest = name;
	if (!str_skip(&rest, STR("pts")) || !rest.n || rest.p[0] == '/')
		return name;
	to = arena_alloc(a, name.n + 1);
	if (!to)
		return name;
	memcpy(to, "pts/", 4);
	memcpy(to + 4, rest.p, rest.n);
	return str_make(to, name.n + 1);
}

struct str value_keys(struct arena *a, const struct fields *f)
{
	struct str keys = value_text(a, f, K_KEY);
	char *to;

	if (!keys.n || str_find_char(keys, KEY_SEPARATOR) == STR_NPOS)
		return keys;
	to = arena_alloc(a, keys.n);
	if (!to)
		return keys;
	for (size_t i = 0; i < keys.n; i++)
		to[i] = keys.p[i] == KEY_SEPARATOR ? ',' : keys.p[i];
	return str_make(to, keys.n);
}
