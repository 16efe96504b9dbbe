/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/silence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static struct heard *find(struct silence *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].id, id) == 0)
			return &s->v[i];
	return NULL;
}

static struct heard *add(struct silence *s, const struct host_entry *h)
{
	struct heard *e;

	if (array_grow(&s->v, s->n, &s->cap, sizeof *s->v) < 0)
		return NULL;
	e = &s->v[s->n++];
	*e = (struct heard){.silent = false};
	memcpy(e->id, h->id, sizeof e->id);
	memcpy(e->name, h->name, sizeof e->name);
	return e;
}

int silence_heard(struct silence *s, const struct host_entry *h, int64_t now,
    int64_t *ret_since)
{
	struct heard *e = find(s, h->id);

	*ret_since = e && e->silent ? e->at : 0;
	if (!e)
		e = add(s, h);
	if (!e)
		return -ENOMEM;
	e->at = now;
	e->silent = false;
	return 0;
}

int silence_check(struct silence *s, int64_t now, int64_t limit,
    int (*fn)(void *ctx, const struct heard *h), void *ctx)
{
	int r = 0;

	for (size_t i = 0; i < s->n && r == 0; i++) {
		if (s->v[i].silent || now - s->v[i].at < limit)
			continue;
		s->v[i].silent = true;
		r = fn(ctx, &s->v[i]);
	}
	return r;
}

void silence_free(struct silence *s)
{
	free(s->v);
	*s = (struct silence){.n = 0};
}
