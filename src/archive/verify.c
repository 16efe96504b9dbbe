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

static int verify_chain(void *ctx, const char *chain)
{
	struct verify_pass *p = ctx;
	struct verify_result result;
	struct vouch_result vouched;
	CLEANUP_FD int fd = -1;
	int r = layout_open_chain(p->dirfd, chain, false, &fd, p->err);

	if (r < 0)
		return r;
	p->chain = chain;
	r = trail_verify(
	    fd, p->pub, chain, forward_finding, p, &result, p->err);
	if (r == -ENOENT)
		note_empty(p, &result);
	else if (r < 0)
		return r;
	r = verify_front(p, fd, chain, &result);
	if (r < 0)
		return r;
	r = vouch_check(p->dirfd, chain, forward_finding, p, &vouched, p->err);
	if (r < 0)
		return r;
	result.verdicts |= vouched.verdicts;
	result.sound = result.sound && !(vouched.verdicts & ~VERDICTS_NOTED);
	p->sound = p->sound && result.sound;
	if (p->sink->chain)
		p->sink->chain(p->sink->ctx, chain, &result, &vouched);
	return 0;
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
