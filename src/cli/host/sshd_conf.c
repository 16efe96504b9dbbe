/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host/sshd_conf.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>

#include "cli/host/words.h"

struct str sshd_value(struct str effective, const char *keyword)
{
	struct str line, word;

	while (effective.n) {
		str_cut(&effective, '\n', &line);
		str_cut(&line, ' ', &word);
		if (str_eqz(word, keyword))
			return str_trim(line);
	}
	return STR_NONE;
}

static bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == '=';
}

/* As sshd: blanks, at most one "=", blanks. */
static bool split(struct str line, struct sshd_setting *ret)
{
	size_t n = 0;
	bool quoted;

	line = str_trim(line);
	quoted = str_skip(&line, STR("\""));
	while (n < line.n &&
	       (quoted ? line.p[n] != '"' : !is_separator(line.p[n])))
		n++;
	ret->keyword = str_upto(line, n);
	line = str_trim(str_from(line, quoted ? n + 1 : n));
	str_skip(&line, STR("="));
	ret->value = str_trim(line);
	return ret->keyword.n && ret->keyword.p[0] != '#';
}

bool sshd_conf_next(struct sshd_conf *c, struct sshd_setting *ret)
{
	struct str line;

	while (c->rest.n) {
		size_t before = c->rest.n;

		ret->at = c->at;
		str_cut(&c->rest, '\n', &line);
		c->at += before - c->rest.n;
		ret->line = ++c->line;
		if (split(line, ret))
			return true;
	}
	return false;
}

static bool fits(struct str pattern, const char *file)
{
	char text[PATH_MAX];
	bool relative = pattern.n && pattern.p[0] != '/';

	if (memchr(pattern.p, '\0', pattern.n) ||
	    snprintf(text, sizeof text, "%s%.*s", relative ? "/etc/ssh/" : "",
		STR_ARG(pattern)) >= (int)sizeof text)
		return false;
	return fnmatch(text, file, FNM_PATHNAME | FNM_PERIOD) == 0;
}

bool sshd_include_of(
    struct str config, const char *file, struct sshd_setting *ret)
{
	struct sshd_conf c = SSHD_CONF(config);
	struct str pattern;

	while (sshd_conf_next(&c, ret)) {
		struct str patterns = ret->value;

		if (str_eq_fold(ret->keyword, STR("Match")))
			return false;
		if (!str_eq_fold(ret->keyword, STR("Include")))
			continue;
		while (word_next(&patterns, &pattern) && pattern.p[0] != '#')
			if (fits(pattern, file))
				return true;
	}
	return false;
}

bool sshd_is_verbose(struct str level)
{
	return str_eq_fold(level, STR("VERBOSE")) ||
	       str_eq_fold(str_upto(level, 5), STR("DEBUG"));
}
