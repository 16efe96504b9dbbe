/* SPDX-License-Identifier: Apache-2.0 */
/* Events that no honest host tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "core/scenario.h"

/* What a boot ended takes nothing more: the audit session 0 neither. */
static void session_numbers_come_again(void **state)
{
	static const char *const numbers[] = {"0", "4"};

	for (int i = 0; i < 2; i++) {
		struct buf text = BUF_INIT;
		struct scenario s;
		struct str rest, first, second;

		for (int boot = 1; boot <= 2; boot++)
			buf_printf(&text,
			    "audit exec %d boot=b%d ses=%s pid=5 argv=id\n",
			    100 * boot, boot, numbers[i]);
		scenario_run(&s, buf_z(&text));
		rest = buf_str(&s.log);
		assert_true(str_cut(&rest, '\n', &first));
		assert_true(str_cut(&rest, '\n', &second));
		assert_false(str_eq(first, second));
		scenario_free(&s);
		buf_free(&text);
	}
}

static uint64_t chance(uint64_t *seed, uint64_t below)
{
	*seed = hash_u64(*seed + 1);
	return *seed % below;
}

/* Any fields at all, of few values, so that much of it meets. */
static void make_event(struct event *ev, uint64_t *seed)
{
	static const char *const sources[] = {"audit", "bpf", "auth-log", "rec",
	    "journal", "utmp", "recordings", "terminals", "x"};
	static const int64_t numbers[] = {
	    0, 1, -1, 7, 22, INT32_MAX, UINT32_MAX, INT64_MAX, INT64_MIN};
	static const char *const texts[] = {"sshd", "ann", "LOGIN", "pts/0",
	    "192.0.2.1", "USER_END", "", "sudo"};

	event_init(ev, (enum event_kind)chance(seed, EVENT_N_KINDS));
	ev->time = chance(seed, 40) ? (int64_t)chance(seed, 100000000)
				    : numbers[chance(seed, 9)];
	ev->host = chance(seed, 9) ? STR("h") : STR("g");
	ev->source = str_z(sources[chance(seed, 9)]);
	if (chance(seed, 200) == 0)
		ev->boot = str_z(texts[chance(seed, 8)]);
	for (int n = (int)chance(seed, 16); n > 0; n--) {
		const enum field f = (enum field)chance(seed, EVENT_N_FIELDS);

		if (event_fields[f].type == FIELD_INT)
			event_set_int(ev, f, numbers[chance(seed, 9)]);
		else if (event_fields[f].type == FIELD_STR)
			event_set_str(ev, f, str_z(texts[chance(seed, 8)]));
	}
}

static int count_track(void *ctx, const struct track *t)
{
	size_t *n = ctx;

	*n += t->id != 0;
	return 0;
}

/* Neither fails, nor touches what is gone: sanitizers look on. */
static void anything_at_all(void **state)
{
	static const uint8_t key[16] = {0};
	size_t tracks = 0;
	const struct correlate_sink sink = {count_track, NULL, &tracks};
	struct correlator *c;
	uint64_t seed = 7;

	assert_int_equal(correlator_new(&c, key, NULL), 0);
	for (int i = 0; i < 200000; i++) {
		struct event ev;

		make_event(&ev, &seed);
		assert_in_range(correlate(c, &ev), 0, 1);
		if (i % 97 == 0)
			assert_int_equal(correlator_drain(c, &sink), 0);
	}
	assert_true(tracks > 1000);
	correlator_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(session_numbers_come_again),
	    cmocka_unit_test(anything_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
