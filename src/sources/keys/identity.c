/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identity map, sshtrail-identity(5): which person stands behind a key or
 * a certificate. YAML, one mapping from persons to one credential or a list.
 */
#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/hash.h"
#include "base/map.h"
#include "sources/source.h"

#define NAME   "identity"
#define HEADER STR("# sshtrail identity map")

#define CONTENT_MAX ((size_t)16 << 20)
#define PERSON_MAX  256
#define CERT_ID_MAX 1024
#define DEPTH_MAX   16
#define FP_PREFIX   STR("SHA256:")
#define FP_DIGITS   43
#define CERT_PREFIX STR("cert:")

#define WANT_PERSON	"the name of a person, then a colon"
#define WANT_CREDENTIAL "SHA256:FINGERPRINT or cert:KEY-ID, or a list of them"
#define WANT_YAML	"YAML: person: [SHA256:FINGERPRINT, ...]"
#define WANT_ONE_PERSON "a key or certificate that no other person has"

struct source_run {
	struct source_input in;
};

/* State of reading one map. */
struct reading {
	struct source_run *run;
	struct source_sink *sink;
	struct str content;
	size_t line, at;   /* a line of content, and where it begins */
	uint64_t lines0;   /* sink->lines at the start */
	struct map owners; /* hash of credential to hash of person */
	unsigned depth;	   /* of lists and mappings */
	unsigned ignore;   /* depth of one that has no place, or 0 */
	size_t bad_to;	   /* lines before it are counted as bad already */
	bool have_person;  /* within the top mapping: a value is next */
	char person[PERSON_MAX];
	size_t person_n;
};

static bool is_credential(struct str s)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789+/";

	if (str_skip(&s, CERT_PREFIX))
		return s.n > 0 && s.n <= CERT_ID_MAX;
	if (!str_skip(&s, FP_PREFIX) || s.n != FP_DIGITS)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!memchr(digits, s.p[i], sizeof digits - 1))
			return false;
	return true;
}

/* "person: SHA256:..." or "person: [cert:...", or an item of a list. */
static bool is_map_line(struct str line)
{
	struct str person;

	line = str_trim(line);
	if (!str_skip(&line, STR("- ")) && !str_cut(&line, ':', &person))
		return false;
	line = str_trim(line);
	str_skip(&line, STR("["));
	line = str_trim(line);
	if (!str_skip(&line, STR("\"")))
		str_skip(&line, STR("'"));
	return str_starts(line, FP_PREFIX) || str_starts(line, CERT_PREFIX);
}

static int identity_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	bool skip = false, cut;
	size_t at = 0;
	unsigned n_map = 0, n_lines = 0;
	struct str line;

	if (str_starts(head, HEADER))
		return 95;
	while (n_lines < 32 && source_line(head, &at, head.n < SOURCE_LINE_MAX,
				   &skip, &line, &cut) == 1) {
		line = str_trim(line);
		if (line.n == 0 || line.p[0] == '#' || str_eqz(line, "---"))
			continue;
		n_lines++;
		n_map += is_map_line(line);
	}
	return n_map && n_map * 2 >= n_lines ? 60 : 0;
}

static int identity_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->in = *in;
	*ret = run;
	return 0;
}

static void identity_close(struct source_run *run)
{
	free(run);
}

/* Moves r->at to the begin of a line; the parser only goes forward. */
static void seek_line(struct reading *r, size_t line)
{
	while (r->line < line) {
		size_t n = str_find_char(str_from(r->content, r->at), '\n');

		/* The end of the file is no line of its own. */
		if (n == STR_NPOS || r->at + n + 1 == r->content.n)
			return;
		r->at += n + 1;
		r->line++;
	}
}

static void bad_line(struct reading *r, size_t line, const char *expected)
{
	struct str rest, text;

	seek_line(r, line);
	if (r->line < r->bad_to)
		return;
	r->bad_to = r->line + 1;
	rest = str_from(r->content, r->at);
	str_cut(&rest, '\n', &text);
	r->sink->lines = r->lines0 + r->line + 1;
	source_unparsed(r->sink, r->at, text, expected);
}

static int emit_credential(struct reading *r, struct str credential)
{
	struct source_run *run = r->run;
	struct str person = str_make(r->person, r->person_n);
	struct str parts[] = {STR(NAME), run->in.host, person, credential};
	struct event ev;

	source_event_init(&ev, EVENT_ACCOUNT, NAME, &run->in, r->at);
	ev.time = run->in.mtime;
	event_set_str(&ev, F_OP, STR("identity"));
	event_set_str(&ev, F_PERSON, person);
	event_set_hex(&ev, F_ID,
	    source_id(run->in.id_key, parts, sizeof parts / sizeof parts[0]));
	if (str_skip(&credential, CERT_PREFIX))
		event_set_str(&ev, F_CERT_ID, credential);
	else
		event_set_str(&ev, F_FP, credential);
	return r->sink->event(r->sink, &ev);
}

static int take_credential(
    struct reading *r, struct str credential, size_t line)
{
	uint64_t person = hash_bytes(str_make(r->person, r->person_n));
	uint64_t *owner;

	if (!is_credential(credential)) {
		bad_line(r, line, WANT_CREDENTIAL);
		return 0;
	}
	owner = map_put(&r->owners, hash_bytes(credential));
	if (!owner)
		return -ENOMEM;
	if (*owner && *owner != person) {
		bad_line(r, line, WANT_ONE_PERSON);
		return 0;
	}
	*owner = person;
	seek_line(r, line);
	return emit_credential(r, credential);
}

/* A person, or what stands in the place of one, or of what one maps to. */
static void turn(struct reading *r, struct str person)
{
	r->have_person = !r->have_person;
	r->person_n = person.n;
	if (person.n)
		memcpy(r->person, person.p, person.n);
}

static int take_scalar(struct reading *r, struct str s, size_t line)
{
	int ret = 0;

	if (r->ignore)
		return 0;
	if (r->depth == 0) {
		/* An empty document, or a text without any colon. */
		if (s.n)
			bad_line(r, line, WANT_YAML);
		return 0;
	}
	if (r->depth == 1 && !r->have_person) {
		bool good = s.n > 0 && s.n <= PERSON_MAX;

		if (!good)
			bad_line(r, line, WANT_PERSON);
		turn(r, good ? s : STR_NONE);
		return 0;
	}
	if (r->person_n)
		ret = take_credential(r, s, line);
	if (r->depth == 1)
		turn(r, STR_NONE);
	return ret;
}

/*
 * A list or mapping begins. Only the mapping of all and the list of a person
 * have a place; anything else is passed over with all it holds.
 */
static int take_begin(struct reading *r, bool mapping, size_t line)
{
	bool fits = r->depth == 0 ? mapping
				  : r->depth == 1 && !mapping && r->have_person;

	r->depth++;
	if (!fits && !r->ignore) {
		bad_line(r, line, r->depth == 1 ? WANT_YAML : WANT_CREDENTIAL);
		r->ignore = r->depth;
	}
	return r->depth > DEPTH_MAX;
}

static void take_end(struct reading *r)
{
	if (r->ignore == r->depth)
		r->ignore = 0;
	r->depth--;
	if (r->depth == 1)
		turn(r, STR_NONE);
	if (r->depth == 0)
		r->have_person = false;
}

static void take_alias(struct reading *r, size_t line)
{
	if (!r->ignore)
		bad_line(r, line, WANT_CREDENTIAL);
	if (r->depth == 1)
		turn(r, STR_NONE);
}

/* Returns 0, 1 to stop reading, or a negative errno. */
static int take_event(struct reading *r, const yaml_event_t *e)
{
	size_t line = e->start_mark.line;

	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return take_scalar(r,
		    str_make(e->data.scalar.value, e->data.scalar.length),
		    line);
	case YAML_ALIAS_EVENT:
		take_alias(r, line);
		return 0;
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return take_begin(r, e->type == YAML_MAPPING_START_EVENT, line);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		take_end(r);
		return 0;
	default:
		return e->type == YAML_STREAM_END_EVENT;
	}
}

static int read_events(struct reading *r, yaml_parser_t *parser)
{
	int ret = 0;

	while (ret == 0) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event)) {
			/* Where the broken thing began, if anything had. */
			bad_line(r,
			    parser->context ? parser->context_mark.line
					    : parser->problem_mark.line,
			    WANT_YAML);
			return 0;
		}
		ret = take_event(r, &event);
		yaml_event_delete(&event);
	}
	return ret < 0 ? ret : 0;
}

static int read_map(
    struct source_run *run, struct str content, struct source_sink *sink)
{
	struct reading r = {.run = run,
	    .sink = sink,
	    .content = content,
	    .lines0 = sink->lines,
	    .owners = MAP_INIT};
	yaml_parser_t parser;
	int ret;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(
	    &parser, (const unsigned char *)content.p, content.n);
	ret = read_events(&r, &parser);
	yaml_parser_delete(&parser);
	map_free(&r.owners);
	seek_line(&r, SIZE_MAX);
	sink->lines = r.lines0 + r.line + 1;
	return ret;
}

static ssize_t identity_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	int r;

	if (!last)
		return 0;
	if (data.n > CONTENT_MAX) {
		sink->lines++;
		source_unparsed(sink, 0, STR(""), "at most 16 MiB");
		return (ssize_t)data.n;
	}
	r = data.n ? read_map(run, data, sink) : 0;
	return r < 0 ? r : (ssize_t)data.n;
}

const struct source source_identity = {
    .name = NAME,
    .summary = "persons behind keys: identity map",
    .whole = true,
    .probe = identity_probe,
    .open = identity_open,
    .feed = identity_feed,
    .finish = source_finish_nothing,
    .held = source_held_nothing,
    .close = identity_close,
};
