/* SPDX-License-Identifier: Apache-2.0 */
#include "record/sudo.h"

#include "core/flat_json.h"
#include "record/reading.h"

#define LOG_MAX ((size_t)1 << 20)

struct sudo {
	struct reading r; /* first */
	bool begun;
	bool short_of[SUDO_N_PARTS];
	struct head head;
	int exit;	  /* -1: not known */
	struct arena mem; /* of the head */
};

static const struct {
	enum piece_type type;
	enum sudo_part part;
} streams[] = {
    [SUDO_ENTRY_STDIN] = {PIECE_INPUT, SUDO_STDIN},
    [SUDO_ENTRY_STDOUT] = {PIECE_OUTPUT, SUDO_STDOUT},
    [SUDO_ENTRY_STDERR] = {PIECE_ERRORS, SUDO_STDERR},
    [SUDO_ENTRY_TTYIN] = {PIECE_INPUT, SUDO_TTYIN},
    [SUDO_ENTRY_TTYOUT] = {PIECE_OUTPUT, SUDO_TTYOUT},
};

/* "4 0.000123456 45": *s is what comes behind the seconds. */
static bool take_entry(struct str *s, uint64_t *ret, uint64_t *ret_ns)
{
	struct str word;

	if (!str_cut(s, ' ', &word) || !str_u64(word, ret) ||
	    *ret >= SUDO_N_ENTRIES || *ret == SUDO_ENTRY_OLD_SUSPEND)
		return false;
	return str_cut(s, ' ', &word) && str_find_char(word, '.') != STR_NPOS &&
	       stamp_parse(word, ret_ns) && s->n;
}

int sudo_probe(struct str head, const char *name, unsigned *ret_part)
{
	struct str line, path = str_z(name);
	uint64_t number, ns;
	unsigned lines = 0;

	*ret_part = SUDO_TIMING;
	for (; lines < 3 && str_cut(&head, '\n', &line); lines++)
		if (!take_entry(&line, &number, &ns))
			return 0;
	if (lines == 0)
		return 0;
	return str_ends(path, STR("/timing")) || str_eqz(path, "timing") ? 90
									 : 60;
}

/* --- log and log.json --- */

static void get_number(struct str text, uint16_t *ret)
{
	uint64_t n;

	if (str_u64(text, &n) && n <= UINT16_MAX)
		*ret = (uint16_t)n;
}

static struct str without_dev(struct str tty)
{
	str_skip(&tty, STR("/dev/"));
	return tty;
}

/* "TIME:USER:RUNAS:GROUP:TTY:LINES:COLUMNS", directory, command. */
static bool get_log(struct head *h, struct str text)
{
	struct str f[7], line;
	uint64_t ns;

	str_cut(&text, '\n', &line);
	for (size_t i = 0; i < 7; i++)
		if (!str_cut(&line, ':', &f[i]) && i < 4)
			return false;
	if (!stamp_parse(f[0], &ns))
		return false;
	h->time = (int64_t)ns;
	h->user = f[1];
	h->target = f[2];
	h->tty = without_dev(f[4]);
	get_number(f[5], &h->rows);
	get_number(f[6], &h->cols);
	str_cut(&text, '\n', &h->cwd);
	str_cut(&text, '\n', &h->command);
	return true;
}

static void get_argv(struct head *h, struct str array, struct arena *mem)
{
	struct buf text = BUF_INIT;
	struct json_pair item;

	while (flat_json_item(&array, &item) == 1) {
		if (text.n)
			buf_add_char(&text, ' ');
		buf_add_str(&text, flat_json_text(&item, mem));
	}
	if (text.n)
		h->command = arena_dup(mem, buf_str(&text));
	buf_free(&text);
}

static void get_timestamp(struct head *h, struct str object)
{
	struct json_pair pair;
	uint64_t sec = 0, ns = 0;

	while (flat_json_pair(&object, &pair)) {
		if (str_eqz(pair.key, "seconds"))
			str_u64(pair.raw, &sec);
		else if (str_eqz(pair.key, "nanoseconds"))
			str_u64(pair.raw, &ns);
		object = str_trim(object);
		if (!str_skip(&object, STR(",")))
			break;
	}
	if (sec && sec < STAMP_MAX / NS_PER_S && ns < NS_PER_S)
		h->time = (int64_t)(sec * NS_PER_S + ns);
}

static void get_pair(struct sudo *s, const struct json_pair *pair)
{
	static const struct {
		const char *key;
		size_t at;
	} texts[] = {
	    {"submituser", offsetof(struct head, user)},
	    {"submithost", offsetof(struct head, host)},
	    {"runuser", offsetof(struct head, target)},
	    {"ttyname", offsetof(struct head, tty)},
	    {"submitcwd", offsetof(struct head, cwd)},
	    {"runcwd", offsetof(struct head, cwd)},
	};
	struct head *h = &s->head;
	uint64_t n;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (str_eqz(pair->key, texts[i].key) &&
		    pair->type == JSON_STRING)
			*(struct str *)((char *)h + texts[i].at) =
			    flat_json_text(pair, &s->mem);
	if (str_eqz(pair->key, "columns"))
		get_number(pair->raw, &h->cols);
	else if (str_eqz(pair->key, "lines"))
		get_number(pair->raw, &h->rows);
	else if (str_eqz(pair->key, "runargv") && pair->type == JSON_ARRAY)
		get_argv(h, pair->raw, &s->mem);
	else if (str_eqz(pair->key, "command") && h->command.n == 0)
		h->command = flat_json_text(pair, &s->mem);
	else if (str_eqz(pair->key, "timestamp") && pair->type == JSON_OBJECT)
		get_timestamp(h, pair->raw);
	else if (str_eqz(pair->key, "exit_value") && str_u64(pair->raw, &n) &&
		 n < 256)
		s->exit = (int)n;
}

static bool get_log_json(struct sudo *s, struct str text)
{
	struct flat_json j = {.rest = text};
	struct json_pair pair;
	int r;

	while ((r = flat_json_next(&j, &pair)) > 0)
		get_pair(s, &pair);
	s->head.tty = without_dev(s->head.tty);
	return r == 0;
}

static void skip_log(struct format_sink *sink, unsigned part, struct str text,
    const char *expected)
{
	const struct format_skip skip = {.part = part,
	    .line = 1,
	    .expected = expected,
	    .text = str_upto(text, 80)};

	sink->skipped(sink, &skip);
}

/* `number`: of the first entry. */
static int begin(struct sudo *s, struct format_sink *sink, uint64_t number)
{
	struct str text = sink->take(sink, SUDO_LOG_JSON, LOG_MAX);

	s->begun = true;
	s->exit = -1;
	s->head = HEAD_NONE;
	text = text.n ? arena_dup(&s->mem, text) : STR_NONE;
	if (text.n && !get_log_json(s, text))
		skip_log(sink, SUDO_LOG_JSON, text, "one object of JSON");
	if (s->head.time == 0) {
		text = sink->take(sink, SUDO_LOG, LOG_MAX);
		text = text.n ? arena_dup(&s->mem, text) : STR_NONE;
		if (!get_log(&s->head, text))
			skip_log(sink, SUDO_LOG, text,
			    "three lines: TIME:USER:RUNAS:GROUP:TTY:LINES:"
			    "COLUMNS, directory, command");
	}
	if (s->head.time == 0)
		s->head.time = sink->time;
	if (str_eqz(s->head.tty, "unknown"))
		s->head.tty = STR_NONE;
	s->head.no_tty = s->head.tty.n == 0 && number <= SUDO_ENTRY_STDERR;
	if (s->head.no_tty)
		s->head.cols = s->head.rows = 0;
	return sink->begin(sink, 0, &s->head);
}

/* --- timing --- */

static int give_bytes(
    struct sudo *s, struct format_sink *sink, uint64_t number, struct str text)
{
	unsigned part = streams[number].part;
	uint64_t n;
	int r = 0;

	if (!str_u64(text, &n)) {
		reading_skip(&s->r, sink, "how many bytes", text);
		return 0;
	}
	while (n && r == 0) {
		size_t want = n < FORMAT_TAKE_MAX ? (size_t)n : FORMAT_TAKE_MAX;
		struct str bytes = sink->take(sink, part, want);

		r = reading_bytes(&s->r, sink, 0, streams[number].type, bytes);
		if (bytes.n < want) {
			if (!s->short_of[part])
				reading_skip(&s->r, sink,
				    "as many bytes in the file that the entry "
				    "is of",
				    text);
			s->short_of[part] = true;
			break;
		}
		n -= want;
	}
	return r;
}

static int give_size(struct sudo *s, struct format_sink *sink, struct str text)
{
	uint16_t cols = 0, rows = 0;
	struct str word;

	str_cut(&text, ' ', &word);
	get_number(word, &rows);
	get_number(text, &cols);
	if (!cols || !rows)
		reading_skip(&s->r, sink, "lines and columns", text);
	return reading_size(&s->r, sink, 0, cols, rows);
}

static int give_signal(
    struct sudo *s, struct format_sink *sink, struct str name)
{
	char mark[40] = PIECE_SIGNAL;
	size_t n = sizeof PIECE_SIGNAL - 1;

	if (name.n > 16) {
		reading_skip(&s->r, sink, "a signal, as TSTP", name);
		return 0;
	}
	memcpy(mark + n, name.p, name.n);
	return reading_bytes(
	    &s->r, sink, 0, PIECE_MARK, str_make(mark, n + name.n));
}

static int take_line(void *state, struct str line, struct format_sink *sink)
{
	struct sudo *s = state;
	struct str rest = line;
	uint64_t number, ns;
	int r = 0;

	if (!take_entry(&rest, &number, &ns)) {
		reading_skip(&s->r, sink,
		    "an entry as 4 0.012345678 80, of number 0 to 5 or 7",
		    line);
		return 0;
	}
	if (!s->begun)
		r = begin(s, sink, number);
	if (r < 0)
		return r;
	rest = str_trim(rest);
	reading_advance(&s->r, ns);
	if (number == SUDO_ENTRY_SIZE)
		return give_size(s, sink, rest);
	if (number == SUDO_ENTRY_SUSPEND)
		return give_signal(s, sink, rest);
	return give_bytes(s, sink, number, rest);
}

static ssize_t feed(
    void *state, struct str data, bool last, struct format_sink *sink)
{
	struct sudo *s = state;
	ssize_t n = reading_lines(&s->r, data, last, sink, take_line);
	struct piece p = {.type = PIECE_EXIT};
	int r;

	if (n < 0 || !last || !s->begun || s->exit < 0)
		return n;
	p.status = (uint32_t)s->exit;
	s->exit = -1;
	r = reading_piece(&s->r, sink, 0, &p);
	return r < 0 ? r : n;
}

static void free_sudo(void *state)
{
	struct sudo *s = state;

	arena_free(&s->mem);
}

const struct format_reader sudo_reader = {
    .size = sizeof(struct sudo),
    .feed = feed,
    .free = free_sudo,
};
