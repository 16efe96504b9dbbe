/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host/pam_conf.h"

#include "cli/host/words.h"

/* A line goes on behind a backslash at its end. */
static struct str take_line(struct str *text)
{
	struct str line;
	const char *begin = text->p;

	while (str_cut(text, '\n', &line) && str_ends(line, STR("\\")))
		continue;
	return str_make(begin, (size_t)(line.p + line.n - begin));
}

static bool take_control(struct str *s, struct str *ret)
{
	*s = str_trim(*s);
	if (s->n && s->p[0] == '[') {
		size_t end = str_find_char(*s, ']');

		if (end == STR_NPOS)
			return false;
		*ret = str_upto(*s, end + 1);
		*s = str_from(*s, end + 1);
		return true;
	}
	return word_next(s, ret);
}

static struct str without_directory(struct str path)
{
	size_t slash = str_rfind_char(path, '/');

	return slash == STR_NPOS ? path : str_from(path, slash + 1);
}

static bool parse(struct str line, struct pam_line *ret)
{
	size_t comment = str_find_char(line, '#');

	*ret = (struct pam_line){.include = false};
	line = str_upto(line, comment);
	if (!word_next(&line, &ret->type))
		return false;
	if (str_eqz(ret->type, "@include")) {
		ret->include = true;
		return word_next(&line, &ret->module);
	}
	str_skip(&ret->type, STR("-"));
	if (!take_control(&line, &ret->control) ||
	    !word_next(&line, &ret->module))
		return false;
	ret->include = str_eq_fold(ret->control, STR("include")) ||
		       str_eq_fold(ret->control, STR("substack"));
	ret->module = without_directory(ret->module);
	ret->args = str_trim(line);
	return true;
}

bool pam_next(struct str *text, struct pam_line *ret)
{
	while (text->n)
		if (parse(take_line(text), ret))
			return true;
	return false;
}

bool pam_find(
    struct str text, const char *type, const char *module, struct pam_line *ret)
{
	while (pam_next(&text, ret))
		if (!ret->include && str_eq_fold(ret->type, str_z(type)) &&
		    str_eqz(ret->module, module))
			return true;
	return false;
}

struct str pam_arg(struct str args, const char *name)
{
	struct str word, value = STR_NONE;

	while (word_next(&args, &word))
		if (str_skip(&word, str_z(name)) && str_skip(&word, STR("=")))
			value = word;
	return value;
}
