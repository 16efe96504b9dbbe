/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rates.h"

#include "base/when.h"

#define N_SAMPLES (RATES_SECONDS + 1)

/* The one that was noted `back` samples before the last. */
static const struct rates_sample *sample(const struct rates *r, uint64_t back)
{
	return &r->sample[(r->n - 1 - back) % N_SAMPLES];
}

void rates_note(struct rates *r, int64_t now, uint64_t events, uint64_t bytes)
{
	if (r->n && now - sample(r, 0)->at < USEC_PER_SEC)
		return;
	r->sample[r->n++ % N_SAMPLES] =
	    (struct rates_sample){now, events, bytes};
}

struct rate rates_over(const struct rates *r, unsigned seconds)
{
	const struct rates_sample *last, *first;
	struct rate ret = {0};

	if (r->n < 2)
		return ret;
	first = last = sample(r, 0);
	for (uint64_t back = 1; back < r->n && back < N_SAMPLES; back++) {
		if (last->at - first->at >= (int64_t)seconds * USEC_PER_SEC)
			break;
		first = sample(r, back);
	}
	ret.seconds = (double)(last->at - first->at) / USEC_PER_SEC;
	ret.events = (double)(last->events - first->events) / ret.seconds;
	ret.bytes = (double)(last->bytes - first->bytes) / ret.seconds;
	return ret;
}
