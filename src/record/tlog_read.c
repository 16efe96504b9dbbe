/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"
#include "record/tlog.h"

#include <stdlib.h>

#include "base/map.h"
#include "core/flat_json.h"
#include "core/json_string.h"
#include "record/reading.h"

/* Of one file; a further one is passed over. */
#define TAPES_MAX 65536
#define REC_MAX	  128

/* One recording of the file. */
struct tape {
	uint64_t last; /* id of its last message */
	uint64_t now;  /* nanoseconds since its begin */
	uint16_t cols, rows;
};

struct tlog {
	struct reading r;   /* first; `now` is that of the tape at hand */
	struct intern recs; /* which number a recording has */
	struct tape *tapes; /* by number; n of them */
	size_t n, cap;
	bool too_many;
	struct arena mem; /* of the line */
	struct buf bytes; /* of one stream at one moment */
};

/* Keys of a message. */
enum key {
	K_HOST,
	K_REC,
	K_USER,
	K_TERM,
	K_TIMING,
	K_IN_TXT,
	K_OUT_TXT,
	K_IN_BIN,
	K_OUT_BIN, /* as written */
	K_SESSION,
	K_ID,
	K_POS,
	K_TIME, /* numbers as written */
	N_KEYS
};

static const char *const keys[N_KEYS] = {"host", "rec", "user", "term",
    "timing", "in_txt", "out_txt", "in_bin", "out_bin", "session", "id", "pos",
    "time"};

struct message {
	struct str v[N_KEYS]; /* p NULL: not there */
	uint64_t session, id, pos, time;
};

/* What is left of the message's text and bytes of a stream. */
struct stream {
	struct str txt, bin;
};

static bool get_values(struct str line, struct message *m, struct arena *mem)
{
	struct flat_json j = {.rest = line};
	struct json_pair pair;
	int r;

	while ((r = flat_json_next(&j, &pair)) > 0)
		for (size_t i = 0; i < N_KEYS; i++)
			if (str_eqz(pair.key, keys[i]))
				m->v[i] = pair.type == JSON_STRING
					      ? flat_json_text(&pair, mem)
					      : pair.raw;
	return r == 0;
}

/* NULL, or what was expected of the line. */
static const char *get_message(
    struct str line, struct message *m, struct arena *mem)
{
	struct str pos;

	*m = (struct message){.session = TLOG_NO_SESSION};
	if (!get_values(line, m, mem))
		return "a message of tlog: one object of JSON";
	pos = m->v[K_POS];
	if (!m->v[K_REC].n || m->v[K_REC].n > REC_MAX)
		return "\"rec\", of at most 128 bytes";
	if (!str_u64(m->v[K_ID], &m->id) || m->id == 0)
		return "\"id\", a number from 1";
	if (!stamp_parse_ms(pos, &m->pos))
		return "\"pos\", in milliseconds";
	if (!m->v[K_TIMING].p)
		return "\"timing\"";
	str_u64(m->v[K_SESSION], &m->session);
	if (!stamp_parse(m->v[K_TIME], &m->time))
		m->time = 0;
	return NULL;
}

int tlog_probe(struct str head, const char *name, unsigned *ret_part)
{
	struct arena mem = ARENA_INIT;
	struct str line;
	struct message m;
	bool is;

	str_cut(&head, '\n', &line);
	if (!str_starts(line, STR("{")))
		return 0;
	is = !get_message(line, &m, &mem) &&
	     (m.v[K_OUT_TXT].p || m.v[K_IN_TXT].p);
	arena_free(&mem);
	return is ? 95 : 0;
}

/* "BOOT-PID-TIME", in hexadecimal. */
static void get_rec(struct head *h, struct str rec)
{
	struct str boot, pid;
	uint64_t n;

	if (!str_cut(&rec, '-', &boot) || boot.n != 32)
		return;
	h->boot = boot;
	str_cut(&rec, '-', &pid);
	if (str_hex64(pid, &n) && n <= INT32_MAX)
		h->pid = (int64_t)n;
}

static int begin(struct tlog *t, const struct message *m, struct tape *tape,
    struct format_sink *sink)
{
	struct head h = HEAD_NONE;

	h.host = m->v[K_HOST];
	h.user = m->v[K_USER];
	h.term = m->v[K_TERM];
	h.title = m->v[K_REC];
	if (m->session < TLOG_NO_SESSION)
		h.ses = (int64_t)m->session;
	get_rec(&h, m->v[K_REC]);
	h.time = m->time > m->pos ? (int64_t)(m->time - m->pos) : sink->time;
	/* The first thing that each message says is the size. */
	if (str_starts(m->v[K_TIMING], STR("="))) {
		struct str size = str_from(m->v[K_TIMING], 1);
		size_t n = 0;

		while (
		    n < size.n && (size.p[n] == 'x' ||
				      (size.p[n] >= '0' && size.p[n] <= '9')))
			n++;
		if (size_parse(str_upto(size, n), &h.cols, &h.rows)) {
			tape->cols = h.cols;
			tape->rows = h.rows;
		}
	}
	return sink->begin(sink, (uint64_t)(tape - t->tapes), &h);
}

static struct tape *find_tape(struct tlog *t, struct str rec)
{
	uint32_t i = intern_find(&t->recs, rec);

	return i == INTERN_NONE ? NULL : &t->tapes[i];
}

/* NULL: there are too many. */
static struct tape *add_tape(struct tlog *t, struct str rec)
{
	if (t->n == TAPES_MAX)
		return NULL;
	if (array_grow(&t->tapes, t->n, &t->cap, sizeof *t->tapes) < 0)
		return NULL;
	if (intern_add(&t->recs, rec) == INTERN_NONE)
		return NULL;
	t->tapes[t->n] = (struct tape){0};
	return &t->tapes[t->n++];
}

/* --- timing --- */

static bool take_number(struct str *s, uint64_t *ret)
{
	size_t n = 0;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	if (!str_u64(str_upto(*s, n), ret))
		return false;
	*s = str_from(*s, n);
	return true;
}

/* n characters off the text; false: it has not so many. */
static bool take_text(struct str *txt, uint64_t n, struct str *ret)
{
	size_t i = 0;

	for (; n && i < txt->n; n--) {
		uint32_t cp;
		size_t length =
		    utf8_decode((const uint8_t *)txt->p + i, txt->n - i, &cp);

		i += length ? length : 1;
	}
	*ret = str_upto(*txt, i);
	*txt = str_from(*txt, i);
	return n == 0;
}

static bool take_bytes(struct str *bin, uint64_t n, struct buf *ret)
{
	for (; n; n--) {
		struct str word;
		uint64_t byte;

		str_cut(bin, ',', &word);
		if (!str_u64(str_trim(word), &byte) || byte > 255)
			return false;
		buf_add_char(ret, (char)byte);
	}
	return true;
}

static int flush(
    struct tlog *t, uint64_t id, char stream, struct format_sink *sink)
{
	int r = reading_bytes(&t->r, sink, id,
	    stream == '<' ? PIECE_INPUT : PIECE_OUTPUT, buf_str(&t->bytes));

	buf_clear(&t->bytes);
	return r;
}

/* "5", or "1/2" where `bytes` is set, off the timing. */
static bool take_run(
    struct tlog *t, struct str *timing, struct stream *s, bool bytes)
{
	uint64_t n, m;
	struct str text;

	if (!take_number(timing, &n))
		return false;
	if (!bytes) {
		bool all = take_text(&s->txt, n, &text);

		buf_add_str(&t->bytes, text);
		return all;
	}
	return str_skip(timing, STR("/")) && take_number(timing, &m) &&
	       take_text(&s->txt, n, &text) &&
	       take_bytes(&s->bin, m, &t->bytes);
}

static int take_size(struct tlog *t, struct tape *tape, struct str *timing,
    struct format_sink *sink, bool *ret_good)
{
	uint64_t cols, rows;

	*ret_good = take_number(timing, &cols) && str_skip(timing, STR("x")) &&
		    take_number(timing, &rows) && cols <= UINT16_MAX &&
		    rows <= UINT16_MAX;
	/* Messages repeat it. */
	if (!*ret_good || (cols == tape->cols && rows == tape->rows))
		return 0;
	tape->cols = (uint16_t)cols;
	tape->rows = (uint16_t)rows;
	return reading_size(
	    &t->r, sink, (uint64_t)(tape - t->tapes), tape->cols, tape->rows);
}

static int play(struct tlog *t, const struct message *m, struct tape *tape,
    struct format_sink *sink)
{
	struct stream in = {m->v[K_IN_TXT], m->v[K_IN_BIN]};
	struct stream out = {m->v[K_OUT_TXT], m->v[K_OUT_BIN]};
	uint64_t id = (uint64_t)(tape - t->tapes), ms;
	struct str timing = m->v[K_TIMING];
	char stream = '>';
	bool good = true;
	int r = 0;

	while (timing.n && good && r == 0) {
		char c = timing.p[0];
		bool input = c == '<' || c == '[';
		bool run = input || c == '>' || c == ']';

		timing = str_from(timing, 1);
		if (!run || input != (stream == '<'))
			r = flush(t, id, stream, sink);
		if (r < 0)
			return r;
		if (run) {
			stream = input ? '<' : '>';
			good = take_run(t, &timing, input ? &in : &out,
			    c == '[' || c == ']');
		} else if (c == '=') {
			r = take_size(t, tape, &timing, sink, &good);
		} else {
			good = c == '+' && take_number(&timing, &ms) &&
			       ms <= STAMP_MAX / NS_PER_MS;
			if (good)
				reading_advance(&t->r, ms * NS_PER_MS);
		}
	}
	if (r == 0)
		r = flush(t, id, stream, sink);
	if (!good)
		reading_skip(&t->r, sink,
		    "a timing that fits its text, as =80x24>5+10]1/2",
		    m->v[K_TIMING]);
	return r;
}

static int note_missing(struct tlog *t, const struct message *m,
    const struct tape *tape, struct format_sink *sink)
{
	struct piece hole = {.type = PIECE_HOLE};

	if (m->id == tape->last + 1)
		return 0;
	reading_skip(&t->r, sink, "the message with the \"id\" that comes next",
	    m->v[K_ID]);
	return reading_piece(&t->r, sink, (uint64_t)(tape - t->tapes), &hole);
}

static int take_message(
    struct tlog *t, const struct message *m, struct format_sink *sink)
{
	struct tape *tape = find_tape(t, m->v[K_REC]);
	int r = 0;

	if (!tape) {
		tape = add_tape(t, m->v[K_REC]);
		if (!tape) {
			if (!t->too_many)
				reading_skip(&t->r, sink,
				    "at most 65,536 recordings in one file",
				    m->v[K_REC]);
			t->too_many = true;
			return 0;
		}
		r = begin(t, m, tape, sink);
	}
	/*
	 * What was read before is read again: logs are merged so. One that is
	 * of a later time is not: that the id went back is damage.
	 */
	if (r == 0 && m->id <= tape->last && m->pos <= tape->now) {
		reading_skip(&t->r, sink, "an \"id\" that was not there before",
		    m->v[K_ID]);
		return 0;
	}
	t->r.now = m->pos > tape->now ? m->pos : tape->now;
	if (r == 0)
		r = note_missing(t, m, tape, sink);
	tape->last = m->id;
	if (r == 0)
		r = play(t, m, tape, sink);
	tape->now = t->r.now;
	return r;
}

static int take_line(void *state, struct str line, struct format_sink *sink)
{
	struct tlog *t = state;
	struct message m;
	const char *expected = get_message(line, &m, &t->mem);
	int r = 0;

	if (expected)
		reading_skip(&t->r, sink, expected, line);
	else
		r = take_message(t, &m, sink);
	arena_reset(&t->mem);
	return r;
}

static ssize_t feed(
    void *state, struct str data, bool last, struct format_sink *sink)
{
	struct tlog *t = state;

	return reading_lines(&t->r, data, last, sink, take_line);
}

static void free_tlog(void *state)
{
	struct tlog *t = state;

	intern_free(&t->recs);
	free(t->tapes);
	arena_free(&t->mem);
	buf_free(&t->bytes);
}

const struct format_reader tlog_reader = {
    .size = sizeof(struct tlog),
    .feed = feed,
    .free = free_tlog,
};
