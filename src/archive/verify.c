/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/verify.h"

#include <errno.h>
#include <stdio.h>

#include "archive/layout.h"
#include "base/fd.h"

struct verify_pass {
	int dirfd;
	const struct sign_public *pub;
	const struct archive_verify_sink *sink;
	const char *chain;
	struct vouch *vouch; /* of its host; NULL: of none */
	bool sound;
	struct err *err;
};

static void forward_finding(void *ctx, const struct finding *f)
{
	struct verify_pass *p = ctx;

	if (p->sink->finding)
		p->sink->finding(p->sink->ctx, p->chain, f);
}

/* A directory without files hides no other chain, and is not passed over. */
static void note_empty(struct verify_pass *p, struct verify_result *result)
{
	const struct finding f = {.verdict = VERDICT_UNSEALED_TAIL,
	    .segment = "checkpoint",
	    .detail = "the trail is empty: its writer was stopped before the "
		      "first event, or all its files were removed"};

	*result = (struct verify_result){
	    .sound = true, .verdicts = 1U << VERDICT_UNSEALED_TAIL};
	forward_finding(p, &f);
}

/* Retention removes the oldest, and leaves a signed hole in their place. */
static int verify_front(struct verify_pass *p, int fd, const char *chain,
    struct verify_result *result)
{
	char detail[200];
	const struct finding f = {.verdict = VERDICT_MISSING,
	    .segment = TRAIL_HOLE,
	    .seq = 1,
	    .detail = detail};
	struct trail_hole hole = {.upto = 0};
	uint64_t first = 0;
	int r = trail_first(fd, &first);

	if (r < 0)
		return err_sys(p->err, r, "chain %s", chain);
	if (first <= 1)
		return 0;
	if (trail_hole_read(fd, p->pub, chain, &hole, NULL) == 0 &&
	    hole.upto + 1 >= first) {
		hole.upto = first - 1;
		if (p->sink->hole)
			p->sink->hole(p->sink->ctx, chain, &hole);
		return 0;
	}
	snprintf(detail, sizeof detail,
	    "frames 1 to %llu are not there, and nothing signed tells that "
	    "they were removed",
	    (unsigned long long)first - 1);
	result->verdicts |= 1U << VERDICT_MISSING;
	result->sound = false;
	forward_finding(p, &f);
	return 0;
}

static void forward_frame(void *ctx, const struct frame *f)
{
	struct verify_pass *p = ctx;

	if (p->vouch)
		vouch_frame(p->vouch, f);
}

static int verify_files(
    struct verify_pass *p, const char *chain, struct verify_result *result)
{
	const struct verify_sink sink = {forward_finding, forward_frame, p};
	CLEANUP_FD int fd = -1;
	int r = layout_open_chain(p->dirfd, chain, false, &fd, p->err);

	p->chain = chain;
	if (r < 0)
		return r;
	r = trail_verify(fd, p->pub, chain, &sink, result, p->err);
	if (r == -ENOENT)
		note_empty(p, result);
	else if (r < 0)
		return r;
	return verify_front(p, fd, chain, result);
}

static void tell_chain(struct verify_pass *p, struct verify_result *result,
    const struct vouch_result *vouched)
{
	result->verdicts |= vouched->verdicts;
	result->sound = result->sound && !(vouched->verdicts & ~VERDICTS_NOTED);
	p->sound = p->sound && result->sound;
	if (p->sink->chain)
		p->sink->chain(p->sink->ctx, p->chain, result, vouched);
}

/* What events vouch for is told of recordings where there are any. */
static int verify_host(struct verify_pass *p, const char *events)
{
	struct vouch_result vouched = {0};
	struct verify_result result;
	int r = verify_files(p, events, &result);
	const char *recordings = p->vouch ? vouch_recordings(p->vouch) : NULL;

	if (r == 0 && recordings) {
		tell_chain(p, &result, &vouched);
		r = verify_files(p, recordings, &result);
	}
	if (r == 0 && p->vouch)
		r = vouch_end(p->vouch, forward_finding, p, &vouched, p->err);
	if (r == 0)
		tell_chain(p, &result, &vouched);
	return r;
}

static int verify_chain(void *ctx, const char *chain)
{
	struct verify_pass *p = ctx;
	int r = vouch_open(&p->vouch, p->dirfd, chain, p->err);

	/* Recordings come with their events. */
	if (r == 0)
		r = verify_host(p, chain);
	vouch_close(p->vouch);
	return r < 0 ? r : 0;
}

int archive_verify(const char *dir, const struct sign_public *pub,
    const struct archive_verify_sink *sink, bool *ret_sound, struct err *err)
{
	struct verify_pass p = {
	    .pub = pub, .sink = sink, .sound = true, .err = err};
	struct sign_public own;
	CLEANUP_FD int dirfd = -1;
	int r = layout_open(dir, false, &dirfd, err);

	if (r == 0 && !pub) {
		r = layout_public_key(dirfd, &own, err);
		p.pub = &own;
	}
	p.dirfd = dirfd;
	if (r == 0)
		r = layout_each_chain(dirfd, verify_chain, &p, err);
	if (r == 0)
		*ret_sound = p.sound;
	return r;
}
