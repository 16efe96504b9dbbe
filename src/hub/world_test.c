/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/world_test.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "archive/archive.h"
#include "archive/layout.h"
#include "archive/verify.h"
#include "base/fd.h"
#include "crypto/cosign.h"
#include "hub/hub.h"
#include "hub/room.h"
#include "trail/header.h"
#include "wire/batch.h"
#include "wire/message.h"

void open_hub(struct world *w)
{
	struct err err = {""};

	assert_int_equal(place_open(&w->hub.place, w->store, &err), 0);
	assert_int_equal(
	    archive_open(&w->hub.archive, w->store, ARCHIVE_WRITE, &err), 0);
	assert_int_equal(archive_begin(w->hub.archive, "events:hub", &err), 0);
	w->hub.cfg = &w->cfg;
}

void close_hub(struct world *w)
{
	struct err err = {""};

	assert_int_equal(hub_commit(&w->hub, &err), 0);
	hub_close_chains(&w->hub);
	silence_free(&w->hub.silence);
	archive_close(w->hub.archive);
	place_close(&w->hub.place);
}

int set_up(void **state)
{
	static const char *const names[] = {"localhost", NULL};
	struct world *w = calloc(1, sizeof *w);
	struct err err = {""};
	int fd;

	snprintf(w->dir, sizeof w->dir, "/tmp/ingest_test.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->store, sizeof w->store, "%s/hub", w->dir);
	w->cfg.name = "hub";
	assert_int_equal(place_init(w->store, names, &err), 0);
	open_hub(w);
	assert_int_equal(fd_open_dir(w->hub.place.dirfd, "k", 0700, &fd), 0);
	assert_int_equal(sign_key_load(&w->key, fd, "host", &err), 0);
	fd_close(&fd);
	w->host = (struct host_entry){.name = "web-01",
	    .serial = "aa",
	    .before = "99",
	    .key = w->key.pub,
	    .until = INT64_MAX};
	host_id(&w->key.pub, w->host.id);
	assert_int_equal(host_put(&w->hub.place, &w->host, &err), 0);
	w->peer = (struct cert_info){.serial = "aa"};
	memcpy(w->peer.name, w->host.id, sizeof w->host.id);
	for (int i = 1; i <= FRAMES; i++)
		buf_printf(&w->payloads[i],
		    "{\"time\":\"2026-11-22T11:49:28.%06dZ\",\"host\":\"web-"
		    "01\","
		    "\"kind\":\"%s\",\"source\":\"t\",\"trust\":\"daemon\"}",
		    i, i == 1 ? "agent.start" : "exec");
	*state = w;
	return 0;
}

int tear_down(void **state)
{
	struct world *w = *state;

	close_hub(w);
	fd_remove_tree(w->dir);
	for (int i = 1; i <= FRAMES; i++)
		buf_free(&w->payloads[i]);
	buf_free(&w->said);
	free(w);
	return 0;
}

struct frame frame_of(const struct world *w, uint64_t seq)
{
	return (struct frame){.seq = seq,
	    .realtime = (int64_t)seq,
	    .type = FRAME_EVENT,
	    .payload = buf_str(&w->payloads[seq])};
}

void tree_of(const struct world *w, uint64_t n, struct merkle *ret)
{
	struct sha256 leaf;

	merkle_init(ret);
	for (uint64_t i = 1; i <= n; i++) {
		struct frame f = frame_of(w, i);
		struct batch_writer one = {.n = 0};

		batch_begin(&one, STR_NONE);
		batch_add(&one, &f);
		merkle_leaf_hash(one.plain.p + 12, one.plain.n - 12, &leaf);
		merkle_append(ret, &leaf);
		batch_free(&one);
	}
}

void sign_note(const struct world *w, uint64_t n, struct buf *ret)
{
	struct checkpoint cp = {.origin = STR(CHAIN), .size = n};
	struct merkle tree;

	tree_of(w, n, &tree);
	merkle_root(&tree, &cp.root);
	assert_int_equal(checkpoint_sign(&cp, &w->key, ret), 0);
}

int send_body(struct world *w, const char *chain, struct str body)
{
	const struct http_call call = {
	    .method = "POST", .body = body, .peer = &w->peer};
	struct http_reply reply = {.body = BUF_INIT};

	hub_ingest(&w->hub, &call, chain, &reply);
	buf_clear(&w->said);
	buf_add_str(&w->said, buf_str(&reply.body));
	buf_free(&reply.body);
	return reply.status ? reply.status : 200;
}

int send_with(struct world *w, struct str header, uint64_t first, uint64_t last,
    uint64_t covers)
{
	struct batch_writer b = {.n = 0};
	struct buf body = BUF_INIT, note = BUF_INIT;
	int status;

	if (covers)
		sign_note(w, covers, &note);
	batch_begin(&b, buf_str(&note));
	if (header.n)
		batch_set_header(&b, header);
	for (uint64_t i = first; i <= last; i++) {
		struct frame f = frame_of(w, i);

		batch_add(&b, &f);
	}
	assert_int_equal(batch_end(&b, &body), 0);
	status = send_body(w, CHAIN, buf_str(&body));
	batch_free(&b);
	buf_free(&body);
	buf_free(&note);
	return status;
}

int send_frames(struct world *w, uint64_t first, uint64_t last, uint64_t covers)
{
	return send_with(w, STR_NONE, first, last, covers);
}

int send_behind(struct world *w, uint64_t first, uint64_t last, uint64_t covers)
{
	struct segment_header h = {.first_seq = first};
	struct buf note = BUF_INIT, header = BUF_INIT;
	int status;

	chain_id(STR(CHAIN), &w->key.pub, h.chain);
	tree_of(w, first - 1, &h.tree);
	sign_note(w, first - 1, &note);
	h.note = buf_str(&note);
	segment_header_put(&header, &h);
	status = send_with(w, buf_str(&header), first, last, covers);
	buf_free(&header);
	buf_free(&note);
	return status;
}

uint64_t next_of(const struct world *w)
{
	uint64_t next = 0;

	message_get_number(buf_str(&w->said), "next", &next);
	return next;
}

bool says(const struct world *w, const char *what)
{
	return str_find(buf_str(&w->said), str_z(what)) != STR_NPOS;
}

void assert_cosigned(const struct world *w, uint64_t size)
{
	struct arena a = ARENA_INIT;
	struct str note = message_get(buf_str(&w->said), "checkpoint", &a);
	struct checkpoint cp;
	uint64_t at;

	assert_int_equal(checkpoint_verify(note, &w->key.pub, &cp, NULL), 0);
	assert_int_equal(cp.size, size);
	assert_int_equal(cosign_check(note, STR("hub"),
			     &archive_key(w->hub.archive)->pub, &at, NULL),
	    0);
	arena_free(&a);
}

void tell_kind(const struct world *w, enum event_kind kind, struct buf *ret)
{
	struct store *s = archive_store(w->hub.archive);
	struct query q = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .kinds = (uint64_t)1 << kind,
	    .order = ORDER_OLDEST_FIRST};
	struct store_cursor *c = NULL;
	struct event ev;
	struct err err = {""};

	query_want(&q, F_SENDER);
	buf_clear(ret);
	assert_int_equal(s->ops->events(s, &q, &c, &err), 0);
	while (s->ops->next_event(c, &ev, &err) == 1)
		buf_printf(ret, "%.*s %s %.*s; ", STR_ARG(ev.host),
		    trust_name(ev.trust), STR_ARG(event_str(&ev, F_SENDER)));
	s->ops->cursor_close(c);
}

void say(struct world *w, int i, const char *kind, const char *host,
    const char *source)
{
	buf_clear(&w->payloads[i]);
	buf_printf(&w->payloads[i],
	    "{\"time\":\"2026-11-22T11:49:28.%06dZ\",\"host\":\"%s\","
	    "\"kind\":\"%s\",\"source\":\"%s\",\"trust\":\"kernel\"}",
	    i, host, kind, source);
}

void change(struct world *w, uint64_t from)
{
	for (uint64_t i = from; i <= FRAMES; i++)
		w->payloads[i].p[TENTH] ^= 1;
}

uint64_t next_frame(struct world *w)
{
	const struct http_call call = {.method = "GET", .peer = &w->peer};
	struct http_reply reply = {.body = BUF_INIT};

	hub_chain_state(&w->hub, &call, CHAIN, &reply);
	buf_clear(&w->said);
	buf_add_str(&w->said, buf_str(&reply.body));
	buf_free(&reply.body);
	return next_of(w);
}

static int add_up(void *ctx, const struct group_row *row)
{
	*(uint64_t *)ctx += row->n;
	return 0;
}

uint64_t count_found(struct world *w)
{
	struct store *s = archive_store(w->hub.archive);
	struct query q = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .host = {STR("web-01")},
	    .n_host = 1,
	    .kinds = (uint64_t)1 << EVENT_EXEC};
	struct err err = {""};
	uint64_t n = 0;

	assert_int_equal(hub_commit(&w->hub, &err), 0);
	assert_int_equal(s->ops->count(s, &q, 0, add_up, &n, &err), 0);
	return n;
}

void resolve(struct world *w)
{
	struct host_entry host;
	struct err err = {""};

	assert_int_equal(host_find(&w->hub.place, w->host.id, &host, &err), 0);
	assert_int_equal(host.forked, 1);
	host.history++;
	host.forked = 0;
	assert_int_equal(host_put(&w->hub.place, &host, &err), 0);
}

void assert_sound(struct world *w)
{
	const struct archive_verify_sink quiet = {0};
	struct err err = {""};
	bool sound = false;

	close_hub(w);
	assert_int_equal(
	    archive_verify(w->store, NULL, &quiet, &sound, &err), 0);
	assert_true(sound);
	open_hub(w);
}
