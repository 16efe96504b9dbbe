/* SPDX-License-Identifier: Apache-2.0 */
#include "record/tlog.h"

#include "record/json_text.h"
#include "record/stamp.h"

/* A message of tlog-rec has at most 2048 bytes of text and timing. */
#define PAYLOAD_MAX 1500

enum { IN, OUT, N_STREAMS };
/* What may have begun a character; errors are told as output. */
enum { TAIL_IN, TAIL_OUT, TAIL_ERRORS, N_TAILS };

/* Characters of one kind, one behind the other: "5", or "1/2". */
struct run {
	unsigned stream;
	bool bad;
	uint64_t chars, bytes;
};

struct stream {
	struct buf txt, bin; /* as JSON, without what is around them */
};

struct writing {
	uint64_t first;	   /* boot time of the begin */
	uint64_t id;	   /* of the last message */
	uint64_t pos, now; /* milliseconds; of the message, of its end */
	uint16_t cols, rows;
	int64_t time; /* of the begin, milliseconds since 1970 */
	bool open;    /* a message is at work */
	struct run run;
	struct stream stream[N_STREAMS];
	struct json_tail tail[N_TAILS]; /* of characters not complete yet */
	bool no_tty;			/* newlines are to be completed */
	struct buf timing, head;	/* head: what all messages begin with */
};

static void add_size(struct writing *w)
{
	buf_printf(&w->timing, "=%ux%u", w->cols, w->rows);
}

static void end_run(struct writing *w)
{
	static const char marks[N_STREAMS][2] = {{'<', '['}, {'>', ']'}};
	struct run *run = &w->run;

	if (run->chars) {
		buf_add_char(&w->timing, marks[run->stream][run->bad]);
		buf_add_u64(&w->timing, run->chars);
		if (run->bad) {
			buf_add_char(&w->timing, '/');
			buf_add_u64(&w->timing, run->bytes);
		}
	}
	*run = (struct run){0};
}

static void end_message(struct writing *w, struct buf *b)
{
	struct stream *in = &w->stream[IN], *out = &w->stream[OUT];

	if (!w->open)
		return;
	end_run(w);
	w->id++;
	buf_add_str(b, buf_str(&w->head));
	buf_printf(b, "\"id\":%llu,\"pos\":%llu,\"time\":%llu.%03llu",
	    (unsigned long long)w->id, (unsigned long long)w->pos,
	    (unsigned long long)((uint64_t)w->time + w->pos) / 1000,
	    (unsigned long long)((uint64_t)w->time + w->pos) % 1000);
	buf_add_z(b, ",\"timing\":\"");
	buf_add_str(b, buf_str(&w->timing));
	buf_add_z(b, "\",\"in_txt\":\"");
	buf_add_str(b, buf_str(&in->txt));
	buf_add_z(b, "\",\"in_bin\":[");
	buf_add_str(b, buf_str(&in->bin));
	buf_add_z(b, "],\"out_txt\":\"");
	buf_add_str(b, buf_str(&out->txt));
	buf_add_z(b, "\",\"out_bin\":[");
	buf_add_str(b, buf_str(&out->bin));
	buf_add_z(b, "]}\n");
	w->open = false;
	buf_clear(&w->timing);
	for (unsigned i = 0; i < N_STREAMS; i++) {
		buf_clear(&w->stream[i].txt);
		buf_clear(&w->stream[i].bin);
	}
}

/* Times are told in whole milliseconds, of the time since the begin. */
static void go_to(struct writing *w, struct buf *b, uint64_t boot)
{
	uint64_t ms = boot > w->first ? (boot - w->first) / NS_PER_MS : 0;

	if (w->open && w->timing.n + w->stream[IN].txt.n +
			       w->stream[OUT].txt.n + w->stream[IN].bin.n +
			       w->stream[OUT].bin.n >
			   PAYLOAD_MAX)
		end_message(w, b);
	if (ms < w->now)
		ms = w->now;
	if (!w->open) {
		w->open = true;
		w->pos = ms;
		add_size(w);
	} else if (ms > w->now) {
		end_run(w);
		buf_printf(
		    &w->timing, "+%llu", (unsigned long long)(ms - w->now));
	}
	w->now = ms;
}

static void add_char(
    struct writing *w, unsigned stream, struct str bytes, uint32_t cp, bool bad)
{
	struct stream *s = &w->stream[stream];
	struct run *run = &w->run;

	if (run->chars && (run->stream != stream || run->bad != bad))
		end_run(w);
	run->stream = stream;
	run->bad = bad;
	run->chars++;
	run->bytes += bytes.n;
	json_text_put(&s->txt, cp);
	for (size_t i = 0; i < bytes.n && bad; i++) {
		if (s->bin.n)
			buf_add_char(&s->bin, ',');
		buf_add_u64(&s->bin, (uint8_t)bytes.p[i]);
	}
}

/* All characters of s; what is left of it, 3 bytes at most, is returned. */
static size_t add_chars(struct writing *w, struct buf *b, uint64_t boot,
    unsigned stream, struct str s)
{
	while (s.n) {
		uint32_t cp;
		bool bad;
		size_t n = json_text_char(s, &cp, &bad);

		if (n == 0)
			break;
		go_to(w, b, boot);
		add_char(w, stream, str_upto(s, n), cp, bad);
		s = str_from(s, n);
	}
	return s.n;
}

static void add_bytes(struct writing *w, struct buf *b, uint64_t boot,
    unsigned from, struct str rest)
{
	const unsigned stream = from == TAIL_IN ? IN : OUT;
	struct json_tail *tail = &w->tail[from];
	size_t left;

	while (tail->n && rest.n) {
		tail->p[tail->n++] = rest.p[0];
		rest = str_from(rest, 1);
		left =
		    add_chars(w, b, boot, stream, str_make(tail->p, tail->n));
		memmove(tail->p, tail->p + tail->n - left, left);
		tail->n = left;
	}
	left = add_chars(w, b, boot, stream, rest);
	if (left) {
		memcpy(tail->p, rest.p + rest.n - left, left);
		tail->n = left;
	}
}

/* What no terminal's driver has seen has no carriage returns. */
static void add_output(
    struct writing *w, struct buf *b, const struct piece *p, unsigned from)
{
	struct str s = p->bytes, line;

	while (w->no_tty && str_find_char(s, '\n') != STR_NPOS) {
		str_cut(&s, '\n', &line);
		add_bytes(w, b, p->boot, from, line);
		add_bytes(w, b, p->boot, from, STR("\r\n"));
	}
	add_bytes(w, b, p->boot, from, s);
}

static void begin(void *state, struct format_files *files, const struct head *h,
    uint64_t boot)
{
	struct writing *w = state;
	struct buf *b = &w->head;
	unsigned long long none = 0;

	w->first = boot;
	w->no_tty = h->no_tty;
	w->cols = h->cols ? h->cols : 80;
	w->rows = h->rows ? h->rows : 24;
	w->time = h->time > 0 ? h->time / (int64_t)NS_PER_MS : 0;
	buf_add_z(b, "{\"ver\":\"2.3\",\"host\":");
	json_text_quoted(b, h->host.n ? h->host : STR("localhost"));
	buf_add_z(b, ",\"rec\":\"");
	if (h->boot.n == 32)
		buf_add_str(b, h->boot);
	else
		buf_printf(b, "%032llx", none);
	/* The process and the time make it the one of this boot. */
	buf_printf(b, "-%llx-%llx\",\"user\":",
	    h->pid > 0 ? (unsigned long long)h->pid : none,
	    (unsigned long long)w->time);
	json_text_quoted(b, h->user.n ? h->user : STR("unknown"));
	buf_add_z(b, ",\"term\":");
	json_text_quoted(b, h->term.n ? h->term : STR("xterm"));
	buf_printf(b, ",\"session\":%llu,",
	    h->ses > 0 ? (unsigned long long)h->ses
		       : (unsigned long long)TLOG_NO_SESSION);
}

static void add_piece(
    void *state, struct format_files *files, const struct piece *p)
{
	struct buf *b = &files->part[0];
	struct writing *w = state;

	if (p->type == PIECE_INPUT) {
		add_bytes(w, b, p->boot, TAIL_IN, p->bytes);
	} else if (p->type == PIECE_OUTPUT) {
		add_output(w, b, p, TAIL_OUT);
	} else if (p->type == PIECE_ERRORS) {
		add_output(w, b, p, TAIL_ERRORS);
	} else if (p->type == PIECE_SIZE) {
		w->cols = p->cols;
		w->rows = p->rows;
		if (!w->open) {
			go_to(w, b, p->boot);
			return;
		}
		go_to(w, b, p->boot);
		end_run(w);
		add_size(w);
	}
}

static void end(void *state, struct format_files *files)
{
	struct buf *b = &files->part[0];
	struct writing *w = state;

	for (unsigned i = 0; i < N_TAILS; i++) {
		const struct json_tail *tail = &w->tail[i];

		if (tail->n)
			add_char(w, i == TAIL_IN ? IN : OUT,
			    str_make(tail->p, tail->n), 0xfffd, true);
	}
	end_message(w, b);
	for (unsigned i = 0; i < N_STREAMS; i++) {
		buf_free(&w->stream[i].txt);
		buf_free(&w->stream[i].bin);
	}
	buf_free(&w->timing);
	buf_free(&w->head);
}

static const struct format_writer writer = {
    .size = sizeof(struct writing),
    .begin = begin,
    .piece = add_piece,
    .end = end,
};

const struct format format_tlog = {
    .name = "tlog",
    .help = "tlog-play",
    .several = true,
    .guarded = true,
    .probe = tlog_probe,
    .reader = &tlog_reader,
    .writer = &writer,
};
