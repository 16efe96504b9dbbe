/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "crypto/digest.h"
#include "sources/keys/authorized_keys.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct str skip_blanks(struct str s)
{
	while (s.n && is_blank(*s.p))
		s = str_from(s, 1);
	return s;
}

/* The first word of *s, which is moved behind it and the blanks after it. */
static struct str take_word(struct str *s)
{
	size_t n = 0;
	struct str word;

	while (n < s->n && !is_blank(s->p[n]))
		n++;
	word = str_upto(*s, n);
	*s = skip_blanks(str_from(*s, n));
	return word;
}

/* Length of the part before the first `a` or `b` outside of quotes. */
static size_t unquoted_until(struct str s, char a, char b)
{
	bool quoted = false;
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (!quoted && (s.p[i] == a || s.p[i] == b))
			break;
		if (s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] == '"')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
	}
	return i < s.n ? i : s.n;
}

/* The next option of *options, without its comma; false: none left. */
static bool next_option(struct str *options, struct str *ret)
{
	size_t n;

	if (options->n == 0)
		return false;
	n = unquoted_until(*options, ',', ',');
	*ret = str_upto(*options, n);
	*options = str_from(*options, n + 1);
	return true;
}

/* The next length-prefixed field of *blob; false when it is cut short. */
static bool next_field(struct str *blob, struct str *ret)
{
	const uint8_t *p = (const uint8_t *)blob->p;
	size_t len;

	if (blob->n < 4)
		return false;
	len = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 |
	      (size_t)p[3];
	if (len > blob->n - 4)
		return false;
	*ret = str_make(blob->p + 4, len);
	*blob = str_from(*blob, 4 + len);
	return true;
}

/*
 * A key as it goes over the wire (RFC 4253, 6.6) is fields, the first of them
 * the name of its type. Certificates hold plain numbers too.
 */
static bool blob_is_key(struct str blob, struct str type)
{
	struct str field;

	if (!next_field(&blob, &field) || !str_eq(field, type))
		return false;
	if (str_find(type, STR("-cert-")) != STR_NPOS)
		return true;
	if (blob.n == 0)
		return false;
	while (blob.n)
		if (!next_field(&blob, &field))
			return false;
	return true;
}

static void set_fp(const uint8_t *blob, size_t n, char ret[static KEY_FP_LEN])
{
	char digits[48];
	struct sha256 hash;

	_Static_assert(SHA256_LEN == 32, "43 digits and one of padding");
	sha256_of(blob, n, &hash);
	base64_encode(hash.h, sizeof hash.h, digits);
	snprintf(ret, KEY_FP_LEN, "SHA256:%.43s", digits);
}

static bool parse_key(struct str s, struct key_line *ret)
{
	uint8_t blob[KEY_BLOB_MAX];
	struct str type = take_word(&s);
	struct str base64 = take_word(&s);
	long n;

	if (type.n == 0 || base64.n == 0)
		return false;
	n = base64_decode(base64, blob, sizeof blob);
	if (n <= 0 || !blob_is_key(str_make(blob, (size_t)n), type))
		return false;
	ret->type = type;
	ret->comment = str_trim(s);
	set_fp(blob, (size_t)n, ret->fp);
	return true;
}

bool key_line_parse(struct str line, struct key_line *ret)
{
	struct str options, option;
	size_t n;

	line = skip_blanks(line);
	ret->options = STR_NONE;
	ret->authority = false;
	if (parse_key(line, ret))
		return true;
	n = unquoted_until(line, ' ', '\t');
	if (n == 0 || !parse_key(skip_blanks(str_from(line, n)), ret))
		return false;
	ret->options = options = str_upto(line, n);
	while (next_option(&options, &option))
		if (str_eq_fold(option, STR("cert-authority")))
			ret->authority = true;
	return true;
}

bool key_options_known(struct str options)
{
	static const char *const known[] = {
	    "agent-forwarding",
	    "cert-authority",
	    "command",
	    "environment",
	    "expiry-time",
	    "from",
	    "no-agent-forwarding",
	    "no-port-forwarding",
	    "no-pty",
	    "no-touch-required",
	    "no-user-rc",
	    "no-X11-forwarding",
	    "permitlisten",
	    "permitopen",
	    "port-forwarding",
	    "principals",
	    "pty",
	    "restrict",
	    "touch-required",
	    "tunnel",
	    "user-rc",
	    "verify-required",
	    "X11-forwarding",
	};
	struct str option;

	while (next_option(&options, &option)) {
		struct str name;
		bool found = false;

		str_cut(&option, '=', &name);
		for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
			found |= str_eq_fold(name, str_z(known[i]));
		if (!found)
			return false;
	}
	return true;
}

/* Takes the last part off *path. */
static struct str take_last(struct str *path)
{
	size_t slash = str_rfind_char(*path, '/');
	struct str last = *path;

	if (slash == STR_NPOS) {
		*path = STR_NONE;
		return last;
	}
	last = str_from(*path, slash + 1);
	*path = str_upto(*path, slash);
	return last;
}

struct str key_path_user(struct str path)
{
	struct str file = take_last(&path);
	struct str folder = take_last(&path);
	struct str user;

	if (str_starts(folder, STR("authorized"))) {
		if (!str_chop(&file, STR(".pub")))
			str_chop(&file, STR(".keys"));
		return file.n ? file : STR_NONE;
	}
	if (!str_eqz(folder, ".ssh"))
		return STR_NONE;
	user = take_last(&path);
	if (user.n &&
	    (str_eqz(user, "root") || str_eqz(take_last(&path), "home")))
		return user;
	return STR_NONE;
}
