/* SPDX-License-Identifier: Apache-2.0 */
/* What a hub answers to the batches of hosts, honest and not. */
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
#include "wire/batch.h"
#include "wire/message.h"

#define CHAIN  "events:web-01"
#define FRAMES 30
/* A digit of the time in a payload. */
#define TENTH  (sizeof "{\"time\":\"2026-11-22T11:49:28." - 1)

/* A hub, and a host with a chain of FRAMES events that has joined it. */
struct world {
	char dir[64], store[80];
	struct hub_config cfg;
	struct hub hub;
	struct sign_key key;
	struct host_entry host;
	struct cert_info peer;
	struct buf payloads[FRAMES + 1];
	struct buf said;
};

static void open_hub(struct world *w)
{
	struct err err = {""};

	assert_int_equal(place_open(&w->hub.place, w->store, &err), 0);
	assert_int_equal(
	    archive_open(&w->hub.archive, w->store, ARCHIVE_WRITE, &err), 0);
	assert_int_equal(archive_begin(w->hub.archive, "events:hub", &err), 0);
	w->hub.cfg = &w->cfg;
}

static void close_hub(struct world *w)
{
	struct err err = {""};

	assert_int_equal(hub_commit(&w->hub, &err), 0);
	hub_close_chains(&w->hub);
	silence_free(&w->hub.silence);
	archive_close(w->hub.archive);
	place_close(&w->hub.place);
}

static int set_up(void **state)
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

static int tear_down(void **state)
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

static struct frame frame_of(const struct world *w, uint64_t seq)
{
	return (struct frame){.seq = seq,
	    .realtime = (int64_t)seq,
	    .type = FRAME_EVENT,
	    .payload = buf_str(&w->payloads[seq])};
}

/* The host's checkpoint of its first n frames. */
static void sign_note(const struct world *w, uint64_t n, struct buf *ret)
{
	struct checkpoint cp = {.origin = STR(CHAIN), .size = n};
	struct merkle tree;
	struct sha256 leaf;
	struct buf b = BUF_INIT;

	merkle_init(&tree);
	for (uint64_t i = 1; i <= n; i++) {
		struct frame f = frame_of(w, i);
		struct batch_writer one = {.n = 0};

		batch_begin(&one, STR_NONE);
		batch_add(&one, &f);
		merkle_leaf_hash(one.plain.p + 12, one.plain.n - 12, &leaf);
		merkle_append(&tree, &leaf);
		batch_free(&one);
	}
	merkle_root(&tree, &cp.root);
	assert_int_equal(checkpoint_sign(&cp, &w->key, ret), 0);
	buf_free(&b);
}

/* Status of the answer to any body; what it says is in w->said. */
static int send_body(struct world *w, const char *chain, struct str body)
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

/* Frames first to last, with the checkpoint of `covers` frames (0: none). */
static int send_frames(
    struct world *w, uint64_t first, uint64_t last, uint64_t covers)
{
	struct batch_writer b = {.n = 0};
	struct buf body = BUF_INIT, note = BUF_INIT;
	int status;

	if (covers)
		sign_note(w, covers, &note);
	batch_begin(&b, buf_str(&note));
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

static uint64_t next_of(const struct world *w)
{
	uint64_t next = 0;

	message_get_number(buf_str(&w->said), "next", &next);
	return next;
}

static bool says(const struct world *w, const char *what)
{
	return str_find(buf_str(&w->said), str_z(what)) != STR_NPOS;
}

static void assert_cosigned(const struct world *w, uint64_t size)
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

static void test_in_order(void **state)
{
	struct world *w = *state;

	assert_int_equal(send_frames(w, 1, 10, 10), 200);
	assert_int_equal(next_of(w), 11);
	assert_cosigned(w, 10);
	/* Without a checkpoint it is kept, and nothing is cosigned. */
	assert_int_equal(send_frames(w, 11, 15, 0), 200);
	assert_int_equal(next_of(w), 16);
	assert_false(says(w, "checkpoint"));
	/* Answers get lost: all or some of it comes again. */
	assert_int_equal(send_frames(w, 11, 15, 15), 200);
	assert_cosigned(w, 15);
	assert_int_equal(send_frames(w, 8, 20, 20), 200);
	assert_int_equal(next_of(w), 21);
	assert_cosigned(w, 20);
	/* A sign of life. */
	assert_int_equal(send_frames(w, 1, 0, 20), 200);
	assert_cosigned(w, 20);
	/* An old checkpoint tells nothing new. */
	assert_int_equal(send_frames(w, 21, 22, 20), 200);
	assert_int_equal(next_of(w), 23);
	assert_false(says(w, "checkpoint"));
}

static void test_gap(void **state)
{
	struct world *w = *state;

	assert_int_equal(send_frames(w, 2, 5, 5), 416);
	assert_true(says(w, "the next frame is 1"));
	assert_int_equal(send_frames(w, 1, 5, 5), 200);
	assert_int_equal(send_frames(w, 7, 9, 9), 416);
	assert_true(says(w, "the next frame is 6"));
}

/* Nothing of what is kept changes, and the alarm is told once. */
static void test_fork(void **state)
{
	struct world *w = *state;
	uint64_t size;

	assert_int_equal(send_frames(w, 1, 10, 10), 200);
	w->payloads[9].p[w->payloads[9].n - 40] ^= 1;
	assert_int_equal(send_frames(w, 9, 12, 12), 409);
	assert_true(says(w, "frame 9 is not the one that is kept"));
	assert_int_equal(send_frames(w, 9, 12, 0), 409);
	/* Behind the change only the signed tree tells. */
	assert_int_equal(send_frames(w, 11, 12, 12), 409);
	assert_true(says(w, "the signed trees differ"));
	assert_int_equal(send_frames(w, 11, 10, 12), 416);
	size = replica_tree(w->hub.chains[0].replica)->size;
	assert_int_equal(size, 10);
	w->payloads[9].p[w->payloads[9].n - 40] ^= 1;
	assert_int_equal(send_frames(w, 11, 12, 12), 200);
	assert_int_equal(next_of(w), 13);
}

static void test_strangers(void **state)
{
	struct world *w = *state;
	struct err err;

	assert_int_equal(send_body(w, "events:other", STR("")), 403);
	assert_int_equal(send_body(w, "import:web-01", STR("")), 403);
	assert_int_equal(send_body(w, "events:../x", STR("")), 403);
	memcpy(w->peer.serial, "99", 3);
	assert_int_equal(send_frames(w, 1, 1, 1), 200);
	memcpy(w->peer.serial, "98", 3);
	assert_int_equal(send_frames(w, 2, 2, 2), 403);
	memcpy(w->peer.serial, "aa", 3);
	w->host.revoked = true;
	assert_int_equal(host_put(&w->hub.place, &w->host, &err), 0);
	assert_int_equal(send_frames(w, 2, 2, 2), 403);
	w->peer.name[0] ^= 1;
	assert_int_equal(send_frames(w, 2, 2, 2), 403);
	memcpy(w->peer.name, "../../../../etc", 16);
	assert_int_equal(send_frames(w, 2, 2, 2), 403);
}

static void test_bad(void **state)
{
	struct world *w = *state;
	struct batch_writer b = {.n = 0};
	struct buf body = BUF_INIT;
	struct frame f;

	assert_int_equal(send_body(w, CHAIN, STR("")), 400);
	assert_int_equal(send_body(w, CHAIN, STR("no batch")), 400);
	/* A checkpoint of more than is here, one of nobody. */
	assert_int_equal(send_frames(w, 1, 3, 5), 416);
	batch_begin(&b, STR("x"));
	assert_int_equal(batch_end(&b, &body), 0);
	assert_int_equal(send_body(w, CHAIN, buf_str(&body)), 400);
	/* Frames before one that is no event are kept. */
	f = frame_of(w, 1);
	batch_begin(&b, STR_NONE);
	batch_add(&b, &f);
	f.seq = 2;
	f.payload = STR("{\"kind\":");
	batch_add(&b, &f);
	buf_clear(&body);
	assert_int_equal(batch_end(&b, &body), 0);
	assert_int_equal(send_body(w, CHAIN, buf_str(&body)), 400);
	assert_int_equal(send_frames(w, 2, 3, 3), 200);
	assert_int_equal(next_of(w), 4);
	batch_free(&b);
	buf_free(&body);
}

/* What the index tells of the events of a kind: "HOST TRUST SENDER; ...". */
static void tell_kind(
    const struct world *w, enum event_kind kind, struct buf *ret)
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

static void say(struct world *w, int i, const char *kind, const char *host,
    const char *source)
{
	buf_clear(&w->payloads[i]);
	buf_printf(&w->payloads[i],
	    "{\"time\":\"2026-11-22T11:49:28.%06dZ\",\"host\":\"%s\","
	    "\"kind\":\"%s\",\"source\":\"%s\",\"trust\":\"kernel\"}",
	    i, host, kind, source);
}

/*
 * A host that puts words into the mouth of another, or of the hub: of who tells
 * of itself nobody else does, and of a host without a chain anybody may.
 */
static void test_of_others(void **state)
{
	static const char *const told = "web-01 kernel ; web-01 network "
					"web-01; web-03 kernel ; ";
	struct world *w = *state;
	struct buf said = BUF_INIT;
	struct err err = {""};
	int fd = -1;

	assert_int_equal(layout_open_chain(archive_dirfd(w->hub.archive),
			     "events:web-02", true, &fd, &err),
	    0);
	fd_close(&fd);
	say(w, 2, "priv", "web-01", "audit");
	say(w, 3, "priv", "web-02", "audit");
	say(w, 4, "priv", "web-03", "audit");
	say(w, 5, "alert", "web-02", "sshtrail-hub");
	assert_int_equal(send_frames(w, 1, 4, 4), 200);
	assert_int_equal(send_frames(w, 5, 5, 5), 400);
	assert_true(says(w, "that of a hub alone"));
	assert_int_equal(hub_commit(&w->hub, &err), 0);
	tell_kind(w, EVENT_PRIV, &said);
	assert_string_equal(buf_z(&said), told);
	/* That is told, once. */
	say(w, 5, "exec", "web-02", "audit");
	assert_int_equal(send_frames(w, 5, 5, 5), 200);
	assert_int_equal(hub_commit(&w->hub, &err), 0);
	tell_kind(w, EVENT_ALERT, &said);
	assert_string_equal(buf_z(&said), "web-02 daemon ; ");
	close_hub(w);
	assert_int_equal(archive_reindex(w->store, NULL, NULL, &err), 0);
	open_hub(w);
	tell_kind(w, EVENT_PRIV, &said);
	assert_string_equal(buf_z(&said), told);
	buf_free(&said);
}

/* After a restart, with and without a commit before it. */
static void test_restart(void **state)
{
	const struct archive_verify_sink quiet = {0};
	struct world *w = *state;
	struct err err = {""};
	bool sound = false;

	for (uint64_t n = 1; n <= 5; n++) {
		assert_int_equal(send_frames(w, 5 * n - 4, 5 * n, 5 * n), 200);
		if (n % 2)
			w->hub.uncommitted = false;
		close_hub(w);
		open_hub(w);
	}
	assert_int_equal(send_frames(w, 1, 25, 25), 200);
	assert_cosigned(w, 25);
	close_hub(w);
	assert_int_equal(
	    archive_verify(w->store, NULL, &quiet, &sound, &err), 0);
	assert_true(sound);
	open_hub(w);
}

/* Of the frames from there on the time, by 100 ms. */
static void change(struct world *w, uint64_t from)
{
	for (uint64_t i = from; i <= FRAMES; i++)
		w->payloads[i].p[TENTH] ^= 1;
}

static uint64_t next_frame(struct world *w)
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

/* Events of the host that can be found. */
static uint64_t count_found(struct world *w)
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

static void resolve(struct world *w)
{
	struct host_entry host;
	struct err err = {""};

	assert_int_equal(host_find(&w->hub.place, w->host.id, &host, &err), 0);
	assert_int_equal(host.forked, 1);
	host.history++;
	host.forked = 0;
	assert_int_equal(host_put(&w->hub.place, &host, &err), 0);
}

/* Both are kept, what they share once; each verifies, and the host goes on. */
static void test_histories(void **state)
{
	const struct archive_verify_sink quiet = {0};
	struct world *w = *state;
	struct err err = {""};
	bool sound = false;

	assert_int_equal(send_frames(w, 1, 20, 20), 200);
	change(w, 9);
	assert_int_equal(send_frames(w, 9, 12, 12), 409);
	resolve(w);
	assert_int_equal(next_frame(w), 1);
	assert_int_equal(send_frames(w, 2, 5, 0), 416);
	assert_int_equal(send_frames(w, 1, 5, 5), 200);
	assert_int_equal(next_of(w), 6);
	/* What was compared is compared again after a restart. */
	close_hub(w);
	open_hub(w);
	assert_int_equal(next_frame(w), 1);
	assert_int_equal(send_frames(w, 1, 8, 8), 200);
	assert_int_equal(count_found(w), 19);
	assert_int_equal(send_frames(w, 5, 12, 12), 200);
	assert_cosigned(w, 12);
	assert_int_equal(count_found(w), 19 + 4);
	close_hub(w);
	open_hub(w);
	assert_int_equal(next_frame(w), 13);
	assert_int_equal(send_frames(w, 11, 15, 15), 200);
	assert_cosigned(w, 15);
	/* Another one, which goes on behind all that is shared. */
	change(w, 16);
	assert_int_equal(send_frames(w, 13, 13, 0), 200);
	change(w, 14);
	assert_int_equal(send_frames(w, 14, 16, 16), 409);
	resolve(w);
	assert_int_equal(send_frames(w, 1, 13, 13), 200);
	assert_int_equal(send_frames(w, 14, 17, 17), 200);
	assert_cosigned(w, 17);
	assert_int_equal(count_found(w), 19 + 7 + 4);
	close_hub(w);
	assert_int_equal(
	    archive_verify(w->store, NULL, &quiet, &sound, &err), 0);
	assert_true(sound);
	assert_int_equal(archive_reindex(w->store, NULL, NULL, &err), 0);
	open_hub(w);
	assert_int_equal(count_found(w), 19 + 7 + 4);
	assert_int_equal(next_frame(w), 18);
}

/* The store is closed, and opened again; what was taken is there. */
static void test_full_disk(void **state)
{
	struct world *w = *state;
	struct err err = {""};

	w->cfg.store = w->store;
	assert_int_equal(send_frames(w, 1, 10, 10), 200);
	w->hub.no_room = true;
	assert_int_equal(send_frames(w, 11, 12, 12), 507);
	w->hub.no_room = false;
	hub_fail(&w->hub, -ENOSPC);
	assert_int_equal(w->hub.failed, 0);
	assert_int_equal(send_frames(w, 11, 12, 12), 507);
	assert_int_equal(
	    hub_note(&w->hub, EVENT_ALERT, STR_NONE, "x", NULL), -ENOSPC);
	assert_int_equal(room_follow(&w->hub, &err), 0);
	assert_false(w->hub.full);
	assert_int_equal(send_frames(w, 9, 12, 12), 200);
	assert_cosigned(w, 12);
	/* Anything else ends it. */
	hub_fail(&w->hub, -EIO);
	assert_int_equal(w->hub.failed, -EIO);
}

int main(void)
{
#define WITH_HUB(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    WITH_HUB(test_in_order),
	    WITH_HUB(test_gap),
	    WITH_HUB(test_fork),
	    WITH_HUB(test_strangers),
	    WITH_HUB(test_bad),
	    WITH_HUB(test_of_others),
	    WITH_HUB(test_restart),
	    WITH_HUB(test_full_disk),
	    WITH_HUB(test_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
