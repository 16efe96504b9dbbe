/* SPDX-License-Identifier: Apache-2.0 */
/* What a hub answers to the batches of hosts, honest and not. */
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
