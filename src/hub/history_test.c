/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts that were restored from a copy, and what their hub keeps of them. */
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

/* Retention removed the first frames at the host. */
static void test_absent(void **state)
{
	struct world *w = *state;

	/* Of one that never sent them: told, and resolved. */
	assert_int_equal(send_behind(w, 4, 6, 6), 409);
	assert_true(
	    says(w, "frames 1 to 3 are not here, and gone at the host"));
	resolve(w);
	assert_int_equal(next_frame(w), 1);
	assert_int_equal(send_frames(w, 4, 6, 6), 416);
	assert_int_equal(send_behind(w, 4, 6, 6), 200);
	assert_cosigned(w, 6);
	assert_int_equal(send_frames(w, 7, 20, 20), 200);
	assert_cosigned(w, 20);
	assert_int_equal(count_found(w), 17);
	assert_sound(w);
	/* Of one that forked behind them: what is the same is kept once. */
	change(w, 12);
	assert_int_equal(send_frames(w, 12, 14, 14), 409);
	resolve(w);
	assert_int_equal(next_frame(w), 1);
	assert_int_equal(send_behind(w, 9, 10, 10), 200);
	assert_int_equal(next_of(w), 11);
	assert_int_equal(count_found(w), 17);
	assert_int_equal(send_frames(w, 11, 15, 15), 200);
	assert_cosigned(w, 15);
	assert_int_equal(count_found(w), 17 + 4);
	assert_sound(w);
	/* Of one that forked among them: all that it has is another. */
	change(w, 3);
	assert_int_equal(send_frames(w, 13, 16, 16), 409);
	resolve(w);
	assert_int_equal(send_behind(w, 14, 18, 18), 200);
	assert_cosigned(w, 18);
	assert_int_equal(count_found(w), 17 + 4 + 5);
	assert_sound(w);
	assert_int_equal(send_frames(w, 19, 20, 20), 200);
	assert_cosigned(w, 20);
}

/* Only what the host signed of its own chain stands for what is gone. */
static void test_absent_forged(void **state)
{
	struct world *w = *state;
	struct buf note = BUF_INIT, header = BUF_INIT;
	struct segment_header h = {.first_seq = 9};

	assert_int_equal(send_frames(w, 1, 2, 2), 200);
	assert_int_equal(send_behind(w, 9, 10, 10), 409);
	resolve(w);
	assert_int_equal(send_with(w, STR("no header"), 9, 10, 10), 400);
	chain_id(STR(CHAIN), &w->key.pub, h.chain);
	tree_of(w, 8, &h.tree);
	sign_note(w, 7, &note);
	h.note = buf_str(&note);
	segment_header_put(&header, &h);
	assert_int_equal(send_with(w, buf_str(&header), 9, 10, 10), 400);
	buf_clear(&note);
	buf_clear(&header);
	sign_note(w, 8, &note);
	h.note = buf_str(&note);
	segment_header_put(&header, &h);
	assert_int_equal(send_with(w, buf_str(&header), 10, 10, 10), 400);
	assert_int_equal(next_frame(w), 1);
	assert_int_equal(send_with(w, buf_str(&header), 9, 10, 10), 200);
	assert_cosigned(w, 10);
	buf_free(&header);
	buf_free(&note);
}

int main(void)
{
#define WITH_HUB(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    WITH_HUB(test_histories),
	    WITH_HUB(test_absent),
	    WITH_HUB(test_absent_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
