/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/follow.h"

#include <errno.h>
#include <stdlib.h>

#include "base/loop.h"
#include "core/event_json.h"
#include "hub/follow_id.h"
#include "store/plan.h"

struct follower {
	struct hub *hub;
	struct token token;
	struct query q;
	struct arena texts; /* of q */
	struct progress at;
	int64_t spoken; /* loop_now() */
	uint64_t seen;	/* h->commits */
};

/* --- a page --- */

static void add_row(const struct event *ev, struct buf *b)
{
	buf_add_z(b, "data: ");
	event_to_json(ev, EVENT_JSON_DERIVED, b);
	b->n -= !buf_error(b); /* its closing brace */
	buf_printf(
	    b, ",\"in_chain\":\"%016llx\"}\n\n", (unsigned long long)ev->chain);
}

/* 1: all of the windows was read; 0: there is more. */
static int add_rows(
    struct follower *f, const struct query *q, struct buf *b, struct err *err)
{
	struct store *s = archive_store(f->hub->archive);
	struct store_cursor *cursor;
	struct event ev;
	int r = s->ops->events(s, q, &cursor, err), marked;

	if (r < 0)
		return r;
	while ((r = s->ops->next_event(cursor, &ev, err)) > 0) {
		add_row(&ev, b);
		if (b->n >= FOLLOW_PAGE)
			break;
	}
	buf_clear(&f->at.mark);
	marked = r > 0 ? s->ops->cursor_mark(cursor, &f->at.mark) : 0;
	s->ops->cursor_close(cursor);
	if (r < 0 || marked < 0)
		return r < 0 ? r : marked;
	return r == 0;
}

/* A page ends so: with an id, or, where there is none, with a comment. */
static int add_id(struct follower *f, struct buf *b)
{
	struct buf id = BUF_INIT;
	int r = follow_id_write(&f->at, &id);

	if (id.n)
		buf_printf(b, "id: %.*s\n\n", STR_ARG(buf_str(&id)));
	else
		buf_add_z(b, ":\n\n");
	buf_free(&id);
	return r < 0 ? r : buf_error(b);
}

/* Who may not ask any more is told nothing any more. */
static bool narrow(struct follower *f, struct account *a, struct query *q)
{
	*q = f->q;
	return api_token_account(f->hub, &f->token, a) && account_narrow(a, q);
}

static int add_page(struct follower *f, struct buf *b)
{
	struct account account = {.texts = ARENA_INIT};
	struct err why = {""};
	uint64_t behind = 0;
	struct query q;
	int r = progress_look(
	    &f->at, archive_store(f->hub->archive), &behind, &why);

	if (r == 0 && behind == 0 && f->at.mark.n == 0) {
		f->seen = f->hub->commits;
		return 0;
	}
	if (r == 0 && !narrow(f, &account, &q))
		r = -EACCES;
	if (r == 0) {
		progress_ask(&f->at, &q);
		r = add_rows(f, &q, b, &why);
	}
	account_free(&account);
	if (r > 0)
		progress_done(&f->at);
	if (r < 0)
		return r;
	/* Of what it may not see, or did not ask for, it hears nothing. */
	return b->n ? add_id(f, b) : 0;
}

static int next_page(void *ctx, struct buf *ret)
{
	struct follower *f = ctx;
	int r = 0;

	while (r == 0 && ret->n == 0 && !f->hub->full &&
	       (f->seen != f->hub->commits || f->at.mark.n))
		r = add_page(f, ret);
	if (r == 0 && ret->n == 0 && loop_now() - f->spoken >= FOLLOW_BEAT / 2)
		r = add_id(f, ret);
	if (r < 0)
		return r;
	if (ret->n)
		f->spoken = loop_now();
	return ret->n > 0;
}

static void end(void *ctx)
{
	struct follower *f = ctx;

	f->hub->followers--;
	progress_free(&f->at);
	arena_free(&f->texts);
	explicit_bzero(&f->token, sizeof f->token);
	free(f);
}

static const struct http_feed feed = {.next = next_page, .end = end};

/* --- the begin --- */

/* From where: behind what it has, from a time on, or from now on. */
static int find_place(
    struct follower *f, const struct api_call *c, struct err *err)
{
	struct store *s = archive_store(c->hub->archive);
	const char *id = http_call_header(c->call, "Last-Event-ID");
	uint64_t behind;
	int r = 0;

	if (id && *id)
		return follow_id_read(&f->at, s, str_z(id), err);
	if (c->ask.q.since == INT64_MIN) {
		r = progress_look(&f->at, s, &behind, err);
		progress_done(&f->at);
	}
	return r;
}

static int check_question(const struct api_call *c, struct err *err)
{
	const struct query *q = &c->ask.q;

	if (c->nothing)
		return err_set(err, -EINVAL,
		    "this account may see nothing of what is asked for");
	if (q->limit || q->cursor.n || q->order != ORDER_OLDEST_FIRST)
		return err_set(err, -EINVAL,
		    "follow goes on and on: it takes no limit, order or "
		    "cursor");
	if (c->hub->followers >= (size_t)c->hub->cfg->followers)
		return err_set(err, -EUSERS,
		    "as many follow as listen.followers lets: try again later");
	return 0;
}

int follow_begin(struct api_call *c, struct err *err)
{
	struct follower *f;
	int r = check_question(c, err);

	if (r < 0)
		return r;
	f = calloc(1, sizeof *f);
	if (!f)
		return err_sys(err, -ENOMEM, "follow");
	f->hub = c->hub;
	f->hub->followers++;
	f->texts = ARENA_INIT;
	f->seen = c->hub->commits - 1;
	r = api_token_shown(c->call, &f->token) ? 0 : -EACCES;
	if (r == 0)
		r = query_copy(&f->q, &c->ask.q, &f->texts);
	if (r == 0)
		r = find_place(f, c, err);
	if (r < 0) {
		end(f);
		return r;
	}
	c->reply->type = "text/event-stream";
	c->reply->feed = &feed;
	c->reply->feed_ctx = f;
	return 0;
}
