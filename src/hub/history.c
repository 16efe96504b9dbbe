/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/layout.h"
#include "base/fd.h"
#include "trail/frame.h"
#include "trail/header.h"
#include "trail/prune.h"

#define NAME_LEN sizeof(((struct hub_chain *)0)->name)

unsigned history_bit(const char *name)
{
	return str_starts(str_z(name), STR(ARCHIVE_RECORDINGS)) ? 2 : 1;
}

const struct merkle *hub_chain_tree(const struct hub_chain *c)
{
	return c->shared ? c->shared : replica_tree(c->replica);
}

static void chain_name(const char *name, uint64_t n, char ret[static NAME_LEN])
{
	if (n > 1)
		snprintf(ret, NAME_LEN, "%s:%llu", name, (unsigned long long)n);
	else
		snprintf(ret, NAME_LEN, "%s", name);
}

/* 1: there are frames of it. */
static int has_begun(const struct hub *h, const char *chain, struct err *err)
{
	CLEANUP_FD int fd = -1;
	uint64_t first = 0;
	int r = layout_open_chain(
	    archive_dirfd(h->archive), chain, false, &fd, err);

	if (r == 0)
		r = trail_first(fd, &first);
	return r == -ENOENT ? 0 : r < 0 ? r : first > 0;
}

/* The history before; empty: there is none. */
static int find_before(struct hub *h, const struct host_entry *host,
    const char *name, char ret[static NAME_LEN], struct err *err)
{
	int r = 0;

	for (uint64_t n = host->history - 1; n > 0 && r == 0; n--) {
		chain_name(name, n, ret);
		r = has_begun(h, ret, err);
	}
	if (r == 0)
		*ret = '\0';
	return r < 0 ? r : 0;
}

int history_open(struct hub *h, const struct host_entry *host, const char *name,
    struct hub_chain **ret, struct err *err)
{
	char chain[NAME_LEN];
	int r = 1;

	chain_name(name, host->history, chain);
	*ret = hub_chain_find(h, chain);
	if (!*ret)
		return err_set(err, -EUSERS, "there are too many chains");
	if (host->history > 1 && !(*ret)->replica && !h->full)
		r = has_begun(h, chain, err);
	if (r < 0)
		return r;
	if (r > 0)
		return hub_chain_open(h, chain, ret, err);
	if (!(*ret)->shared) {
		(*ret)->shared = malloc(sizeof *(*ret)->shared);
		if (!(*ret)->shared)
			return err_sys(err, -ENOMEM, "chain %s", chain);
		merkle_init((*ret)->shared);
	}
	return 0;
}

int history_skip_absent(const struct host_entry *host, const char *name,
    struct hub_chain *c, const struct batch *b, struct err *err)
{
	struct segment_header header;
	int r = segment_header_get(b->header, &header, err);

	if (r == 0)
		r = segment_header_check(&header, str_z(name), &host->key, err);
	if (r == 0 && header.first_seq != b->first)
		r = err_set(err, -EBADMSG,
		    "the header is that of frame %llu, not of %llu",
		    (unsigned long long)header.first_seq,
		    (unsigned long long)b->first);
	if (r < 0)
		return err_context(err, -EBADMSG, "a batch of %s", name);
	*c->shared = header.tree;
	c->absent = header.tree.size;
	return 0;
}

/* What stands in the hole in front of it, and is told. */
static void describe(const struct hub_chain *c, const char *before,
    char ret[static TRAIL_WHY_MAX])
{
	const unsigned long long n = c->shared->size, absent = c->absent;

	if (!absent)
		snprintf(ret, TRAIL_WHY_MAX, "they are those of %s", before);
	else if (absent == n)
		snprintf(ret, TRAIL_WHY_MAX, "the host has them no more");
	else
		snprintf(ret, TRAIL_WHY_MAX,
		    "the host has the first %llu no more, the others are those "
		    "of %s",
		    absent, before);
}

static int begin(struct hub *h, const struct host_entry *host,
    const char *before, struct hub_chain *c, struct err *err)
{
	char why[TRAIL_WHY_MAX], reason[TRAIL_WHY_MAX + 512];
	struct trail_behind behind = {.tree = *c->shared, .why = why};
	const unsigned long long n = behind.tree.size;
	int r;

	describe(c, before, why);
	r = n ? replica_begin(&c->replica, h->archive, c->name, &behind, err)
	      : replica_open(&c->replica, h->archive, c->name, err);
	if (r < 0)
		return r;
	free(c->shared);
	c->shared = NULL;
	snprintf(reason, sizeof reason,
	    "a further history of this host is kept as %s, from frame %llu "
	    "on%s%s",
	    c->name, n + 1, n ? "; of the frames before: " : "", n ? why : "");
	r = hub_note(h, EVENT_CONFIG, str_z(host->name), "history", reason);
	if (r < 0 && err)
		*err = h->failure;
	return r < 0 ? r : 1;
}

/*
 * 1: the history before has the same frame, or had it until retention. *there:
 * what was read last of it.
 */
static int is_shared(struct trail_reader *reader, struct frame *there,
    const struct frame *sent, struct err *err)
{
	int r = 1;

	while (r > 0 && there->seq < sent->seq)
		r = trail_reader_next(reader, there, err);
	return r <= 0 ? r
		      : there->seq > sent->seq || frame_is_same(there, sent);
}

static int compare(struct hub_chain *c, struct trail_reader *reader,
    struct str *rest, struct err *err)
{
	struct str bytes, at = *rest;
	struct frame sent, there = {.seq = 0};
	struct sha256 leaf;
	int r;

	while (batch_next(&at, &sent, &bytes)) {
		if (sent.seq > c->shared->size) {
			r = reader ? is_shared(reader, &there, &sent, err) : 0;
			if (r <= 0)
				return r < 0 ? r : 1;
			merkle_leaf_hash(bytes.p, bytes.n, &leaf);
			merkle_append(c->shared, &leaf);
		}
		*rest = at;
	}
	return 0;
}

int history_compare(struct hub *h, const struct host_entry *host,
    const char *name, struct hub_chain *c, struct str *rest, struct err *err)
{
	struct trail_reader *reader = NULL;
	char before[NAME_LEN];
	int r = find_before(h, host, name, before, err);

	if (r == 0 && before[0])
		r = archive_read_chain(
		    h->archive, before, c->shared->size + 1, &reader, err);
	if (r == 0)
		r = compare(c, reader, rest, err);
	trail_reader_close(reader);
	return r > 0 ? begin(h, host, before, c, err) : r;
}
