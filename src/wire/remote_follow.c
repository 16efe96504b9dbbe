/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following a hub. Rows are given on a page at a time, when its id has come:
 * whoever is cut off within a page gets that page again, and nothing twice.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/when.h"
#include "core/event_json.h"
#include "wire/remote_inside.h"

/* A hub gives a sign of life each 15 seconds. */
#define SILENCE	   (60 * USEC_PER_SEC)
#define RETRY_LAST 30 /* seconds */
/* More than a page and its last row can be. */
#define PAGE_MAX   ((size_t)16 << 20)

struct following {
	struct remote *remote;
	const struct store_listener *listener;
	struct buf line; /* that has no end yet */
	struct buf rows; /* of the page that has no id yet, a line each */
	struct buf id;	 /* behind the rows given last */
	struct arena mem;
	bool heard; /* since it was connected last */
	bool stopped;
	int failed;
	struct err why;
};

static int give_rows(struct following *f)
{
	struct str rest = buf_str(&f->rows), row;
	struct event ev;
	int r = 0;

	while (r == 0 && rest.n && !f->stopped) {
		str_cut(&rest, '\n', &row);
		arena_reset(&f->mem);
		r = remote_event(&ev, row, &f->mem, f->remote, &f->why);
		if (r == 0)
			f->stopped =
			    f->listener->row(f->listener->ctx, &ev) != 0;
	}
	buf_clear(&f->rows);
	return r;
}

static int end_page(struct following *f, struct str id)
{
	int r = give_rows(f);

	if (r == 0 && id.n) {
		buf_clear(&f->id);
		buf_add_str(&f->id, id);
		r = buf_error(&f->id);
	}
	if (r == 0 && !f->stopped)
		f->stopped = f->listener->pause(f->listener->ctx, NULL) != 0;
	return r;
}

static int take_line(struct following *f, struct str line)
{
	if (str_skip(&line, STR("data: "))) {
		buf_add_str(&f->rows, line);
		buf_add_char(&f->rows, '\n');
		return buf_error(&f->rows);
	}
	if (str_skip(&line, STR("id: ")))
		return end_page(f, line);
	return line.n && line.p[0] == ':' ? end_page(f, STR_NONE) : 0;
}

static int on_piece(void *ctx, struct str piece)
{
	struct following *f = ctx;
	struct str rest, line;

	f->heard = true;
	buf_add_str(&f->line, piece);
	f->failed = buf_error(&f->line);
	rest = buf_str(&f->line);
	while (f->failed == 0 && !f->stopped &&
	       str_find(rest, STR("\n")) != STR_NPOS) {
		str_cut(&rest, '\n', &line);
		f->failed = take_line(f, line);
	}
	buf_consume(&f->line, f->line.n - rest.n);
	return f->failed < 0 || f->stopped;
}

static int on_idle(void *ctx)
{
	struct following *f = ctx;

	f->stopped =
	    f->stopped || f->listener->pause(f->listener->ctx, NULL) != 0;
	return f->stopped;
}

/* Until the connection ends. */
static int listen_once(struct following *f, const char *url, struct err *err)
{
	const struct http_listener listener = {on_piece, on_idle, f, SILENCE};
	struct buf last = BUF_INIT;
	const char *headers[] = {f->remote->authorization, NULL, NULL};
	struct http_answer answer = {.status = 0};
	int r;

	buf_clear(&f->line);
	buf_clear(&f->rows);
	f->heard = false;
	if (f->id.n) {
		buf_printf(
		    &last, "Last-Event-ID: %.*s", STR_ARG(buf_str(&f->id)));
		headers[1] = buf_z(&last);
	}
	r = http_client_listen(f->remote->client,
	    &(struct http_request){"GET", url, headers, STR_NONE}, &listener,
	    &answer, err);
	if (r == 0 && answer.status != 200)
		r = remote_refused(f->remote, &answer, err);
	else if (r == 0)
		r = err_set(err, -ECONNRESET,
		    "%s: the hub ended the connection", f->remote->profile.url);
	http_answer_free(&answer);
	buf_free(&last);
	return r;
}

/* What passes by itself: the hub is begun anew, or full, or far away. */
static bool passes(int error)
{
	static const int some[] = {-ECONNREFUSED, -ECONNRESET, -ETIMEDOUT,
	    -EHOSTUNREACH, -EREMOTEIO, -EAGAIN, -EIO};

	for (size_t i = 0; i < sizeof some / sizeof *some; i++)
		if (some[i] == error)
			return true;
	return false;
}

static void wait_seconds(struct following *f, unsigned n)
{
	for (; n > 0 && !f->stopped; n--) {
		poll(NULL, 0, 1000);
		on_idle(f);
	}
}

static int follow_url(struct following *f, const char *url, struct err *err)
{
	unsigned pause = 1;
	bool ever = false;

	while (!f->stopped) {
		int r = listen_once(f, url, err);

		if (f->stopped)
			break;
		ever = ever || f->heard;
		if (f->failed < 0) {
			*err = f->why;
			return f->failed;
		}
		if (!ever || !passes(r))
			return r;
		if (f->heard)
			pause = 1;
		f->stopped =
		    f->listener->pause(f->listener->ctx, err->text) != 0;
		wait_seconds(f, pause);
		pause = pause < RETRY_LAST / 2 ? pause * 2 : RETRY_LAST;
	}
	return 0;
}

int remote_follow(struct store *s, const struct query *q,
    const struct store_listener *listener, struct err *err)
{
	struct following f = {.remote = remote_of(s), .listener = listener};
	struct ask question = {.q = *q};
	struct buf url = BUF_INIT;
	struct err why = {""};
	int r;

	f.line.max = f.rows.max = PAGE_MAX;
	question.q.limit = 0;
	question.q.order = ORDER_OLDEST_FIRST;
	question.q.cursor = STR_NONE;
	r = remote_url(f.remote, "follow", &question, &url, &why);
	if (r == 0)
		r = follow_url(&f, url.p, &why);
	if (r < 0 && err)
		*err = why;
	buf_free(&url);
	buf_free(&f.line);
	buf_free(&f.rows);
	buf_free(&f.id);
	arena_free(&f.mem);
	return r;
}
