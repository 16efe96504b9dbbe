/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of sources: run one over bytes in chunks of any size and keep its
 * events, also as lines of text, "kind seconds.micros key=value ...", without
 * `id` and `offset`, which are kept in arrays. Pieces of recordings become
 * lines "terminal type boot-time ..." behind the event that comes with them.
 */
#ifndef SOURCES_TEST_SINK_H
#define SOURCES_TEST_SINK_H

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "sources/source.h"

#define TEST_EVENTS_MAX 10000

struct test_sink {
	struct source_sink sink; /* first */
	struct buf text;
	struct arena arena;   /* of the strings of events */
	struct event *events; /* n of them */
	size_t cap;
	uint64_t ids[TEST_EVENTS_MAX];
	int64_t offsets[TEST_EVENTS_MAX];
	size_t n;
	int fail_with; /* what event() returns */
};

static inline void test_add_value(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] > ' ' && s.p[i] <= '~' && s.p[i] != '\\')
			buf_add_char(b, s.p[i]);
		else
			buf_printf(b, "\\x%02x", (unsigned)(uint8_t)s.p[i]);
	}
}

static inline void test_add_field(
    struct buf *b, const struct event *ev, enum field f)
{
	static const struct {
		const char *key;
		enum field_type type;
	} info[EVENT_N_FIELDS] = {
#define X(c, json, type, group, help) {json, FIELD_##type},
	    EVENT_FIELDS(X)
#undef X
	};

	buf_printf(b, " %s=", info[f].key);
	if (info[f].type == FIELD_STR || info[f].type == FIELD_LIST)
		test_add_value(b, ev->v[f].s);
	else
		buf_add_i64(b, ev->v[f].i);
}

static inline void test_keep(struct test_sink *t, const struct event *ev)
{
	if (t->n == t->cap) {
		t->cap = t->cap ? 2 * t->cap : 16;
		t->events = realloc(t->events, t->cap * sizeof *t->events);
	}
	if (!t->events || event_copy(&t->events[t->n], ev, &t->arena) < 0)
		abort();
}

static inline int test_sink_event(struct source_sink *sink, struct event *ev)
{
	static const char *const kinds[] = {
#define X(c, json, help) json,
	    EVENT_KINDS(X)
#undef X
	};
	struct test_sink *t = (struct test_sink *)sink;

	if (t->fail_with || t->n == TEST_EVENTS_MAX)
		return t->fail_with ? t->fail_with : -1;
	test_keep(t, ev);
	t->ids[t->n] = event_has(ev, F_ID) ? ev->v[F_ID].u : 0;
	t->offsets[t->n++] = event_int(ev, F_OFFSET, -1);
	buf_printf(&t->text, "%s %lld.%06lld", kinds[ev->kind],
	    (long long)(ev->time / 1000000), (long long)(ev->time % 1000000));
	for (unsigned f = 0; f < EVENT_N_FIELDS; f++)
		if (event_has(ev, (enum field)f) && f != F_ID && f != F_OFFSET)
			test_add_field(&t->text, ev, (enum field)f);
	buf_add_char(&t->text, '\n');
	return 0;
}

static inline int test_sink_piece(struct source_sink *sink, uint64_t terminal,
    const struct piece *p, struct event *ev)
{
	static const char *const types[PIECE_N_TYPES] = {
	    [PIECE_BEGIN] = "begin",
	    [PIECE_OUTPUT] = "output",
	    [PIECE_INPUT] = "input",
	    [PIECE_ERRORS] = "errors",
	    [PIECE_MASKED] = "masked",
	    [PIECE_SIZE] = "size",
	    [PIECE_HOLE] = "hole",
	    [PIECE_LEFT_OUT] = "left-out",
	    [PIECE_MARK] = "mark",
	    [PIECE_EXIT] = "exit",
	    [PIECE_END] = "end",
	};
	struct test_sink *t = (struct test_sink *)sink;

	if (ev) {
		int r = test_sink_event(sink, ev);

		if (r < 0)
			return r;
	}
	buf_printf(&t->text, "%llu %s %llu", (unsigned long long)terminal,
	    types[p->type], (unsigned long long)p->boot);
	if (p->type == PIECE_SIZE)
		buf_printf(&t->text, " %ux%u", p->cols, p->rows);
	if (p->type == PIECE_HOLE || p->type == PIECE_LEFT_OUT)
		buf_printf(&t->text, " %llu", (unsigned long long)p->lost);
	if (p->bytes.n) {
		buf_add_char(&t->text, ' ');
		test_add_value(&t->text, p->bytes);
	}
	buf_add_char(&t->text, '\n');
	return 0;
}

static inline struct test_sink *test_sink_new(void)
{
	struct test_sink *t = calloc(1, sizeof *t);

	if (!t)
		abort();
	t->sink.event = test_sink_event;
	t->sink.piece = test_sink_piece;
	return t;
}

static inline void test_sink_free(struct test_sink *t)
{
	buf_free(&t->text);
	arena_free(&t->arena);
	free(t->events);
	free(t);
}

/* All its events as one text; never NULL. */
static inline const char *test_sink_text(struct test_sink *t)
{
	const char *z = buf_z(&t->text);

	return z ? z : "";
}

static inline struct source_input test_input(const char *name)
{
	return (struct source_input){.name = name,
	    .mtime = 1700000000000000,
	    .host = STR("h1"),
	    .id_key = (const uint8_t *)"0123456789abcdef"};
}

/*
 * Feed all of data, at most `chunk` more bytes each time (0: all at once), to
 * an open run. Each call gets an allocation of exactly its size, so that ASan
 * sees a read beyond. Returns the first negative result, or 0.
 */
static inline int test_feed(const struct source *src, struct source_run *run,
    struct str data, size_t chunk, struct test_sink *t)
{
	size_t begin = 0, have = 0;
	bool last = false;

	while (!last) {
		char *copy;
		ssize_t r;

		have = chunk && data.n - have > chunk ? have + chunk : data.n;
		last = have == data.n;
		copy = malloc(have - begin + 1);
		if (!copy)
			abort();
		if (have > begin)
			memcpy(copy + 1, data.p + begin, have - begin);
		r = src->feed(run, str_make(copy + 1, have - begin), begin,
		    last, &t->sink);
		free(copy);
		if (r < 0)
			return (int)r;
		if ((size_t)r > have - begin ||
		    (last && begin + (size_t)r != have))
			abort();
		begin += (size_t)r;
		if (!last && have - begin >= SOURCE_LINE_MAX + chunk)
			abort();
	}
	return 0;
}

/* A file below tests/corpus, at most 8 MiB; free(ret.p) is the caller's. */
static inline struct str test_corpus(const char *path)
{
	const char *dir = getenv("SSHTRAIL_CORPUS");
	char name[4096], *p = malloc((size_t)8 << 20);
	size_t n;
	FILE *f;

	snprintf(name, sizeof name, "%s/%s", dir ? dir : "tests/corpus", path);
	f = fopen(name, "rb");
	if (!p || !f) {
		fprintf(stderr, "cannot read %s\n", name);
		abort();
	}
	n = fread(p, 1, (size_t)8 << 20, f);
	fclose(f);
	return str_make(p, n);
}

/* open, prescan, feed, finish, close. */
static inline int test_run(const struct source *src,
    const struct source_input *in, struct str data, size_t chunk,
    struct test_sink *t)
{
	struct source_run *run;
	int r = src->open(&run, in, NULL);

	if (r < 0)
		return r;
	for (size_t at = 0; src->prescan && at < data.n;) {
		ssize_t n = src->prescan(run, str_from(data, at), true);

		if (n < 0)
			break;
		at += (size_t)n;
	}
	r = test_feed(src, run, data, src->whole ? 0 : chunk, t);
	if (r == 0)
		r = src->finish(run, &t->sink);
	src->close(run);
	return r;
}

#endif
