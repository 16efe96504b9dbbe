/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pulse.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/loop.h"
#include "base/when.h"

/* Far more than a clock is slewed between two ticks. */
#define CLOCK_STEP ((int64_t)500 * 1000)
#define SLEEP_MIN  USEC_PER_SEC

void pulse_begin(struct pulse *p)
{
	p->offset = time_boot_offset();
	p->boot = time_boot();
	p->mono = loop_now();
}

static void describe(
    char ret[static 200], const char *before, int64_t usec, const char *after)
{
	snprintf(ret, 200, "%s %lld.%03lld s%s", before,
	    (long long)usec / USEC_PER_SEC, (long long)usec / 1000 % 1000,
	    after);
}

/* Somebody may set the clock so that events seem to be of another time. */
static int note_step(struct ledger *l, int64_t step, struct err *err)
{
	char why[200];

	if (step > -CLOCK_STEP && step < CLOCK_STEP)
		return 0;
	describe(why,
	    step < 0 ? "the clock was set back by"
		     : "the clock was set forward by",
	    llabs(step), "");
	return ledger_note(l, EVENT_CLOCK, "set", why, err);
}

/* Nobody did anything there meanwhile: nothing is lost. */
static int note_sleep(struct ledger *l, int64_t slept, struct err *err)
{
	char why[200];

	if (slept < SLEEP_MIN)
		return 0;
	describe(why, "the host slept for", slept, "");
	return ledger_note(l, EVENT_CLOCK, "sleep", why, err);
}

static int note_stop(struct ledger *l, int64_t awake, struct err *err)
{
	char why[200];

	if (awake < PULSE_LATE)
		return 0;
	describe(why, "sshtraild did not get on for", awake,
	    ": stopped, starved, or waiting for its disk; what did not find "
	    "room in the kernel meanwhile is lost");
	return ledger_gap_since(
	    l, "collector", time_now() - awake, 0, why, err);
}

int pulse_beat(struct pulse *p, struct ledger *l, struct err *err)
{
	const struct pulse before = *p;
	int64_t awake;
	int r;

	pulse_begin(p);
	awake = p->mono - before.mono;
	r = note_step(l, p->offset - before.offset, err);
	if (r == 0)
		r = note_sleep(l, p->boot - before.boot - awake, err);
	return r < 0 ? r : note_stop(l, awake, err);
}
