/* SPDX-License-Identifier: Apache-2.0 */
#include "record/asciicast.h"

#include <errno.h>

#include "core/flat_json.h"
#include "record/reading.h"

struct cast {
	struct reading r; /* first */
	uint64_t version; /* 0: no header yet */
	bool useless;	  /* no header that can be read */
	struct arena mem; /* of the line */
};

/* --- the header --- */

static uint16_t get_size(const struct json_pair *pair)
{
	uint64_t n;

	return pair->type == JSON_PLAIN && str_u64(pair->raw, &n) &&
		       n <= UINT16_MAX
		   ? (uint16_t)n
		   : 0;
}

static struct str get_text(const struct json_pair *pair, struct arena *mem)
{
	return pair->type == JSON_STRING ? flat_json_text(pair, mem) : STR_NONE;
}

static void get_env(struct head *h, struct str object, struct arena *mem)
{
	struct json_pair pair;

	while (flat_json_pair(&object, &pair)) {
		if (str_eqz(pair.key, "SHELL"))
			h->shell = get_text(&pair, mem);
		else if (str_eqz(pair.key, "TERM"))
			h->term = get_text(&pair, mem);
		object = str_trim(object);
		if (!str_skip(&object, STR(",")))
			break;
	}
}

static void get_term(struct head *h, struct str object, struct arena *mem)
{
	struct json_pair pair;

	while (flat_json_pair(&object, &pair)) {
		if (str_eqz(pair.key, "cols"))
			h->cols = get_size(&pair);
		else if (str_eqz(pair.key, "rows"))
			h->rows = get_size(&pair);
		else if (str_eqz(pair.key, "type"))
			h->term = get_text(&pair, mem);
		object = str_trim(object);
		if (!str_skip(&object, STR(",")))
			break;
	}
}

static void get_pair(struct head *h, const struct json_pair *pair,
    uint64_t *ret_version, struct arena *mem)
{
	uint64_t ns;

	if (str_eqz(pair->key, "version") && pair->type == JSON_PLAIN)
		str_u64(pair->raw, ret_version);
	else if (str_eqz(pair->key, "width"))
		h->cols = get_size(pair);
	else if (str_eqz(pair->key, "height"))
		h->rows = get_size(pair);
	else if (str_eqz(pair->key, "timestamp") && stamp_parse(pair->raw, &ns))
		h->time = (int64_t)ns;
	else if (str_eqz(pair->key, "command"))
		h->command = get_text(pair, mem);
	else if (str_eqz(pair->key, "title"))
		h->title = get_text(pair, mem);
	else if (str_eqz(pair->key, "env") && pair->type == JSON_OBJECT)
		get_env(h, pair->raw, mem);
	else if (str_eqz(pair->key, "term") && pair->type == JSON_OBJECT)
		get_term(h, pair->raw, mem);
}

/* All pairs that are well-formed; false: not all of them are. */
static bool get_header(
    struct head *h, struct str object, uint64_t *ret_version, struct arena *mem)
{
	struct flat_json j = {.rest = object};
	struct json_pair pair;
	int r;

	*h = HEAD_NONE;
	*ret_version = 0;
	while ((r = flat_json_next(&j, &pair)) > 0)
		get_pair(h, &pair, ret_version, mem);
	return r == 0;
}

static int probe(struct str head, uint64_t version)
{
	struct arena mem = ARENA_INIT;
	struct str line;
	uint64_t found;
	struct head h;
	bool whole;

	head = str_trim(head);
	if (!str_starts(head, STR("{")))
		return 0;
	/* Version 1 is one object on as many lines as it likes. */
	if (version == 1)
		line = head;
	else
		str_cut(&head, '\n', &line);
	whole = get_header(&h, line, &found, &mem);
	arena_free(&mem);
	if (found != version || (!whole && version != 1))
		return 0;
	return h.cols || version == 3 ? 95 : 60;
}

int asciicast_probe_1(struct str head, const char *name, unsigned *ret_part)
{
	return str_find(head, STR("\"stdout\"")) == STR_NPOS ? 0
							     : probe(head, 1);
}

int asciicast_probe_2(struct str head, const char *name, unsigned *ret_part)
{
	return probe(head, 2);
}

int asciicast_probe_3(struct str head, const char *name, unsigned *ret_part)
{
	return probe(head, 3);
}

static int begin(struct cast *c, struct format_sink *sink, const struct head *h)
{
	return sink->begin(sink, 0, h);
}

/* --- events --- */

static int give_exit(struct cast *c, struct format_sink *sink, struct str text)
{
	struct piece p = {.type = PIECE_EXIT};
	uint64_t status;

	if (!str_u64(text, &status) || status > UINT32_MAX)
		return 0;
	p.status = (uint32_t)status;
	return reading_piece(&c->r, sink, 0, &p);
}

static int give_size(struct cast *c, struct format_sink *sink, struct str text)
{
	uint16_t cols, rows;

	if (size_parse(text, &cols, &rows))
		return reading_size(&c->r, sink, 0, cols, rows);
	reading_skip(&c->r, sink, "a size as 80x24", text);
	return 0;
}

/* Codes that are not known are those of later versions, or somebody's own. */
static int give(
    struct cast *c, struct format_sink *sink, struct str code, struct str text)
{
	if (code.n != 1)
		return 0;
	switch (code.p[0]) {
	case 'o':
		return reading_bytes(&c->r, sink, 0, PIECE_OUTPUT, text);
	case 'i':
		return reading_bytes(&c->r, sink, 0, PIECE_INPUT, text);
	case 'm':
		return reading_bytes(
		    &c->r, sink, 0, PIECE_MARK, text.n ? text : STR("marker"));
	case 'r':
		return give_size(c, sink, text);
	case 'x':
		return give_exit(c, sink, text);
	default:
		return 0;
	}
}

/* "[time, code, text]"; NULL, or what was expected. */
static const char *get_event(
    struct str line, struct json_pair v[static 3], uint64_t *ret_ns)
{
	struct json_pair more;

	line = str_trim(line);
	if (!str_skip(&line, STR("[")) || !str_chop(&line, STR("]")))
		return "an event as [1.5, \"o\", \"text\"]";
	for (size_t i = 0; i < 3; i++)
		if (flat_json_item(&line, &v[i]) != 1)
			return "three values: time, code, text";
	if (flat_json_item(&line, &more) != 0)
		return "three values: time, code, text";
	if (v[0].type != JSON_PLAIN || !stamp_parse(v[0].raw, ret_ns))
		return "a time in seconds, not negative";
	if (v[1].type != JSON_STRING || v[2].type != JSON_STRING)
		return "strings as code and text";
	return NULL;
}

static int take_event(struct cast *c, struct str line, struct format_sink *sink)
{
	struct json_pair v[3];
	const char *expected;
	uint64_t ns;

	expected = get_event(line, v, &ns);
	if (expected) {
		reading_skip(&c->r, sink, expected, line);
		return 0;
	}
	if (c->version == 3)
		reading_advance(&c->r, ns);
	else if (ns > c->r.now)
		c->r.now = ns;
	return give(c, sink, v[1].raw, flat_json_text(&v[2], &c->mem));
}

static int take_header(
    struct cast *c, struct str line, struct format_sink *sink)
{
	struct head h;

	if (get_header(&h, line, &c->version, &c->mem) && c->version >= 2 &&
	    c->version <= 3) {
		if (h.time == 0)
			h.time = sink->time;
		return begin(c, sink, &h);
	}
	c->useless = true;
	reading_skip(&c->r, sink, "a header of asciicast version 2 or 3", line);
	return 0;
}

static int take_line(void *state, struct str line, struct format_sink *sink)
{
	struct cast *c = state;
	int r = 0;

	if (c->useless || line.p[0] == '#')
		return 0;
	r = c->version ? take_event(c, line, sink) : take_header(c, line, sink);
	arena_reset(&c->mem);
	return r;
}

static ssize_t feed(
    void *state, struct str data, bool last, struct format_sink *sink)
{
	struct cast *c = state;

	return reading_lines(&c->r, data, last, sink, take_line);
}

static void free_cast(void *state)
{
	struct cast *c = state;

	arena_free(&c->mem);
}

const struct format_reader asciicast_reader = {
    .size = sizeof(struct cast),
    .feed = feed,
    .free = free_cast,
};

/* --- version 1 --- */

/*
 * Where the array of output begins, outside of any string; 0: nowhere. s ends
 * in no blanks, which each step would have to look through.
 */
static size_t find_stdout(struct str s)
{
	static const struct str key = STR_INIT("\"stdout\"");
	size_t at = 0;

	for (;;) {
		size_t n = str_find(str_from(s, at), key);
		struct str rest;

		if (n == STR_NPOS)
			return 0;
		at += n + key.n;
		rest = str_trim(str_from(s, at));
		if (n && s.p[at - key.n - 1] == '\\')
			continue;
		if (!str_skip(&rest, STR(":")))
			continue;
		rest = str_trim(rest);
		if (str_skip(&rest, STR("[")))
			return (size_t)(rest.p - s.p);
	}
}

static int take_output(struct cast *c, struct str s, struct format_sink *sink)
{
	const char *base = s.p;
	struct json_pair item = {.type = JSON_PLAIN}, v[2];
	uint64_t ns;
	int r = 0;

	while (r == 0) {
		c->r.offset += (uint64_t)(s.p - base);
		base = s.p;
		s = str_trim(s);
		if (s.n && s.p[0] == ']')
			return 0;
		/* The last one is followed by the bracket of the array. */
		if (s.n == 0 || (flat_json_item(&s, &item) < 0 &&
				    (s.n == 0 || s.p[0] != ']')))
			break;
		if (item.type != JSON_ARRAY ||
		    flat_json_item(&item.raw, &v[0]) != 1 ||
		    flat_json_item(&item.raw, &v[1]) != 1 ||
		    v[1].type != JSON_STRING || !stamp_parse(v[0].raw, &ns)) {
			reading_skip(
			    &c->r, sink, "output as [0.5, \"text\"]", item.raw);
			continue;
		}
		reading_advance(&c->r, ns);
		r = reading_bytes(&c->r, sink, 0, PIECE_OUTPUT,
		    flat_json_text(&v[1], &c->mem));
		arena_reset(&c->mem);
	}
	if (r == 0)
		reading_skip(&c->r, sink,
		    "output as [0.5, \"text\"], to the "
		    "end of the array",
		    s);
	return r;
}

static ssize_t feed_1(
    void *state, struct str data, bool last, struct format_sink *sink)
{
	struct arena head_mem = ARENA_INIT;
	struct cast *c = state;
	struct str all;
	struct head h;
	size_t at;
	int r = 0;

	if (!last && data.n < FORMAT_HELD_MAX)
		return 0;
	if (c->useless || data.n == 0)
		return (ssize_t)data.n;
	c->useless = true;
	if (!last)
		reading_skip(
		    &c->r, sink, "less than 64 MiB in one object", STR_NONE);
	all = str_trim(data);
	at = find_stdout(all);
	get_header(&h, all, &c->version, &head_mem);
	if (h.time == 0)
		h.time = sink->time;
	if (at && c->version == 1) {
		r = begin(c, sink, &h);
		c->r.offset = at + (size_t)(all.p - data.p);
		if (r == 0)
			r = take_output(c, str_from(all, at), sink);
	} else {
		reading_skip(&c->r, sink,
		    "an object with \"version\": 1 and \"stdout\"", data);
	}
	arena_free(&head_mem);
	return r < 0 ? r : (ssize_t)data.n;
}

const struct format_reader asciicast_reader_1 = {
    .size = sizeof(struct cast),
    .feed = feed_1,
    .free = free_cast,
};
