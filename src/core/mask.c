/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mask.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "core/mask_rules.h"

#define NAME_MAX_HERE 64
#define GAP_MAX	      256
#define QUOTED_MAX    1024
#define LOGIN_MAX     256
#define BLANKS_MAX    64
#define WORD_MAX      4096
#define BLOCK_MAX     ((size_t)64 << 10)

struct text {
	struct str s;
	bool list; /* arguments, each with a NUL behind it */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\0';
}

static bool is_space(char c)
{
	return is_blank(c) || c == '\n' || c == '\r';
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("._-+%", c));
}

bool mask_is_token(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_-.+/=~", c));
}

static bool is_upper(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_login(char c)
{
	return !is_space(c) && c != '@' && c != '/';
}

static size_t span(struct str s, size_t at, size_t max, bool (*is)(char c))
{
	size_t n = 0;

	while (n < max && at + n < s.n && is(s.p[at + n]))
		n++;
	return n;
}

static unsigned pair_of(char a, char b)
{
	return (unsigned)tolower((unsigned char)a) << 8 |
	       (unsigned)tolower((unsigned char)b);
}

/*
 * Where the text goes on behind `before`, up to its gap, from `at`; STR_NPOS:
 * it does not stand there. *ret_gap: what is behind the gap, or NULL.
 */
static size_t match(const struct mask_rule *rule, const char *before,
    struct str s, size_t at, const char **ret_gap)
{
	*ret_gap = NULL;
	for (const char *b = before; *b; b++) {
		size_t n = 1;

		if (strncmp(b, "...", 3) == 0) {
			*ret_gap = b + 3;
			return at;
		}
		if (*b == '*')
			n = span(s, at, NAME_MAX_HERE, is_name);
		else if (*b == ' ')
			n = span(s, at, BLANKS_MAX, is_blank);
		else if (at >= s.n ||
			 !(s.p[at] == *b ||
			     (rule->nocase && tolower((unsigned char)s.p[at]) ==
						  tolower((unsigned char)*b))))
			return STR_NPOS;
		if (n == 0 && *b == ' ')
			return STR_NPOS;
		at += n;
	}
	return at;
}

/* As match(), of all of it. */
static size_t match_all(const struct mask_rule *rule, struct str s, size_t at)
{
	const char *rest, *none;
	size_t end = match(rule, rule->before, s, at, &rest);

	if (end == STR_NPOS || !rest)
		return end;
	for (size_t i = end; i < s.n && i - end <= GAP_MAX; i++) {
		size_t behind = match(rule, rest, s, i, &none);

		if (behind != STR_NPOS)
			return behind;
		if (s.p[i] == '\n' || strchr(";|&", s.p[i] ? s.p[i] : ' '))
			break;
	}
	return STR_NPOS;
}

/* All of the argument where nothing but a word of it stands before `at`. */
static bool ends_with_argument(const struct text *t, size_t at)
{
	size_t begin = at;

	if (!t->list)
		return false;
	while (
	    begin > 0 && at - begin < WORD_MAX && !is_space(t->s.p[begin - 1]))
		begin--;
	return begin == 0 || t->s.p[begin - 1] == '\0';
}

static size_t value_end(const struct text *t, size_t at)
{
	struct str s = t->s;
	char quote = s.p[at];

	if (ends_with_argument(t, at))
		return at + strnlen(s.p + at, s.n - at);
	if (quote == '"' || quote == '\'')
		for (size_t i = at + 1; i < s.n && i - at < QUOTED_MAX &&
					s.p[i] != '\n' && s.p[i] != '\0';
		     i++)
			if (s.p[i] == quote)
				return i + 1;
	while (at < s.n && !is_space(s.p[at]))
		at++;
	return at;
}

/* Behind the secret that begins at `at`; `at` itself: there is none. */
static size_t secret_end(const struct mask_rule *rule, const struct text *t,
    size_t at, bool *ret_open)
{
	struct str s = t->s, rest = str_upto(str_from(s, at), BLOCK_MAX);
	size_t n, end;

	switch (rule->secret) {
	case MASK_VALUE:
		return at < s.n ? value_end(t, at) : at;
	case MASK_TOKEN:
		return at + span(s, at, s.n, mask_is_token);
	case MASK_UPPER:
		return at + span(s, at, s.n, is_upper);
	case MASK_LOGIN:
		n = span(s, at, LOGIN_MAX, is_login);
		return at + n < s.n && s.p[at + n] == '@' ? at + n : at;
	default:
		if (t->list)
			rest = str_upto(rest, str_find_char(rest, '\0'));
		end = str_find(rest, STR("-----END"));
		*ret_open |= end == STR_NPOS;
		return at + (end == STR_NPOS ? rest.n : end);
	}
}

static void mark_rule(const struct mask_rule *rule, const struct text *t,
    size_t at, uint8_t *marks, bool *ret_open)
{
	size_t from = match_all(rule, t->s, at), to;
	bool open = false;

	/* What is marked was looked at: each secret is walked once. */
	if (from == STR_NPOS || (from < t->s.n && marks[from]))
		return;
	to = secret_end(rule, t, from, &open);
	if (to - from >= (rule->least ? rule->least : 1))
		memset(marks + from, 1, to - from);
	*ret_open |= open;
}

/* Few places are like this, and all other ones cost no more. */
static bool begins(const struct mask *m, const char *p)
{
	unsigned pair = pair_of(p[0], p[1]);

	return m->begins[pair / 8] >> pair % 8 & 1;
}

bool mask_mark(const struct mask *m, struct str text, uint8_t *marks)
{
	const struct text t = {text, str_find_char(text, '\0') != STR_NPOS};
	bool open = false;

	for (size_t i = 0; i + 1 < text.n; i++) {
		if (!begins(m, text.p + i))
			continue;
		for (size_t k = 0; k < m->n; k++)
			if (tolower((unsigned char)*m->rules[k].before) ==
			    tolower((unsigned char)text.p[i]))
				mark_rule(&m->rules[k], &t, i, marks, &open);
	}
	return open;
}

size_t mask_text(const struct mask *m, struct str text, struct buf *b)
{
	uint8_t *marks = calloc(1, text.n + 1);
	size_t n = 0;

	if (!marks) {
		b->error = -ENOMEM;
		return 0;
	}
	mask_mark(m, text, marks);
	for (size_t i = 0, end; i < text.n; i = end) {
		for (end = i; end < text.n && marks[end] == marks[i];)
			end++;
		if (marks[i])
			buf_add_z(b, MASK_TEXT);
		else
			buf_add(b, text.p + i, end - i);
		n += marks[i];
	}
	free(marks);
	return n;
}

int64_t mask_event(const struct mask *m, struct event *ev, struct arena *a)
{
	static const enum field fields[] = {
	    F_ARGV, F_CMD, F_TEXT, F_OPTIONS, F_REASON, F_PATH, F_PATH2};
	struct buf b = BUF_INIT;
	int64_t all = 0;

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		size_t n;

		if (!event_has(ev, fields[i]))
			continue;
		buf_clear(&b);
		n = mask_text(m, event_str(ev, fields[i]), &b);
		if (n == 0 && !buf_error(&b))
			continue;
		ev->v[fields[i]].s = arena_dup(a, buf_str(&b));
		if (buf_error(&b) || !ev->v[fields[i]].s.p) {
			all = -ENOMEM;
			break;
		}
		all += (int64_t)n;
	}
	buf_free(&b);
	return all;
}

static void add_rule(struct mask *m, struct mask_rule rule)
{
	unsigned pair = pair_of(rule.before[0], rule.before[1]);

	m->rules[m->n++] = rule;
	m->begins[pair / 8] |= (uint8_t)(1u << pair % 8);
}

void mask_init(struct mask *m)
{
	*m = (struct mask){.mem = ARENA_INIT};
	for (const struct mask_rule *r = mask_rules; r->before; r++)
		add_rule(m, *r);
}

void mask_free(struct mask *m)
{
	arena_free(&m->mem);
}

/* The next word of a line; in quotes it may hold blanks. */
static struct str next_word(struct str *line)
{
	struct str word;

	*line = str_trim(*line);
	if (str_skip(line, STR("\""))) {
		size_t end = str_rfind_char(*line, '"');

		word = str_upto(*line, end == STR_NPOS ? 0 : end);
		*line = str_from(*line, end == STR_NPOS ? line->n : end + 1);
		return word;
	}
	for (size_t i = 0; i < line->n; i++)
		if (is_blank(line->p[i])) {
			word = str_upto(*line, i);
			*line = str_from(*line, i);
			return word;
		}
	word = *line;
	*line = STR_NONE;
	return word;
}

/* NULL, or what is wrong with it. */
static const char *check_before(struct str before)
{
	size_t gap = str_find(before, STR("..."));

	if (before.n < 2 || before.n > MASK_BEFORE_MAX)
		return "what stands before a secret is 2 to 64 characters";
	for (size_t i = 0; i < before.n; i++)
		if ((uint8_t)before.p[i] < ' ')
			return "no control characters stand before a secret";
	for (size_t i = 0; i < 2; i++)
		if (strchr(" *.", before.p[i]))
			return "a rule begins with two characters that are "
			       "themselves, none of blank, * and .";
	/* Else it would take more than a bounded time. */
	if (gap != STR_NPOS &&
	    (str_find(str_from(before, gap + 3), STR("...")) != STR_NPOS ||
		str_find_char(str_from(before, gap), '*') != STR_NPOS))
		return "behind ... is neither another one nor a *";
	return NULL;
}

static const char *read_options(struct str line, struct mask_rule *rule)
{
	struct str word;
	uint64_t n;

	rule->least = 1;
	while ((word = next_word(&line)).n) {
		if (str_eqz(word, "nocase"))
			rule->nocase = true;
		else if (str_u64(word, &n) && n >= 1 && n <= 4096)
			rule->least = (unsigned)n;
		else
			return "behind the kind of secret is how long it is at "
			       "least, 1 to 4096, and nocase, or nothing";
	}
	return NULL;
}

static const char *read_rule(
    struct mask *m, struct str line, struct mask_rule *rule)
{
	static const char *const secrets[] = {
#define X(c, name, help) name,
	    MASK_SECRETS(X)
#undef X
	};
	struct str before = next_word(&line), secret = next_word(&line);
	const char *wrong = check_before(before);
	size_t i = 0;

	if (wrong)
		return wrong;
	while (i < MASK_N_SECRETS && !str_eqz(secret, secrets[i]))
		i++;
	if (i == MASK_N_SECRETS)
		return "a secret is one of value, token, upper, login, block";
	if (m->n == MASK_RULES_MAX)
		return "there are more than 256 rules";
	rule->secret = (enum mask_secret)i;
	rule->before = arena_dup(&m->mem, before).p;
	return read_options(line, rule);
}

int mask_read(
    struct mask *m, const char *name, struct str content, struct err *err)
{
	unsigned number = 0;
	struct str line;

	while (content.n) {
		struct mask_rule rule = {.before = NULL};
		const char *wrong;

		str_cut(&content, '\n', &line);
		line = str_trim(line);
		number++;
		if (line.n == 0 || *line.p == '#')
			continue;
		wrong = read_rule(m, line, &rule);
		if (wrong)
			return err_set(
			    err, -EINVAL, "%s:%u: %s", name, number, wrong);
		if (!rule.before)
			return err_sys(err, -ENOMEM, "%s", name);
		add_rule(m, rule);
	}
	return 0;
}
