/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/part.h"

#include <errno.h>
#include <stdlib.h>

#include "archive/layout.h"
#include "base/array.h"
#include "base/fd.h"
#include "base/hash.h"
#include "core/correlate.h"
#include "core/event_json.h"
#include "trail/trail.h"

/*
 * The daemon's own: what all taps of a host give is one log, without an end; or
 * a hub's, that takes what a sender says.
 */
static bool is_daemon_start(const struct event *ev)
{
	return ev->kind == EVENT_AGENT_START &&
	       (str_eq(ev->source, STR("sshtraild")) ||
		   event_has(ev, F_SENDER));
}

bool part_begins(const struct event *ev)
{
	return is_daemon_start(ev) ||
	       (ev->kind == EVENT_IMPORT_START &&
		   str_eq(event_str(ev, F_OP), STR("open")));
}

bool part_goes_on(const struct event *start)
{
	return is_daemon_start(start) || event_int(start, F_OFFSET, 0) > 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

static bool chop_suffix(struct str *name)
{
	return str_chop(name, STR(".gz")) || str_chop(name, STR(".xz")) ||
	       str_chop(name, STR(".zst")) || str_chop(name, STR(".old"));
}

void part_log(const struct event *start, struct buf *ret)
{
	struct str name = event_str(start, F_FILE_NAME);
	size_t slash = str_rfind_char(name, '/');
	size_t begin;

	if (is_daemon_start(start)) {
		buf_add_str(ret, STR("live"));
		buf_add_str(ret, event_str(start, F_SENDER));
		return;
	}
	if (slash != STR_NPOS)
		name = str_from(name, slash + 1);
	while (chop_suffix(&name))
		;
	buf_add_str(ret, event_str(start, F_FORMAT));
	buf_add_char(ret, ' ');
	begin = ret->n;
	for (size_t i = 0; i < name.n; i++) {
		if (!is_digit(name.p[i])) {
			buf_add_char(ret, name.p[i]);
			continue;
		}
		/* A number goes with what sets it off from the name. */
		while (ret->n > begin && !is_digit(name.p[i - 1]) &&
		       is_separator(ret->p[ret->n - 1]))
			ret->n--;
	}
}

struct finding_parts {
	struct parts *parts;
	int dirfd;
	struct arena frame;
	struct buf log;
	struct err *err;
};

static struct part *add_part(
    struct parts *parts, struct str chain, uint64_t first)
{
	struct part *p;

	if (array_grow(&parts->v, parts->n, &parts->cap, sizeof *parts->v) < 0)
		return NULL;
	p = &parts->v[parts->n];
	/* Until an event tells the time it is of no other part's log. */
	*p = (struct part){.chain = chain,
	    .first = first,
	    .end = UINT64_MAX,
	    .log = parts->n,
	    .place = parts->n};
	parts->n++;
	return p;
}

/* In the JSON of an event no string holds a quote that is not escaped. */
static bool may_begin(struct str json)
{
	size_t at = str_find(json, STR("\"kind\":\""));
	struct str kind = str_from(json, at == STR_NPOS ? json.n : at + 8);

	return str_starts(kind, STR("import.start\"")) ||
	       str_starts(kind, STR("agent.start\""));
}

static int look_at_frame(
    struct finding_parts *f, struct str chain, const struct frame *frame)
{
	struct parts *parts = f->parts;
	struct part *p = parts->n ? &parts->v[parts->n - 1] : NULL;
	bool other = !p || p->chain.p != chain.p;
	struct event ev;
	int r;

	if (frame->type != FRAME_EVENT ||
	    (!other && !f->log.n && !may_begin(frame->payload)))
		return 0;
	arena_reset(&f->frame);
	r = event_from_json(&ev, frame->payload, &f->frame, f->err);
	if (r < 0)
		return err_context(f->err, r, "event %llu of the trail",
		    (unsigned long long)frame->seq);
	if (other || part_begins(&ev)) {
		if (!other)
			p->end = frame->seq;
		p = add_part(parts, chain, frame->seq);
		if (!p)
			return -ENOMEM;
		p->goes_on = part_goes_on(&ev);
		buf_clear(&f->log);
		part_log(&ev, &f->log);
	} else if (correlate_tells_order(&ev)) {
		buf_add_varint(&f->log, f->log.n);
		buf_add_str(&f->log, ev.host);
		p->log = hash_stable(buf_str(&f->log));
		p->begun = ev.time;
		buf_clear(&f->log);
	}
	return f->log.error;
}

static int look_at_chain(void *ctx, const char *chain)
{
	struct finding_parts *f = ctx;
	struct str name = arena_dup(&f->parts->arena, str_z(chain));
	struct trail_reader *reader = NULL;
	CLEANUP_FD int fd = -1;
	struct frame frame;
	int r;

	if (!layout_has_events(chain))
		return 0;
	r = layout_open_chain(f->dirfd, chain, false, &fd, f->err);
	if (r == 0 && !name.p)
		r = -ENOMEM;
	if (r == 0)
		r = trail_reader_open(&reader, fd, 1, f->err);
	while (r >= 0 || r == -EBADMSG) {
		r = trail_reader_next(reader, &frame, f->err);
		if (r == 0)
			break;
		if (r > 0)
			r = look_at_frame(f, name, &frame);
	}
	trail_reader_close(reader);
	return r;
}

static int cmp_place(const void *va, const void *vb)
{
	const struct part *a = va, *b = vb;

	if (a->log != b->log)
		return a->log < b->log ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

static int cmp_begun(const void *va, const void *vb)
{
	const struct part *a = va, *b = vb;

	if (a->log == b->log && a->begun != b->begun)
		return a->begun < b->begun ? -1 : 1;
	return cmp_place(va, vb);
}

/* Of the places that the parts of a log have, the first goes to the earliest.
 */
static int sort_logs(struct parts *parts)
{
	struct part *by_time;

	if (parts->n == 0)
		return 0;
	by_time = malloc(parts->n * sizeof *by_time);
	if (!by_time)
		return -ENOMEM;
	qsort(parts->v, parts->n, sizeof *by_time, cmp_place);
	for (size_t i = 1; i < parts->n; i++) {
		const struct part *before = &parts->v[i - 1];
		struct part *p = &parts->v[i];

		if (p->goes_on && p->log == before->log &&
		    p->begun < before->begun)
			p->begun = before->begun;
	}
	memcpy(by_time, parts->v, parts->n * sizeof *by_time);
	qsort(by_time, parts->n, sizeof *by_time, cmp_begun);
	for (size_t i = 0; i < parts->n; i++)
		by_time[i].place = parts->v[i].place;
	for (size_t i = 0; i < parts->n; i++)
		parts->v[by_time[i].place] = by_time[i];
	free(by_time);
	return 0;
}

int parts_find(struct parts *ret, int dirfd, struct err *err)
{
	struct finding_parts f = {ret, dirfd, ARENA_INIT, BUF_INIT, err};
	int r;

	*ret = (struct parts){.arena = ARENA_INIT};
	r = layout_each_chain(dirfd, look_at_chain, &f, err);
	if (r == 0)
		r = sort_logs(ret);
	arena_free(&f.frame);
	buf_free(&f.log);
	return r == -ENOMEM ? err_sys(err, r, "parts of logs") : r;
}

void parts_free(struct parts *parts)
{
	free(parts->v);
	arena_free(&parts->arena);
	*parts = (struct parts){.arena = ARENA_INIT};
}
