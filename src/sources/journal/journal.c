/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source of what journalctl writes: `-o export`, and `-o json` with its
 * variants json-seq and json-pretty.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "core/flat_json.h"
#include "sources/journal/entry.h"
#include "sources/source.h"

/* Longest value kept; a longer one is left out as if it were not there. */
#define VALUE_MAX (SOURCE_LINE_MAX / 2)
/* journald takes no field larger than 768 MiB. */
#define FIELD_MAX ((uint64_t)1 << 30)

#define EXPECTED_EXPORT "FIELD=VALUE, or FIELD and a length, of -o export"
#define EXPECTED_JSON	"a journal entry as a JSON object"

/* What comes next. */
enum state {
	STATE_START,  /* nothing read yet */
	STATE_JSON,   /* a line that is an object */
	STATE_PRETTY, /* a line within an object */
	STATE_ARRAY,  /* a line within an array in it */
	STATE_FIELD,  /* export: a field, or the blank line behind an entry */
	STATE_LENGTH, /* export: eight bytes */
	STATE_VALUE,  /* export: `left` bytes and a newline */
	STATE_SKIP,   /* export: the same, to be passed over */
};

struct source_run {
	struct source_input in;
	struct log_reader *reader;
	struct arena text; /* values of the entry */
	struct journal_entry entry;
	struct buf bytes; /* of an array of json-pretty */
	enum state state;
	enum journal_field field; /* of STATE_LENGTH to STATE_SKIP */
	uint64_t left;
	bool skip;
};

static void run_close(struct source_run *run)
{
	if (!run)
		return;
	log_reader_free(run->reader);
	arena_free(&run->text);
	buf_free(&run->bytes);
	free(run);
}

static int run_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run || log_reader_new(&run->reader, in->id_key) < 0) {
		run_close(run);
		return err_set(err, -ENOMEM, "no memory to read %s", in->name);
	}
	run->in = *in;
	*ret = run;
	return 0;
}

static void entry_clear(struct source_run *run)
{
	arena_reset(&run->text);
	memset(&run->entry, 0, sizeof run->entry);
}

static int entry_end(struct source_run *run, struct source_sink *sink)
{
	int r = 0;

	if (run->entry.any)
		r = journal_entry_take(
		    run->reader, &run->entry, &run->in, sink);
	entry_clear(run);
	return r;
}

static void entry_begin(struct source_run *run, uint64_t offset)
{
	if (!run->entry.any)
		run->entry.offset = offset;
	run->entry.any = true;
}

/* Of a field that comes more than once the first is taken. */
static int value_keep(
    struct source_run *run, enum journal_field f, struct str value)
{
	if (f == JOURNAL_N_FIELDS || run->entry.v[f].p || value.n > VALUE_MAX)
		return 0;
	run->entry.v[f] = arena_dup(&run->text, value);
	return run->entry.v[f].p ? 0 : -ENOMEM;
}

static void value_set(struct source_run *run, const struct json_pair *pair)
{
	enum journal_field f = journal_field_find(pair->key);

	if (f < JOURNAL_N_FIELDS && !run->entry.v[f].p)
		run->entry.v[f] = flat_json_text(pair, &run->text);
}

static int bad_line(struct str line, uint64_t offset, const char *expected,
    struct source_sink *sink)
{
	sink->lines++;
	source_unparsed(sink, offset, line, expected);
	return 0;
}

static int json_line(struct source_run *run, struct str line, uint64_t offset,
    struct source_sink *sink)
{
	struct flat_json j = {line, false};
	struct json_pair pair;
	int r;

	entry_begin(run, offset);
	while ((r = flat_json_next(&j, &pair)) > 0)
		value_set(run, &pair);
	if (r == 0)
		return entry_end(run, sink);
	entry_clear(run);
	return bad_line(line, offset, EXPECTED_JSON, sink);
}

/*
 * json-pretty writes text that is not UTF-8 as an array of bytes, one a line,
 * and a field that came more than once as an array of strings.
 */
static int array_line(struct source_run *run, struct str line)
{
	uint64_t v;

	line = str_trim(line);
	str_chop(&line, STR(","));
	if (str_eqz(line, "]")) {
		run->state = STATE_PRETTY;
		if (buf_error(&run->bytes) || !run->bytes.n)
			return 0;
		return value_keep(run, run->field, buf_str(&run->bytes));
	}
	if (str_u64(line, &v) && v < 256)
		buf_add_char(&run->bytes, (char)v);
	return 0;
}

static bool array_begin(struct source_run *run, struct str line)
{
	line = str_trim(line);
	if (!str_chop(&line, STR("[")))
		return false;
	line = str_trim(line);
	if (!str_skip(&line, STR("\"")) || !str_chop(&line, STR(":")))
		return false;
	line = str_trim(line);
	if (!str_chop(&line, STR("\"")))
		return false;
	run->field = journal_field_find(line);
	run->state = STATE_ARRAY;
	buf_clear(&run->bytes);
	run->bytes.max = VALUE_MAX;
	return true;
}

/* A line within an object of json-pretty: one pair, or the end. */
static int pretty_line(struct source_run *run, struct str line, uint64_t offset,
    struct source_sink *sink)
{
	struct json_pair pair;

	if (str_eqz(line, "}")) {
		run->state = STATE_JSON;
		return entry_end(run, sink);
	}
	if (array_begin(run, line))
		return 0;
	if (!flat_json_pair(&line, &pair))
		return bad_line(line, offset, EXPECTED_JSON, sink);
	if (pair.raw.n <= VALUE_MAX) {
		enum journal_field f = journal_field_find(pair.key);
		struct str text = STR_NONE;

		if (f < JOURNAL_N_FIELDS)
			text = flat_json_text(&pair, &run->text);
		if (text.p)
			return value_keep(run, f, text);
	}
	return 0;
}

static bool is_field_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '_' && (s.p[i] < 'A' || s.p[i] > 'Z') &&
		    (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	return s.n > 0 && s.n <= 64;
}

static int field_line(struct source_run *run, struct str line, uint64_t offset,
    struct source_sink *sink)
{
	struct str name;
	bool text;

	if (!line.n)
		return entry_end(run, sink);
	text = str_cut(&line, '=', &name);
	if (!is_field_name(name))
		return bad_line(name, offset, EXPECTED_EXPORT, sink);
	entry_begin(run, offset);
	run->field = journal_field_find(name);
	if (text)
		return value_keep(run, run->field, line);
	run->state = STATE_LENGTH;
	return 0;
}

static enum state state_of(struct str line)
{
	return str_starts(line, STR("{")) || str_starts(line, STR("\x1e"))
		   ? STATE_JSON
		   : STATE_FIELD;
}

static int json_begin(struct source_run *run, struct str line, uint64_t offset,
    struct source_sink *sink)
{
	str_skip(&line, STR("\x1e"));
	if (!line.n)
		return 0;
	if (str_eqz(line, "{")) {
		entry_begin(run, offset);
		run->state = STATE_PRETTY;
		return 0;
	}
	return json_line(run, line, offset, sink);
}

static int line_take(struct source_run *run, struct str line, uint64_t offset,
    struct source_sink *sink)
{
	if (run->state == STATE_START) {
		if (!line.n)
			return 0;
		run->state = state_of(line);
	}
	if (run->state == STATE_FIELD)
		return field_line(run, line, offset, sink);
	if (run->state == STATE_PRETTY)
		return pretty_line(run, line, offset, sink);
	if (run->state == STATE_ARRAY)
		return array_line(run, line);
	return json_begin(run, line, offset, sink);
}

/* The length that follows a field's name in the export format. */
static size_t length_take(struct source_run *run, struct str data,
    uint64_t offset, struct source_sink *sink)
{
	uint64_t n;

	memcpy(&n, data.p, sizeof n);
	n = le64toh(n);
	run->state = STATE_VALUE;
	run->left = n + 1;
	if (n > FIELD_MAX) {
		bad_line(str_upto(data, 8), offset, EXPECTED_EXPORT, sink);
		run->state = STATE_FIELD;
	} else if (run->field == JOURNAL_N_FIELDS || n > VALUE_MAX) {
		run->state = STATE_SKIP;
	}
	return sizeof n;
}

/*
 * Take the binary part at hand. Returns how much, 0 when more data is needed,
 * or a negative errno.
 */
static ssize_t binary_take(struct source_run *run, struct str data,
    uint64_t offset, struct source_sink *sink)
{
	size_t n;
	int r = 0;

	if (run->state == STATE_LENGTH)
		return data.n < 8
			   ? 0
			   : (ssize_t)length_take(run, data, offset, sink);
	if (run->state == STATE_VALUE && data.n < run->left)
		return 0;
	n = run->left < data.n ? (size_t)run->left : data.n;
	if (run->state == STATE_VALUE)
		r = value_keep(run, run->field, str_upto(data, n - 1));
	run->left -= n;
	if (!run->left)
		run->state = STATE_FIELD;
	return r < 0 ? r : (ssize_t)n;
}

static bool in_binary(const struct source_run *run)
{
	return run->state == STATE_LENGTH || run->state == STATE_VALUE ||
	       run->state == STATE_SKIP;
}

/* One line, or what there is of it when it is overlong. */
static int text_take(struct source_run *run, struct str data, size_t *at,
    uint64_t offset, bool last, struct source_sink *sink)
{
	struct str line;
	bool cut;
	int r;

	if (source_line(data, at, last, &run->skip, &line, &cut) <= 0)
		return 0;
	offset += (uint64_t)(line.p - data.p);
	/* A value of the export format that is too long to be wanted. */
	if (cut && run->state == STATE_FIELD)
		return 1;
	if (cut) {
		bad_line(line, offset, "an entry of less than 64 KiB", sink);
		return 1;
	}
	r = line_take(run, line, offset, sink);
	return r < 0 ? r : 1;
}

static ssize_t run_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	size_t at = 0;

	for (;;) {
		if (in_binary(run) && at < data.n) {
			ssize_t n = binary_take(
			    run, str_from(data, at), offset + at, sink);

			if (n < 0)
				return n;
			if (n == 0 && last)
				return (ssize_t)data.n;
			if (n == 0)
				return (ssize_t)at;
			at += (size_t)n;
			continue;
		}
		if (in_binary(run))
			return (ssize_t)at;

		int r = text_take(run, data, &at, offset, last, sink);

		if (r < 0)
			return r;
		if (r == 0)
			return (ssize_t)at;
	}
}

/* The last entry may lack the blank line behind it. */
static int run_finish(struct source_run *run, struct source_sink *sink)
{
	return entry_end(run, sink);
}

static uint64_t run_held(const struct source_run *run, uint64_t end)
{
	return run->entry.any ? run->entry.offset : end;
}

static struct str json_value(struct str head, struct str key)
{
	size_t at = str_find(head, key);
	struct json_pair pair;

	if (at == STR_NPOS)
		return STR_NONE;
	head = str_from(head, at);
	return flat_json_pair(&head, &pair) ? pair.raw : STR_NONE;
}

static struct str export_value(struct str head, struct str key)
{
	size_t at = str_find(head, key);

	if (at == STR_NPOS || (at > 0 && head.p[at - 1] != '\n'))
		return STR_NONE;
	head = str_from(head, at + key.n);
	return str_upto(head, str_find_char(head, '\n'));
}

static int journal_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	struct str s = head;
	struct str time, host;
	uint64_t v;

	while (s.n && (s.p[0] == '\n' || s.p[0] == '\x1e'))
		s = str_from(s, 1);
	if (str_starts(s, STR("{"))) {
		time = json_value(s, STR("\"__REALTIME_TIMESTAMP\""));
		host = json_value(s, STR("\"_HOSTNAME\""));
	} else {
		time = export_value(s, STR("__REALTIME_TIMESTAMP="));
		host = export_value(s, STR("_HOSTNAME="));
	}
	if (!str_u64(time, &v) || v > INT64_MAX)
		return 0;
	*ret_time = (int64_t)v;
	if (host.n)
		*ret_host = host;
	return 95;
}

const struct source source_journal = {
    .name = "journal",
    .summary = "sshd, PAM, sudo and account messages from journalctl "
	       "-o export or -o json",
    .probe = journal_probe,
    .open = run_open,
    .feed = run_feed,
    .finish = run_finish,
    .held = run_held,
    .close = run_close,
};
