/* SPDX-License-Identifier: Apache-2.0 */
/* What hosts send of their chains: checked, kept, made durable, cosigned. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/disk.h"
#include "base/when.h"
#include "crypto/cosign.h"
#include "hub/history.h"
#include "hub/hub.h"
#include "trail/frame.h"
#include "wire/batch.h"
#include "wire/message.h"

/* --- chains --- */

/* Those that a host may write: one of events, one of recordings, its own. */
static bool is_of(const char *chain, const struct host_entry *host)
{
	struct str rest = str_z(chain);

	return (str_skip(&rest, STR("events:")) ||
		   str_skip(&rest, STR(ARCHIVE_RECORDINGS))) &&
	       str_eqz(rest, host->name);
}

/* NULL: refused in *reply. */
static struct hub_chain *open_chain(struct hub *h,
    const struct host_entry *host, const char *name, struct http_reply *reply)
{
	struct hub_chain *c = NULL;
	struct err why = {""};

	if (!is_of(name, host)) {
		hub_refuse(reply, 403, "chain",
		    "host %s may send the chains events:%s and "
		    "recordings:%s, and no other",
		    host->id, host->name, host->name);
		return NULL;
	}
	if (history_open(h, host, name, &c, &why) >= 0)
		return c;
	hub_refuse(reply, 503, "chain", "%s", why.text);
	return NULL;
}

/* --- a batch --- */

/* One request at work. */
struct intake {
	struct hub *hub;
	struct host_entry *host;
	const char *name; /* of the chain, as its host calls it */
	struct hub_chain *chain;
	struct batch batch;
	struct str fresh;   /* its frames that are not kept yet */
	struct merkle tree; /* with them */
	struct checkpoint note;
	struct http_reply *reply;
};

static uint64_t kept(const struct intake *in)
{
	return hub_chain_tree(in->chain)->size;
}

/* Once, across restarts of the hub, and once that it is over. */
static void note_fork(struct intake *in, bool forked, const char *reason)
{
	const unsigned bit = history_bit(in->name);

	if (forked == ((in->host->forked & bit) != 0))
		return;
	in->host->forked ^= bit;
	if (host_put(&in->hub->place, in->host, NULL) == 0)
		hub_note(in->hub, EVENT_ALERT, str_z(in->host->name), "fork",
		    reason);
}

/*
 * Two histories under one number: a host restored from an image, a stolen key,
 * or a hub restored from a backup. Neither is taken for the other.
 */
static void refuse_as_fork(struct intake *in, struct buf *reason)
{
	note_fork(in, true, buf_z(reason));
	hub_refuse(in->reply, 409, "fork", "%.*s", STR_ARG(buf_str(reason)));
	buf_free(reason);
}

static bool refuse_fork(struct intake *in, uint64_t seq, const char *what)
{
	struct buf reason = BUF_INIT;

	buf_printf(&reason,
	    "%s: frame %llu is not the one that is kept (%s); refused",
	    in->chain->name, (unsigned long long)seq, what);
	refuse_as_fork(in, &reason);
	return false;
}

/* Frames that are kept already must be what they were. */
static bool skip_known(struct intake *in)
{
	struct str rest = in->batch.frames, bytes;
	struct trail_reader *reader = NULL;
	struct frame sent, there;
	struct err why = {""};
	bool good = true;
	int r;

	in->fresh = rest;
	if (in->batch.n == 0 || in->batch.first > kept(in))
		return true;
	r = replica_read(in->chain->replica, in->batch.first, &reader, &why);
	while (r >= 0 && good && in->fresh.n) {
		rest = in->fresh;
		if (!batch_next(&rest, &sent, &bytes) || sent.seq > kept(in))
			break;
		r = trail_reader_next(reader, &there, &why);
		/* Below the first that is there: removed by retention. */
		if (r > 0 && there.seq == sent.seq &&
		    !frame_is_same(&sent, &there))
			good = refuse_fork(in, sent.seq, "other content");
		in->fresh = rest;
	}
	trail_reader_close(reader);
	if (r < 0)
		hub_refuse(in->reply, 503, "chain", "%s", why.text);
	return r >= 0 && good;
}

static void grow_tree(struct intake *in)
{
	struct str rest = in->fresh, bytes;
	struct sha256 leaf;
	struct frame f;

	in->tree = *hub_chain_tree(in->chain);
	while (batch_next(&rest, &f, &bytes)) {
		merkle_leaf_hash(bytes.p, bytes.n, &leaf);
		merkle_append(&in->tree, &leaf);
	}
}

/*
 * The host's checkpoint, if there is one, covers no more than what would be
 * kept, and where it covers all of that, the trees are equal.
 */
static bool note_fits(struct intake *in)
{
	struct sha256 root;
	struct err why = {""};

	in->note = (struct checkpoint){.size = 0};
	if (in->batch.note.n == 0)
		return true;
	if (checkpoint_verify(in->batch.note, &in->host->key, &in->note, &why) <
	    0)
		hub_refuse(in->reply, 400, "checkpoint", "%s", why.text);
	else if (!str_eqz(in->note.origin, in->name))
		hub_refuse(in->reply, 400, "checkpoint",
		    "it is that of another chain");
	else if (in->note.size > in->tree.size)
		hub_refuse(in->reply, 416, "gap",
		    "the checkpoint covers %llu frames, of which %llu are here",
		    (unsigned long long)in->note.size,
		    (unsigned long long)in->tree.size);
	else if (in->note.size < in->tree.size)
		return true;
	else {
		merkle_root(&in->tree, &root);
		if (memcmp(&root, &in->note.root, sizeof root) == 0)
			return true;
		return refuse_fork(
		    in, in->tree.size, "the signed trees differ");
	}
	return false;
}

/* What cannot be kept now; the host comes again. */
static bool refuse_failed(struct intake *in, int r, const struct err *why)
{
	struct hub *h = in->hub;

	if (r == -EBADMSG) {
		hub_refuse(in->reply, 400, "event", "%s", why->text);
		return false;
	}
	hub_refuse(
	    in->reply, disk_is_full(r) ? 507 : 503, "chain", "%s", why->text);
	hub_chain_close(in->chain);
	/* A trail that is full is opened anew; the index is not. */
	if (!disk_is_full(r)) {
		h->failure = *why;
		hub_fail(h, r);
	}
	return false;
}

static bool keep(struct intake *in)
{
	struct replica *replica = in->chain->replica;
	struct str rest = in->fresh, bytes;
	struct frame f;
	struct err why = {""};
	int r = 0, synced;

	while (r == 0 && batch_next(&rest, &f, &bytes)) {
		r = replica_append(replica, &f, &why);
		in->hub->frames += r == 0;
	}
	in->hub->uncommitted = in->hub->uncommitted || in->fresh.n > 0;
	/* Those before a bad one stay. */
	if (r == 0 || r == -EBADMSG) {
		struct err *err = r < 0 ? NULL : &why;

		synced = in->fresh.n ? replica_sync(replica, err) : 0;
		r = r < 0 ? r : synced;
	}
	return r == 0 || refuse_failed(in, r, &why);
}

/* Once, as long as the hub runs. */
static void tell_corrected(struct intake *in)
{
	const struct teller *t;
	char reason[640];

	/* Of what it shares with another history nothing is told anew. */
	if (!in->chain->replica || in->chain->corrected)
		return;
	t = replica_teller(in->chain->replica);
	if (t->corrected == 0)
		return;
	in->chain->corrected = true;
	snprintf(reason, sizeof reason,
	    "%s sends events of %s, which sends its own trail: they are told "
	    "as those of %s",
	    in->host->name, t->other, in->host->name);
	hub_note(in->hub, EVENT_ALERT, str_z(t->other), "sender", reason);
}

/* The host's checkpoint of all that is kept now gets the hub's line. */
static int cosign(struct intake *in, struct buf *b, struct err *err)
{
	struct hub *h = in->hub;
	int r;

	if (in->batch.note.n == 0 || in->note.size != in->tree.size ||
	    !in->chain->replica)
		return 0;
	buf_add_str(b, in->batch.note);
	r = cosign_add(b, str_z(h->cfg->name), archive_key(h->archive),
	    (uint64_t)(time_now() / USEC_PER_SEC));
	if (r < 0)
		return err_sys(err, r, "cosignature");
	return replica_set_note(in->chain->replica, buf_str(b), err);
}

static void answer_state(
    const struct hub_chain *c, struct str note, struct http_reply *reply)
{
	reply->type = "application/json";
	message_begin(&reply->body);
	message_number(&reply->body, "next", hub_chain_tree(c)->size + 1);
	if (note.n)
		message_text(&reply->body, "checkpoint", note);
	message_end(&reply->body);
}

static void acknowledge(struct intake *in)
{
	struct buf note = BUF_INIT;
	struct err why = {""};
	int r = cosign(in, &note, &why);

	note_fork(in, false, "the host goes on with what is kept");
	if (r == 0)
		answer_state(in->chain, buf_str(&note), in->reply);
	else
		refuse_failed(in, r, &why);
	buf_free(&note);
}

/* Off with what a history that has not begun shares with the one before. */
static bool skip_shared(struct intake *in)
{
	struct err why = {""};
	int r;

	in->fresh = in->batch.frames;
	r = history_compare(
	    in->hub, in->host, in->name, in->chain, &in->fresh, &why);
	return r >= 0 || refuse_failed(in, r, &why);
}

/*
 * Frames are missing. Where the host has them no more, that is for who runs the
 * hub to know; a further history begins behind them.
 */
static bool pass_missing(struct intake *in, uint64_t next)
{
	const bool gone = in->batch.header.n > 0;
	struct buf reason = BUF_INIT;
	struct err why = {""};

	if (gone && in->chain->shared) {
		if (history_skip_absent(
			in->host, in->name, in->chain, &in->batch, &why) == 0)
			return true;
		hub_refuse(in->reply, 400, "batch", "%s", why.text);
	} else if (gone) {
		buf_printf(&reason,
		    "%s: frames %llu to %llu are not here, and gone at the "
		    "host; refused",
		    in->chain->name, (unsigned long long)next,
		    (unsigned long long)in->batch.first - 1);
		refuse_as_fork(in, &reason);
	} else {
		hub_refuse(in->reply, 416, "gap", "the next frame is %llu",
		    (unsigned long long)next);
	}
	return false;
}

static void take(struct intake *in)
{
	uint64_t next = kept(in) + 1;

	if (in->batch.n && in->batch.first > next && !pass_missing(in, next))
		return;
	if (in->chain->shared ? skip_shared(in) : skip_known(in)) {
		grow_tree(in);
		if (note_fits(in) && keep(in)) {
			tell_corrected(in);
			acknowledge(in);
		}
	}
}

void hub_ingest(struct hub *h, const struct http_call *call, const char *chain,
    struct http_reply *reply)
{
	struct intake in = {.hub = h, .reply = reply};
	struct host_entry host;
	struct err why = {""};

	if (!hub_host(h, call, &host, reply))
		return;
	if (h->no_room) {
		hub_refuse(reply, 507, "room",
		    "there is hardly any room on the disk of the hub: keep it");
		return;
	}
	in.host = &host;
	in.name = chain;
	in.chain = open_chain(h, &host, chain, reply);
	if (!in.chain)
		return;
	if (batch_read(call->body, &in.batch, &why) < 0)
		hub_refuse(reply, 400, "batch", "%s", why.text);
	else
		take(&in);
	batch_done(&in.batch);
}

void hub_chain_state(struct hub *h, const struct http_call *call,
    const char *chain, struct http_reply *reply)
{
	struct host_entry host;
	struct hub_chain *c;
	struct buf note = BUF_INIT;
	struct err why = {""};

	if (!hub_host(h, call, &host, reply))
		return;
	c = open_chain(h, &host, chain, reply);
	if (c && (!c->replica || replica_note(c->replica, &note, &why) == 0))
		answer_state(c, buf_str(&note), reply);
	else if (c)
		hub_refuse(reply, 503, "chain", "%s", why.text);
	buf_free(&note);
}
