/* SPDX-License-Identifier: Apache-2.0 */
#include "base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

#include "base/conf_value.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/opt.h"

#define SHOWN_MAX 40 /* bytes of the file that a complaint shows */

/* A mapping or list that is open. */
struct level {
	enum { KEYS, ITEMS, IGNORED } kind;
	bool have_key; /* KEYS: a value is next */
	size_t prefix; /* KEYS: bytes of `name` that lead here */
};

/*
 * The parser's events drive it: no recursion, whatever the file says. What has
 * no place is complained of once and passed over with all that it holds.
 */
struct reading {
	const struct conf *conf;
	const char *file;
	struct buf *complaints;
	unsigned n_errors, n_documents;
	int failed; /* 0 or -ENOMEM */
	struct level levels[CONF_DEPTH_MAX];
	size_t depth;
	char name[CONF_NAME_MAX + 1]; /* with dots, of what is next */
	size_t name_n;
	const struct conf_key *key; /* whose value is next, or NULL */
	bool is_section;	    /* a mapping of known keys is next */
	struct map seen;	    /* hash of name to line */
	const char *items[CONF_LIST_MAX];
	size_t n_items;
	bool bad_item; /* the list is complained of already */
};

/* Complaints. */

/* False: there are too many already. */
static bool begin_complaint(struct reading *r, const yaml_mark_t *at)
{
	r->n_errors++;
	if (r->n_errors > CONF_ERRORS_MAX + 1)
		return false;
	buf_add_z(r->complaints, r->file);
	if (r->n_errors > CONF_ERRORS_MAX) {
		buf_add_z(r->complaints, ": there are more errors\n");
		return false;
	}
	if (at)
		buf_printf(
		    r->complaints, ":%zu:%zu", at->line + 1, at->column + 1);
	buf_add_z(r->complaints, ": ");
	return true;
}

__attribute__((format(printf, 3, 4))) static void complain(
    struct reading *r, const yaml_mark_t *at, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (!begin_complaint(r, at))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_add_z(r->complaints, text);
	buf_add_char(r->complaints, '\n');
}

/* Bytes of the file, such that any terminal can show them. */
static void add_shown(struct buf *b, struct str s)
{
	buf_add_char(b, '"');
	for (size_t i = 0; i < s.n && i < SHOWN_MAX; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= ' ' && c < 0x7f)
			buf_add_char(b, (char)c);
		else
			buf_printf(b, "\\x%02x", c);
	}
	buf_add_z(b, s.n > SHOWN_MAX ? "...\"" : "\"");
}

/* What stands there is not what the key wants. */
static void complain_value(
    struct reading *r, const yaml_mark_t *at, const char *found, struct str s)
{
	struct buf *b = r->complaints;

	if (!begin_complaint(r, at))
		return;
	buf_printf(b, "%s: expected ", r->key->name);
	conf_describe(r->key, b);
	buf_printf(b, ", found %s", found);
	if (s.n)
		add_shown(b, s);
	buf_add_char(b, '\n');
}

static size_t count_names(const struct conf_key *keys)
{
	size_t n = 0;

	for (; keys->name; keys++) {
		n++;
		for (const char *p = keys->name; *p; p++)
			n += *p == '.';
	}
	return n;
}

/* Names of keys, and of the sections that they lie in. */
static const char **list_names(
    const struct conf_key *keys, size_t n, struct arena *arena)
{
	const char **names = arena_alloc(arena, n * sizeof *names);
	size_t used = 0;

	for (; names && keys->name; keys++) {
		struct str name = str_z(keys->name);

		for (size_t i = 0; i < name.n; i++)
			if (name.p[i] == '.')
				names[used++] =
				    arena_dup(arena, str_upto(name, i)).p;
		names[used++] = keys->name;
	}
	for (size_t i = 0; i < used; i++)
		if (!names[i])
			return NULL;
	return names;
}

/* The key of that name in another section. */
static const char *find_elsewhere(const struct conf_key *keys, struct str wrong)
{
	for (; keys->name; keys++) {
		struct str rest = str_z(keys->name);

		if (wrong.n && str_chop(&rest, wrong) &&
		    str_ends(rest, STR(".")))
			return keys->name;
	}
	return NULL;
}

/* What was probably meant by a name that is wrong. */
static void add_meant(struct reading *r, struct str wrong)
{
	const struct conf_key *keys = r->conf->keys;
	const char *meant = find_elsewhere(keys, wrong);
	struct arena arena = ARENA_INIT;

	if (!meant) {
		size_t n = count_names(keys);
		const char **names = list_names(keys, n, &arena);

		meant = names ? opt_nearest(wrong, names, n) : NULL;
	}
	if (meant)
		buf_printf(r->complaints, "; did you mean %s?", meant);
	arena_free(&arena);
}

static void complain_name(
    struct reading *r, const yaml_mark_t *at, struct str name)
{
	if (!begin_complaint(r, at))
		return;
	buf_add_z(r->complaints, "there is no key ");
	add_shown(r->complaints, name);
	add_meant(r, name);
	buf_add_char(r->complaints, '\n');
}

/* Keys. */

static struct level *top(struct reading *r)
{
	return &r->levels[r->depth - 1];
}

static void find_name(struct reading *r, struct str name)
{
	r->key = NULL;
	r->is_section = false;
	for (const struct conf_key *key = r->conf->keys; key->name; key++) {
		struct str rest = str_z(key->name);

		if (!str_skip(&rest, name))
			continue;
		if (rest.n == 0)
			r->key = key;
		else if (rest.p[0] == '.')
			r->is_section = true;
	}
}

/* False: it was set before. */
static bool note_name(struct reading *r, const yaml_mark_t *at, struct str name)
{
	uint64_t *line = map_put(&r->seen, hash_bytes(name));

	if (!line) {
		r->failed = -ENOMEM;
		return false;
	}
	if (*line) {
		complain(r, at, "%.*s stands in line %llu already",
		    STR_ARG(name), (unsigned long long)*line);
		return false;
	}
	*line = at->line + 1;
	return true;
}

static void take_key(struct reading *r, const yaml_mark_t *at, struct str s)
{
	struct level *level = top(r);
	size_t n = level->prefix;
	struct str name;

	level->have_key = true;
	r->key = NULL;
	r->is_section = false;
	if (n)
		r->name[n++] = '.';
	if (s.n == 0 || s.n > CONF_NAME_MAX - n) {
		complain_name(r, at, s);
		return;
	}
	memcpy(r->name + n, s.p, s.n);
	r->name_n = n + s.n;
	name = str_make(r->name, r->name_n);
	find_name(r, name);
	if (!r->key && !r->is_section) {
		complain_name(r, at, name);
	} else if (!note_name(r, at, name)) {
		r->key = NULL;
		r->is_section = false;
	}
}

/* Values. */

static void take_value(struct reading *r, const yaml_event_t *e, struct str s)
{
	const yaml_mark_t *at = &e->start_mark;
	int failed;

	top(r)->have_key = false;
	/* A section may have all its keys commented out. */
	if (r->is_section && s.n)
		complain(r, at,
		    "%.*s is a section: expected its keys, deeper "
		    "than it, found a value",
		    (int)r->name_n, r->name);
	if (!r->key)
		return;
	failed = r->key->type == CONF_LIST ? -EINVAL
					   : conf_set_value(r->conf, r->key, s);
	if (failed == -EINVAL)
		complain_value(r, at, s.n ? "" : "nothing", s);
	else if (failed)
		r->failed = failed;
}

static void take_item(struct reading *r, const yaml_event_t *e, struct str s)
{
	int failed = -EINVAL;

	if (r->bad_item)
		return;
	if (r->n_items < CONF_LIST_MAX)
		failed = conf_keep_text(r->conf, s, 0, &r->items[r->n_items]);
	if (failed == -EINVAL) {
		r->bad_item = true;
		complain_value(r, &e->start_mark,
		    r->n_items == CONF_LIST_MAX
			? "too many, the first of which "
		    : s.n ? ""
			  : "nothing",
		    s);
	} else if (failed) {
		r->failed = failed;
	} else {
		r->n_items++;
	}
}

static void end_list(struct reading *r, const yaml_event_t *e)
{
	int failed;

	if (r->bad_item)
		return;
	failed = conf_set_list(r->conf, r->key, r->items, r->n_items);
	if (failed == -EINVAL)
		complain_value(r, &e->start_mark,
		    r->n_items ? "another number of them" : "none", STR_NONE);
	else if (failed)
		r->failed = failed;
}

/* The parser's events. */

static void take_scalar(struct reading *r, const yaml_event_t *e)
{
	struct str s = str_make(e->data.scalar.value, e->data.scalar.length);

	if (r->depth == 0) {
		/* A document of comments only is an empty text. */
		if (s.n)
			complain(r, &e->start_mark,
			    "expected \"KEY: VALUE\", found a text");
		return;
	}
	switch (top(r)->kind) {
	case KEYS:
		if (top(r)->have_key)
			take_value(r, e, s);
		else
			take_key(r, &e->start_mark, s);
		return;
	case ITEMS:
		take_item(r, e, s);
		return;
	case IGNORED:
		return;
	}
}

/* What begins here has no place; says so unless that was said. */
static void complain_begin(
    struct reading *r, const yaml_mark_t *at, const char *what)
{
	if (r->depth == 0)
		complain(r, at, "expected \"KEY: VALUE\", found %s", what);
	else if (top(r)->kind == KEYS && !top(r)->have_key)
		complain(r, at, "expected the name of a key, found %s", what);
	else if (top(r)->kind == ITEMS) {
		if (!r->bad_item)
			complain_value(r, at, what, STR_NONE);
		r->bad_item = true;
	} else if (top(r)->kind == KEYS && r->key)
		complain_value(r, at, what, STR_NONE);
	else if (top(r)->kind == KEYS && r->is_section)
		complain(r, at,
		    "%.*s is a section: expected its keys, found %s",
		    (int)r->name_n, r->name, what);
}

static void begin(struct reading *r, const yaml_event_t *e, bool is_mapping)
{
	const struct level *in = r->depth ? top(r) : NULL;
	bool is_value = in && in->kind == KEYS && in->have_key;
	struct level level = {IGNORED, false, 0};

	if (is_mapping && (!in || (is_value && r->is_section))) {
		level.kind = KEYS;
		level.prefix = in ? r->name_n : 0;
	} else if (!is_mapping && is_value && r->key &&
		   r->key->type == CONF_LIST) {
		level.kind = ITEMS;
		r->n_items = 0;
		r->bad_item = false;
	} else {
		complain_begin(
		    r, &e->start_mark, is_mapping ? "a mapping" : "a list");
	}
	r->levels[r->depth++] = level;
}

/* What is over was the value of a key, or stood in the place of one. */
static void end_item(struct reading *r)
{
	if (r->depth && top(r)->kind == KEYS) {
		top(r)->have_key = !top(r)->have_key;
		r->key = NULL;
		r->is_section = false;
	}
}

static void end(struct reading *r, const yaml_event_t *e)
{
	if (top(r)->kind == ITEMS)
		end_list(r, e);
	r->depth--;
	end_item(r);
}

/* False: nothing more is to be read. */
static bool take_event(struct reading *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->n_documents++ == 0)
			return true;
		complain(r, &e->start_mark,
		    "expected the end of the file, found another document");
		return false;
	case YAML_SCALAR_EVENT:
		take_scalar(r, e);
		return true;
	case YAML_ALIAS_EVENT:
		complain_begin(r, &e->start_mark, "an alias");
		end_item(r);
		return true;
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		if (r->depth == CONF_DEPTH_MAX) {
			complain(r, &e->start_mark,
			    "expected at most %d levels, found more",
			    CONF_DEPTH_MAX);
			return false;
		}
		begin(r, e, e->type == YAML_MAPPING_START_EVENT);
		return true;
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		end(r, e);
		return true;
	default:
		return e->type != YAML_STREAM_END_EVENT;
	}
}

/* libyaml gives bytes that it cannot decode by their offset only. */
static yaml_mark_t mark_of_offset(struct str content, size_t offset)
{
	yaml_mark_t mark = {offset, 0, 0};

	for (size_t i = 0; i < offset && i < content.n; i++) {
		mark.column++;
		if (content.p[i] == '\n') {
			mark.line++;
			mark.column = 0;
		}
	}
	return mark;
}

static void complain_yaml(
    struct reading *r, const yaml_parser_t *parser, struct str content)
{
	yaml_mark_t at = parser->problem_mark;
	bool has_context = parser->context && parser->context[0];

	if (parser->error == YAML_MEMORY_ERROR) {
		r->failed = -ENOMEM;
		return;
	}
	if (parser->error == YAML_READER_ERROR)
		at = mark_of_offset(content, parser->problem_offset);
	complain(r, &at, "not YAML: %s%s%s; what follows was not read",
	    parser->problem ? parser->problem : "it ends too early",
	    has_context ? " " : "", has_context ? parser->context : "");
}

static int read_events(struct reading *r, struct str content)
{
	yaml_parser_t parser;
	bool more = true;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(
	    &parser, (const unsigned char *)content.p, content.n);
	while (more && !r->failed) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			complain_yaml(r, &parser, content);
			break;
		}
		more = take_event(r, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return r->failed;
}

static int read_content(const struct conf *c, const char *file,
    struct str content, struct buf *complaints)
{
	struct reading r = {.conf = c,
	    .file = file,
	    .complaints = complaints,
	    .seen = MAP_INIT};
	int failed;

	if (content.n > CONF_FILE_MAX) {
		complain(&r, NULL, "it is larger than 1 MiB");
		return -EINVAL;
	}
	failed = content.n ? read_events(&r, content) : 0;
	map_free(&r.seen);
	if (failed || buf_error(complaints))
		return failed ? failed : buf_error(complaints);
	return r.n_errors ? -EINVAL : 0;
}

static int set_defaults(const struct conf *c, struct buf *complaints)
{
	struct buf text = BUF_INIT;
	int r;

	/* What has no default keeps no value of before. */
	for (const struct conf_key *key = c->keys; key->name; key++)
		if (!key->preset)
			*(const char **)(void *)((char *)c->target + key->at) =
			    NULL;
	conf_print_defaults(c->keys, &text);
	r = buf_error(&text);
	if (r == 0)
		r = read_content(c, "(defaults)", buf_str(&text), complaints);
	buf_free(&text);
	return r;
}

int conf_parse(const struct conf *c, const char *file, struct str content,
    struct buf *complaints)
{
	int r = set_defaults(c, complaints);

	return r ? r : read_content(c, file, content, complaints);
}

int conf_load(const struct conf *c, const char *file, struct buf *complaints)
{
	struct buf content = BUF_INIT;
	int r = 0;

	if (file)
		r = fd_read_file(AT_FDCWD, file, CONF_FILE_MAX, &content);
	if (r)
		buf_printf(complaints, "%s: cannot be read: %s\n", file,
		    r == -EFBIG ? "it is larger than 1 MiB" : strerror(-r));
	else
		r = conf_parse(c, file, buf_str(&content), complaints);
	buf_free(&content);
	return r;
}
