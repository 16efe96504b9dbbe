/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/attempts.h"

#include <stdio.h>

static struct attempt *find(struct attempts *a, const char *address)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i].address, address) == 0)
			return &a->v[i];
	return NULL;
}

static struct attempt *make(struct attempts *a, const char *address)
{
	struct attempt *e = &a->v[0];

	if (a->n < ATTEMPTS_KEPT)
		e = &a->v[a->n++];
	else
		for (size_t i = 1; i < a->n; i++)
			if (a->v[i].last < e->last)
				e = &a->v[i];
	*e = (struct attempt){.n = 0};
	snprintf(e->address, sizeof e->address, "%s", address);
	return e;
}

int64_t attempts_wait(struct attempts *a, const char *address, int64_t now)
{
	const struct attempt *e = find(a, address);
	int64_t end = e ? e->since + ATTEMPTS_WITHIN : now;

	return e && e->n >= ATTEMPTS_MAX && end > now ? end - now : 0;
}

void attempts_failed(struct attempts *a, const char *address, int64_t now)
{
	struct attempt *e = find(a, address);

	if (!e)
		e = make(a, address);
	if (e->n == 0 || now - e->since >= ATTEMPTS_WITHIN) {
		e->since = now;
		e->n = 0;
	}
	e->last = now;
	e->n++;
}
