/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/loss.h"

void loss_add(struct loss *l, uint64_t n, int64_t time)
{
	if (n == 0)
		return;
	if (l->n == l->told)
		l->since = time;
	l->latest = time;
	l->n += n;
}

uint64_t loss_due(struct loss *l, int64_t now)
{
	const uint64_t n = l->n - l->told;

	if (n == 0 || (l->at && now - l->at < LOSS_EVERY))
		return 0;
	l->told = l->n;
	l->at = now;
	return n;
}

void loss_hurry(struct loss *l, size_t n)
{
	for (size_t i = 0; i < n; i++)
		l[i].at = 0;
}
