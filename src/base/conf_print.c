/* SPDX-License-Identifier: Apache-2.0 */
/* The commented file of defaults. */
#include "base/conf.h"

#define WIDTH 78

static void indent(struct buf *b, size_t level)
{
	for (size_t i = 0; i < level; i++)
		buf_add_z(b, "  ");
}

/* As comment lines, none longer than WIDTH unless a word is. */
static void add_comment(struct buf *b, size_t level, struct str text)
{
	size_t line = b->n;
	bool more = text.n > 0;

	indent(b, level);
	buf_add_char(b, '#');
	while (more) {
		struct str word;

		more = str_cut(&text, ' ', &word);
		if (b->n - line + 1 + word.n > WIDTH) {
			buf_add_char(b, '\n');
			line = b->n;
			indent(b, level);
			buf_add_char(b, '#');
		}
		buf_add_char(b, ' ');
		buf_add_str(b, word);
	}
	buf_add_char(b, '\n');
}

/* How much of two names is the same sections: "a.b." of a.b.c and a.b.d. */
static size_t common_sections(const char *a, const char *b)
{
	size_t common = 0;

	for (size_t i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '.')
			common = i + 1;
	return common;
}

/* Sections that begin with this key; returns its level. */
static size_t add_sections(struct buf *b, struct str name, size_t known)
{
	size_t level = 0, begin = 0, dot;

	while ((dot = str_find_char(str_from(name, begin), '.')) != STR_NPOS) {
		if (begin >= known) {
			indent(b, level);
			buf_add_str(b, str_upto(str_from(name, begin), dot));
			buf_add_z(b, ":\n");
		}
		begin += dot + 1;
		level++;
	}
	return level;
}

static void add_description(
    struct buf *b, size_t level, const struct conf_key *key)
{
	struct buf text = BUF_INIT;

	conf_describe(key, &text);
	buf_add_char(&text, '.');
	/* Letters of ASCII differ in one bit. */
	if (!buf_error(&text))
		text.p[0] &= ~0x20;
	add_comment(b, level, buf_str(&text));
	buf_free(&text);
}

void conf_print_defaults(const struct conf_key *keys, struct buf *b)
{
	const char *before = "";

	for (const struct conf_key *key = keys; key->name; key++) {
		struct str name = str_z(key->name);
		size_t dot = str_rfind_char(name, '.'), level;

		if (key != keys)
			buf_add_char(b, '\n');
		level =
		    add_sections(b, name, common_sections(before, key->name));
		add_comment(b, level, str_z(key->help));
		add_description(b, level, key);
		indent(b, level);
		if (!key->preset)
			buf_add_char(b, '#');
		buf_add_str(b, str_from(name, dot == STR_NPOS ? 0 : dot + 1));
		buf_add_char(b, ':');
		if (key->preset)
			buf_printf(b, " %s", key->preset);
		buf_add_char(b, '\n');
		before = key->name;
	}
}

/* Each sentence on a line of its own, as mdoc wants it. */
static void add_sentences(struct buf *b, struct str text)
{
	while (text.n) {
		size_t end = str_find(text, STR(". "));

		end = end == STR_NPOS ? text.n : end + 1;
		buf_add_str(b, str_upto(text, end));
		buf_add_char(b, '\n');
		text = str_trim(str_from(text, end));
	}
}

static void add_key(struct buf *b, const struct conf_key *key)
{
	buf_printf(b, ".It Cm %s\n", key->name);
	add_sentences(b, str_z(key->help));
	buf_add_z(b, "Value: ");
	conf_describe(key, b);
	if (key->preset)
		buf_printf(b, ".\nDefault:\n.Ql %s .\n", key->preset);
	else
		buf_add_z(b, ".\n");
}

void conf_print_page(const struct conf_key *keys, struct buf *b)
{
	for (; keys->name; keys++)
		add_key(b, keys);
}
