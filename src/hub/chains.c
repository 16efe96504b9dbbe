/* SPDX-License-Identifier: Apache-2.0 */
/* The chains that are being written: the hub's own, and those of others. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/loop.h"
#include "hub/hub.h"

int hub_begin_own(struct hub *h, struct err *err)
{
	char chain[128];

	snprintf(chain, sizeof chain, "events:%s", h->cfg->name);
	return archive_begin(h->archive, chain, err);
}

struct hub_chain *hub_chain_find(struct hub *h, const char *name)
{
	struct hub_chain *c;

	for (size_t i = 0; i < h->n_chains; i++)
		if (strcmp(h->chains[i].name, name) == 0)
			return &h->chains[i];
	if (h->n_chains == HUB_CHAINS_MAX)
		return NULL;
	if (array_grow(
		&h->chains, h->n_chains, &h->cap_chains, sizeof *h->chains) < 0)
		return NULL;
	c = &h->chains[h->n_chains++];
	*c = (struct hub_chain){.replica = NULL};
	strncpy(c->name, name, sizeof c->name - 1);
	return c;
}

int hub_chain_open(
    struct hub *h, const char *name, struct hub_chain **ret, struct err *err)
{
	struct hub_chain *c = hub_chain_find(h, name);
	int r;

	if (h->full)
		return err_set(err, -ENOSPC, "the disk of the hub is full");
	if (!c)
		return err_set(err, -EUSERS, "there are too many chains");
	*ret = c;
	if (c->replica)
		return 0;
	r = replica_open(&c->replica, h->archive, name, err);
	return r < 0 ? r : 1;
}

void hub_chain_close(struct hub_chain *c)
{
	replica_close(c->replica);
	free(c->shared);
	c->replica = NULL;
	c->shared = NULL;
}

/* Where there is no memory for it they wait one by one, here and below. */
static void close_together(struct hub *h)
{
	struct replica **v = calloc(h->n_chains + 1, sizeof *v);
	size_t n = 0;

	for (size_t i = 0; v && i < h->n_chains; i++)
		if (h->chains[i].replica) {
			v[n++] = h->chains[i].replica;
			h->chains[i].replica = NULL;
		}
	if (v)
		replicas_close(v, n);
	free(v);
}

void hub_close_chains(struct hub *h)
{
	close_together(h);
	for (size_t i = 0; i < h->n_chains; i++)
		hub_chain_close(&h->chains[i]);
	free(h->chains);
	h->chains = NULL;
	h->n_chains = h->cap_chains = 0;
}

static void wait_together(struct hub *h)
{
	struct replica **v = calloc(h->n_chains + 1, sizeof *v);
	size_t n = 0;

	for (size_t i = 0; v && i < h->n_chains; i++)
		if (h->chains[i].replica &&
		    replica_is_dirty(h->chains[i].replica))
			v[n++] = h->chains[i].replica;
	if (n > 1)
		replicas_wait(v, n, true);
	free(v);
}

int hub_commit(struct hub *h, struct err *err)
{
	int r = 0;

	if (!h->uncommitted) {
		h->committed_at = loop_now();
		return 0;
	}
	wait_together(h);
	for (size_t i = 0; i < h->n_chains && r == 0; i++)
		if (h->chains[i].replica)
			r = replica_prepare(h->chains[i].replica, err);
	if (r == 0)
		r = archive_commit(h->archive, err);
	h->uncommitted = r < 0;
	h->commits += r == 0;
	if (r == 0)
		h->committed_at = loop_now();
	return r;
}
