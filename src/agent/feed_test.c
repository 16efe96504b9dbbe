/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sources/bpf/record.h"

/* What the tap reads next, and what came of it. */
static struct buf at_hand;
static uint64_t n_lost, n_gaps;

static int start(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err)
{
	*ret = NULL;
	return 0;
}

static int read_all(struct tap_run *run, struct buf *to, struct err *err)
{
	buf_add(to, at_hand.p, at_hand.n);
	buf_clear(&at_hand);
	return TAP_IDLE;
}

static unsigned nothing_lost(
    struct tap_run *run, struct tap_loss ret[static TAP_LOSSES_MAX])
{
	return 0;
}

static void stop(struct tap_run *run)
{
}

static int take_gap(
    void *ctx, const struct feed *f, uint64_t lost, const char *where)
{
	n_lost += lost;
	n_gaps++;
	return 0;
}

static const struct tap log_tap = {
    .name = "log",
    .source = "bpf",
    .start = start,
    .read = read_all,
    .lost = nothing_lost,
    .stop = stop,
};
static const struct tap kernel_tap = {
    .name = "kernel",
    .source = "bpf",
    .alone = true,
    .start = start,
    .read = read_all,
    .lost = nothing_lost,
    .stop = stop,
};

static void add_strange(void)
{
	const struct rec_head strange = {
	    REC_MAGIC, REC_VERSION, REC_N_TYPES, sizeof strange, 0, 0};

	buf_add(&at_hand, &strange, sizeof strange);
}

static struct feed_stats read_twice(const struct tap *tap)
{
	static const struct feed_sink sink = {.gap = take_gap};
	const uint8_t key[16] = {0};
	const struct feed_config cfg = {
	    .host = STR_INIT("web-01"), .id_key = key, .sink = &sink};
	const struct tap_opened opened = {.n_fd = 0};
	struct feed_stats stats;
	struct feed *f;

	n_lost = n_gaps = 0;
	assert_int_equal(feed_open(&f, tap, &opened, NULL, &cfg, NULL), 0);
	add_strange();
	add_strange();
	assert_int_equal(feed_read(f, NULL), TAP_IDLE);
	assert_int_equal(feed_read(f, NULL), TAP_IDLE);
	add_strange();
	assert_int_equal(feed_read(f, NULL), TAP_IDLE);
	feed_stats(f, &stats);
	feed_close(f);
	buf_free(&at_hand);
	return stats;
}

/* Nobody can read it later: it is lost. */
static void test_what_nobody_keeps(void **state)
{
	const struct feed_stats stats = read_twice(&kernel_tap);

	(void)state;
	assert_int_equal(stats.unparsed, 3);
	assert_int_equal(stats.lost, 3);
	assert_int_equal(n_lost, 3);
	assert_int_equal(n_gaps, 2);
}

/* The log still has it. */
static void test_what_a_log_keeps(void **state)
{
	const struct feed_stats stats = read_twice(&log_tap);

	(void)state;
	assert_int_equal(stats.unparsed, 3);
	assert_int_equal(stats.lost, 0);
	assert_int_equal(n_gaps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_nobody_keeps),
	    cmocka_unit_test(test_what_a_log_keeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
