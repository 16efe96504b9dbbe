/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/evidence.h"

#include <errno.h>
#include <stdio.h>

#include "archive/bundle.h"
#include "archive/recording.h"
#include "hub/making.h"
#include "trail/frame.h"

/* --- bundles --- */

static int write_bundle(struct making *m, struct bundle *b,
    const struct file_sink *to, struct evidence_size *size, struct err *err)
{
	struct parcel parcel;
	int r = bundle_choose(b, &m->q, EVIDENCE_EVENTS_MAX, err);

	*size = bundle_size(b);
	if (r < 0 || size->events == 0)
		return r;
	parcel_hand_on(&parcel, to);
	r = bundle_write(b, &parcel, m->now, m->q.session, err);
	return parcel_close(&parcel, r, err);
}

static int make_bundle(struct making *m, struct archive *a,
    const struct file_sink *to, struct evidence_size *size, struct err *err)
{
	struct bundle *b = NULL;
	int r =
	    bundle_open(&b, m->store, archive_store(a), making_alive, m, err);

	if (r == 0)
		r = write_bundle(m, b, to, size, err);
	bundle_close(b);
	return r;
}

/* Nothing is masked in a bundle, which is told like any unmasking. */
static int tell_begin(const struct api_call *c)
{
	struct event ev;
	char of[32] = "all sessions";

	api_event(c, EVENT_REVEAL, &ev);
	event_set_str(&ev, F_CMD, STR("sshtrail --hub export --evidence"));
	if (c->ask.q.session)
		snprintf(of, sizeof of, "session %016llx",
		    (unsigned long long)c->ask.q.session);
	event_set_str(&ev, F_TEXT, str_z(of));
	return hub_append(c->hub, &ev);
}

static int check_question(const struct api_call *c, struct err *err)
{
	if (c->account.role == ROLE_VIEWER)
		return err_set(err, -EACCES,
		    "a viewer has no evidence: its proofs hold hashes and "
		    "numbers of what is of others in the same chains, and "
		    "nothing in it is masked; ask an auditor");
	if (c->ask.q.cursor.n)
		return err_set(
		    err, -EINVAL, "evidence is one answer: it takes no cursor");
	return 0;
}

int evidence_begin(struct api_call *c, struct err *err)
{
	struct making *m;
	int r = check_question(c, err);

	if (r < 0)
		return r;
	m = making_new(c);
	if (!m)
		return err_sys(err, -ENOMEM, "evidence");
	m->make = make_bundle;
	r = making_begin(m, c, "evidence", err);
	if (r == 0 && tell_begin(c) < 0) {
		c->reply->feed->end(c->reply->feed_ctx);
		c->reply->feed = NULL;
		r = err_set(err, -EIO,
		    "that events leave the hub unmasked cannot be recorded");
	}
	return r;
}

/* --- recordings --- */

static int write_frames(struct making *m, struct trail_reader *reader,
    const struct file_sink *to, struct err *err)
{
	struct recording_frames of = {.number = m->number, .last = m->last};
	struct buf bytes = BUF_INIT;
	struct frame f;
	int r = to->begin(to->ctx, "frames");

	while (r == 0 && (r = recording_next(reader, &of, &f, err)) > 0) {
		buf_clear(&bytes);
		frame_put(&bytes, &f);
		r = buf_error(&bytes);
		if (r == 0)
			r = to->add(to->ctx, buf_str(&bytes));
	}
	buf_free(&bytes);
	return r;
}

static int make_frames(struct making *m, struct archive *a,
    const struct file_sink *to, struct evidence_size *size, struct err *err)
{
	struct trail_reader *reader = NULL;
	int r = archive_read_chain(a, m->chain, m->number, &reader, err);

	if (r == 0)
		r = write_frames(m, reader, to, err);
	size->recordings = r == 0;
	trail_reader_close(reader);
	return r;
}

struct wanted {
	struct str chain;
	uint64_t number;
	uint64_t last, session; /* of what was found */
	bool found;
};

static int look(void *ctx, const struct recording *r)
{
	struct wanted *w = ctx;

	if (r->number != w->number || !str_eq(r->chain, w->chain))
		return 0;
	w->last = r->last;
	w->session = r->session;
	w->found = true;
	return 1;
}

/* Behind the last colon of what was asked for stands its number. */
static int find_recording(
    const struct api_call *c, struct wanted *w, struct err *err)
{
	const struct recording_query all = {.session = 0};
	struct store *s = archive_store(c->hub->archive);
	struct str name = c->ask.recording;
	size_t at = str_rfind(name, STR(":"));
	int r;

	if (at == STR_NPOS || !str_u64(str_from(name, at + 1), &w->number))
		return err_set(err, -EINVAL,
		    "recording: CHAIN:NUMBER, as recordings have them");
	w->chain = str_upto(name, at);
	r = s->ops->recordings(s, &all, look, w, err);
	return r < 0 ? r : 0;
}

int frames_begin(struct api_call *c, struct err *err)
{
	struct wanted w = {.found = false};
	struct making *m;
	int r = find_recording(c, &w, err);

	if (r == 0 && (!w.found || !api_sees(c, w.session)))
		r = -ENOENT;
	if (r == -ENOENT)
		return err_set(err, r, "there is no recording %.*s",
		    STR_ARG(c->ask.recording));
	if (r < 0)
		return r;
	m = making_new(c);
	if (!m)
		return err_sys(err, -ENOMEM, "recording");
	snprintf(m->chain, sizeof m->chain, ARCHIVE_RECORDINGS "%.*s",
	    STR_ARG(w.chain));
	m->number = w.number;
	m->last = w.last;
	m->make = make_frames;
	return making_begin(m, c, "frames", err);
}
