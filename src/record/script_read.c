/* SPDX-License-Identifier: Apache-2.0 */
#include "record/script.h"

#include <errno.h>

#include "base/when.h"
#include "record/reading.h"

#define FIRST_LINE_MAX ((size_t)64 << 10)
#define DONE_ON	       "Script done on "
#define EXIT_CODE_IS   "[COMMAND_EXIT_CODE=\""

struct script {
	struct reading r; /* first */
	bool classic, begun, ended;
	bool dropped[SCRIPT_N_PARTS]; /* the first line of the part */
	bool short_of[SCRIPT_N_PARTS];
	bool one_file; /* input and output are in the same */
	struct head head;
	struct str out_name, in_name;
	struct arena mem; /* of the head */
};

/* --- what a file is --- */

/* "O 0.012345 12": the letter, the seconds; *s is what comes behind. */
static bool take_entry(struct str *s, char *ret, uint64_t *ret_ns)
{
	struct str word;

	if (s->n < 3 || s->p[1] != ' ' || !strchr("HOIS", s->p[0]))
		return false;
	*ret = s->p[0];
	*s = str_from(*s, 2);
	str_cut(s, ' ', &word);
	return stamp_parse(word, ret_ns);
}

static bool take_classic(struct str s, uint64_t *ret_ns, uint64_t *ret_n)
{
	struct str word;

	return str_cut(&s, ' ', &word) &&
	       str_find_char(word, '.') != STR_NPOS &&
	       stamp_parse(word, ret_ns) && str_u64(str_trim(s), ret_n);
}

/* The words are those of the locale, but what is in brackets is not. */
static bool is_typescript(struct str head, unsigned *ret_part)
{
	struct str line;

	*ret_part = SCRIPT_OUTPUT;
	str_cut(&head, '\n', &line);
	return str_starts(line, STR("Script started on ")) ||
	       (str_find(line, STR(" COLUMNS=\"")) != STR_NPOS &&
		   str_find(line, STR(" LINES=\"")) != STR_NPOS &&
		   str_ends(line, STR("\"]")));
}

int script_probe(struct str head, const char *name, unsigned *ret_part)
{
	struct str line;
	uint64_t ns;
	char letter;

	*ret_part = SCRIPT_TIMING;
	str_cut(&head, '\n', &line);
	return take_entry(&line, &letter, &ns) ? 90 : 0;
}

int script_probe_classic(struct str head, const char *name, unsigned *ret_part)
{
	unsigned lines = 0;
	struct str line;
	uint64_t ns, n;

	if (is_typescript(head, ret_part))
		return 80;
	*ret_part = SCRIPT_TIMING;
	for (; lines < 3 && str_cut(&head, '\n', &line); lines++)
		if (!take_classic(line, &ns, &n))
			return 0;
	return lines ? 70 : 0;
}

struct str script_named(struct str head, unsigned part)
{
	struct str want = part == SCRIPT_INPUT	  ? STR("INPUT_LOG")
			  : part == SCRIPT_OUTPUT ? STR("OUTPUT_LOG")
						  : STR_NONE;
	struct str line, name;
	uint64_t ns;
	char letter;

	while (want.n && str_cut(&head, '\n', &line)) {
		if (!take_entry(&line, &letter, &ns) || letter != 'H')
			break;
		str_cut(&line, ' ', &name);
		if (str_eq(name, want))
			return str_trim(line);
	}
	return STR_NONE;
}

/* --- the head --- */

static void get_time(struct script *s, struct str text)
{
	int64_t us;

	/* Before version 2.35 it was as the locale has it: not read. */
	if (time_parse_iso(&text, time_zone_local, &us) && us >= 0 &&
	    us <= (int64_t)(STAMP_MAX / NS_PER_US))
		s->head.time = us * (int64_t)NS_PER_US;
}

static void get_number(struct str text, uint16_t *ret)
{
	uint64_t n;

	if (str_u64(text, &n) && n <= UINT16_MAX)
		*ret = (uint16_t)n;
}

/* The first one that is told: nobody makes more of it than that. */
static void keep(struct script *s, size_t at, struct str text)
{
	struct str *to = (struct str *)((char *)s + at);

	if (to->n == 0)
		*to = arena_dup(&s->mem, str_upto(text, HEAD_TEXT_MAX));
}

static void get_name(struct script *s, struct str name, struct str text)
{
	static const struct {
		struct str name;
		size_t at;
	} names[] = {
	    {STR_INIT("TERM"), offsetof(struct script, head.term)},
	    {STR_INIT("SHELL"), offsetof(struct script, head.shell)},
	    {STR_INIT("COMMAND"), offsetof(struct script, head.command)},
	    {STR_INIT("OUTPUT_LOG"), offsetof(struct script, out_name)},
	    {STR_INIT("INPUT_LOG"), offsetof(struct script, in_name)},
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eq(name, names[i].name))
			keep(s, names[i].at, text);
	if (str_eqz(name, "TTY")) {
		str_skip(&text, STR("/dev/"));
		keep(s, offsetof(struct script, head.tty), text);
	} else if (str_eqz(name, "COLUMNS")) {
		get_number(text, &s->head.cols);
	} else if (str_eqz(name, "LINES")) {
		get_number(text, &s->head.rows);
	} else if (str_eqz(name, "START_TIME")) {
		get_time(s, text);
	}
}

/* `[COMMAND="..." TERM="xterm" TTY="/dev/pts/0" COLUMNS="80" LINES="24"]` */
static void get_first_line(struct script *s, struct str line)
{
	static const struct str keys[] = {STR_INIT("TERM=\""),
	    STR_INIT("TTY=\""), STR_INIT("COLUMNS=\""), STR_INIT("LINES=\"")};
	struct str rest, value;

	if (str_skip(&line, STR("Script started on ")) && s->head.time == 0)
		get_time(s, line);
	/* From behind: a command may hold anything. */
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		size_t at = str_rfind(line, keys[i]);

		if (at == STR_NPOS)
			continue;
		rest = str_from(line, at + keys[i].n);
		if (str_cut(&rest, '"', &value))
			get_name(s, str_upto(keys[i], keys[i].n - 2), value);
	}
}

static void drop_first_line(
    struct script *s, struct format_sink *sink, unsigned part)
{
	char line[1024];
	size_t n = 0, all = 0;

	s->dropped[part] = true;
	while (all++ < FIRST_LINE_MAX) {
		struct str c = sink->take(sink, part, 1);

		if (c.n == 0 || c.p[0] == '\n')
			break;
		if (n < sizeof line)
			line[n++] = c.p[0];
	}
	if (part == SCRIPT_OUTPUT && s->classic)
		get_first_line(s, str_make(line, n));
}

static int begin(struct script *s, struct format_sink *sink)
{
	s->begun = true;
	drop_first_line(s, sink, SCRIPT_OUTPUT);
	s->one_file = s->in_name.n && str_eq(s->in_name, s->out_name);
	if (s->head.time == 0)
		s->head.time = sink->time;
	return sink->begin(sink, 0, &s->head);
}

/* --- entries --- */

/* Once: how much more is missing nobody knows. */
static int tell_short(
    struct script *s, struct format_sink *sink, unsigned part, bool missing)
{
	struct piece hole = {.type = PIECE_HOLE};
	const struct format_skip skip = {.part = SCRIPT_TIMING,
	    .offset = s->r.offset,
	    .line = s->r.line,
	    .expected = missing
			    ? part == SCRIPT_OUTPUT
				  ? "the file of its output (typescript), "
				    "beside the timing or named as well"
				  : "the file of its input beside the timing"
			: part == SCRIPT_OUTPUT
			    ? "as many bytes in the file of the output"
			    : "as many bytes in the file of the input"};

	if (s->short_of[part])
		return 0;
	s->short_of[part] = true;
	sink->skipped(sink, &skip);
	return part == SCRIPT_OUTPUT ? reading_piece(&s->r, sink, 0, &hole) : 0;
}

static int give_bytes(struct script *s, struct format_sink *sink,
    enum piece_type type, uint64_t n)
{
	unsigned part =
	    type == PIECE_INPUT && !s->one_file ? SCRIPT_INPUT : SCRIPT_OUTPUT;
	int r = 0;

	if (!s->dropped[part])
		drop_first_line(s, sink, part);
	while (n && r == 0) {
		size_t want = n < FORMAT_TAKE_MAX ? (size_t)n : FORMAT_TAKE_MAX;
		struct str bytes = sink->take(sink, part, want);

		r = reading_bytes(&s->r, sink, 0, type, bytes);
		if (bytes.n < want) {
			return r < 0
				   ? r
				   : tell_short(s, sink, part, bytes.p == NULL);
		}
		n -= want;
	}
	return r;
}

/* "SIGWINCH ROWS=24 COLS=80", or another signal. */
static int give_signal(
    struct script *s, struct format_sink *sink, struct str text)
{
	uint16_t cols = 0, rows = 0;
	char mark[40] = PIECE_SIGNAL;
	size_t n = sizeof PIECE_SIGNAL - 1;
	struct str name, word;

	str_cut(&text, ' ', &name);
	if (!str_skip(&name, STR("SIG")) || name.n > 16) {
		reading_skip(&s->r, sink, "a signal as SIGWINCH", text);
		return 0;
	}
	if (!str_eqz(name, "WINCH")) {
		memcpy(mark + n, name.p, name.n);
		return reading_bytes(
		    &s->r, sink, 0, PIECE_MARK, str_make(mark, n + name.n));
	}
	while (text.n) {
		str_cut(&text, ' ', &word);
		if (str_skip(&word, STR("ROWS=")))
			get_number(word, &rows);
		else if (str_skip(&word, STR("COLS=")))
			get_number(word, &cols);
	}
	return reading_size(&s->r, sink, 0, cols, rows);
}

static int give_exit(
    struct script *s, struct format_sink *sink, struct str text)
{
	struct piece p = {.type = PIECE_EXIT};
	uint64_t status;

	if (!str_u64(text, &status) || status > UINT32_MAX)
		return 0;
	p.status = (uint32_t)status;
	s->ended = true;
	return reading_piece(&s->r, sink, 0, &p);
}

/* Nothing may have been shown for long before the end. */
static void end_at(struct script *s, uint64_t ns)
{
	if (ns > s->r.now)
		reading_advance(&s->r, ns - s->r.now);
}

/* What stands at the end has no time but these: it is all since the begin. */
static int take_head(
    struct script *s, struct str text, struct format_sink *sink)
{
	struct str name;
	uint64_t ns;
	int r = 0;

	str_cut(&text, ' ', &name);
	text = str_trim(text);
	if (str_eqz(name, "DURATION")) {
		if (stamp_parse(text, &ns))
			end_at(s, ns);
	} else if (str_eqz(name, "EXIT_CODE")) {
		if (!s->begun)
			r = begin(s, sink);
		return r < 0 ? r : give_exit(s, sink, text);
	} else if (!s->begun) {
		get_name(s, name, text);
	}
	return 0;
}

static int take_line(void *state, struct str line, struct format_sink *sink)
{
	struct script *s = state;
	struct str rest = line;
	uint64_t ns, n = 0;
	char letter;
	int r = 0;

	if (!take_entry(&rest, &letter, &ns) ||
	    ((letter == 'O' || letter == 'I') &&
		!str_u64(str_trim(rest), &n))) {
		reading_skip(&s->r, sink,
		    "an entry as O 0.012345 80, with H, O, I or S", line);
		return 0;
	}
	reading_advance(&s->r, ns);
	if (letter == 'H')
		return take_head(s, rest, sink);
	if (!s->begun)
		r = begin(s, sink);
	if (r < 0)
		return r;
	if (letter == 'S')
		return give_signal(s, sink, str_trim(rest));
	return give_bytes(
	    s, sink, letter == 'O' ? PIECE_OUTPUT : PIECE_INPUT, n);
}

static int take_line_classic(
    void *state, struct str line, struct format_sink *sink)
{
	struct script *s = state;
	uint64_t ns, n;
	int r = 0;

	if (!take_classic(line, &ns, &n)) {
		reading_skip(
		    &s->r, sink, "seconds and bytes, as 0.012345 80", line);
		return 0;
	}
	reading_advance(&s->r, ns);
	if (!s->begun)
		r = begin(s, sink);
	return r < 0 ? r : give_bytes(s, sink, PIECE_OUTPUT, n);
}

/* --- the end --- */

/*
 * `Script done on 2026-11-26 01:53:47+00:00 [COMMAND_EXIT_CODE="3"]`: the words
 * are those of the locale, the end is missing in versions before 2.35.
 */
static bool is_last_line(struct str line)
{
	return str_starts(line, STR(DONE_ON)) ||
	       (str_find(line, STR(EXIT_CODE_IS)) != STR_NPOS &&
		   str_ends(line, STR("\"]")));
}

static struct str cut_last_line(struct str *rest)
{
	struct str text = str_trim(*rest);
	size_t at = str_rfind_char(text, '\n');
	struct str line = str_from(text, at == STR_NPOS ? 0 : at + 1);

	if (!is_last_line(line))
		return STR_NONE;
	*rest = str_trim(str_upto(text, text.n - line.n));
	return line;
}

static int take_last_line(
    struct script *s, struct str line, struct format_sink *sink)
{
	size_t at = str_rfind(line, STR(EXIT_CODE_IS));
	struct str status;
	int64_t us;

	if (s->ended || at == STR_NPOS)
		return 0;
	status = str_from(line, at + sizeof EXIT_CODE_IS - 1);
	/* Whole seconds: it is at least so long. */
	if (str_skip(&line, STR(DONE_ON)) &&
	    time_parse_iso(&line, time_zone_local, &us) &&
	    us > s->head.time / (int64_t)NS_PER_US &&
	    us <= (int64_t)(STAMP_MAX / NS_PER_US))
		end_at(s, (uint64_t)(us * (int64_t)NS_PER_US - s->head.time));
	str_cut(&status, '"', &line);
	return give_exit(s, sink, line);
}

/*
 * What stands in the output behind all that the timing tells of: the last line
 * of a script that ended, or more, where the timing is cut off.
 */
static int give_rest(struct script *s, struct format_sink *sink)
{
	struct str rest, line = STR_NONE;
	bool told = false;
	size_t n;
	int r;

	do {
		rest = sink->take(sink, SCRIPT_OUTPUT, FORMAT_TAKE_MAX);
		n = rest.n;
		if (n < FORMAT_TAKE_MAX)
			line = cut_last_line(&rest);
		if (rest.n && !told)
			reading_skip(&s->r, sink,
			    "entries for all bytes of the output", STR_NONE);
		told |= rest.n > 0;
		/* What was typed may be in it, and nobody knows where. */
		if (s->one_file)
			rest.n = 0;
		r = reading_bytes(&s->r, sink, 0, PIECE_OUTPUT, rest);
	} while (r == 0 && n == FORMAT_TAKE_MAX);
	return r < 0 ? r : take_last_line(s, line, sink);
}

static ssize_t feed_as(struct script *s, struct str data, bool last,
    struct format_sink *sink, reading_line_fn *line)
{
	ssize_t n;
	int r = 0;

	if (s->r.line == 0 && !s->begun)
		s->head.ses = s->head.pid = -1;
	n = reading_lines(&s->r, data, last, sink, line);
	/* Nothing was shown: it is a recording all the same. */
	if (n >= 0 && last && !s->begun && s->r.line)
		r = begin(s, sink);
	if (r == 0 && n >= 0 && last && s->begun)
		r = give_rest(s, sink);
	return r < 0 ? r : n;
}

static ssize_t feed(
    void *state, struct str data, bool last, struct format_sink *sink)
{
	return feed_as(state, data, last, sink, take_line);
}

static ssize_t feed_classic(
    void *state, struct str data, bool last, struct format_sink *sink)
{
	struct script *s = state;

	s->classic = true;
	return feed_as(s, data, last, sink, take_line_classic);
}

static void free_script(void *state)
{
	struct script *s = state;

	arena_free(&s->mem);
}

const struct format_reader script_reader = {
    .size = sizeof(struct script),
    .feed = feed,
    .free = free_script,
};

const struct format_reader script_reader_classic = {
    .size = sizeof(struct script),
    .feed = feed_classic,
    .free = free_script,
};
