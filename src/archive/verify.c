/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/verify.h"

#include <errno.h>
#include <stdio.h>

#include "archive/layout.h"
#include "base/arena.h"
#include "base/fd.h"
#include "base/worker.h"

struct verify_pass {
	int dirfd;
	const struct sign_public *pub;
	const struct archive_verify_sink *sink;
	struct worker *worker; /* for what events vouch for */
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

/* A finding of recordings, until those of the chain itself are told. */
struct held_finding {
	struct finding f;
	struct held_finding *next;
};

/*
 * What events vouch for takes a second reading of them, as they may stand
 * behind damage: it runs beside the first.
 */
struct vouching {
	struct job job;
	int dirfd;
	const char *chain;
	struct vouch_result result;
	struct held_finding *first, **end;
	struct arena mem;
	bool lacks_memory;
};

static void hold_finding(void *ctx, const struct finding *f)
{
	struct vouching *v = ctx;
	struct held_finding *held = arena_alloc(&v->mem, sizeof *held);
	struct str segment = arena_dup(&v->mem, str_z(f->segment));
	struct str detail = arena_dup(&v->mem, str_z(f->detail));

	if (!held || !segment.p || !detail.p) {
		v->lacks_memory = true;
		return;
	}
	*held = (struct held_finding){
	    {f->verdict, segment.p, f->seq, detail.p}, NULL};
	*v->end = held;
	v->end = &held->next;
}

static int vouch_run(struct job *job)
{
	struct vouching *v = (struct vouching *)job;
	int r = vouch_check(
	    v->dirfd, v->chain, hold_finding, v, &v->result, &job->err);

	return r == 0 && v->lacks_memory
		   ? err_sys(&job->err, -ENOMEM, "cannot verify recordings")
		   : r;
}

/* Of the files of the chain itself. */
static int verify_files(
    struct verify_pass *p, const char *chain, struct verify_result *result)
{
	CLEANUP_FD int fd = -1;
	int r = layout_open_chain(p->dirfd, chain, false, &fd, p->err);

	if (r < 0)
		return r;
	r = trail_verify(fd, p->pub, chain, forward_finding, p, result, p->err);
	if (r == -ENOENT)
		note_empty(p, result);
	else if (r < 0)
		return r;
	return verify_front(p, fd, chain, result);
}

static int tell_vouched(struct verify_pass *p, const struct vouching *v,
    struct verify_result *result)
{
	if (v->job.result < 0)
		return err_set(p->err, v->job.result, "%s", v->job.err.text);
	for (const struct held_finding *h = v->first; h; h = h->next)
		forward_finding(p, &h->f);
	result->verdicts |= v->result.verdicts;
	result->sound =
	    result->sound && !(v->result.verdicts & ~VERDICTS_NOTED);
	p->sound = p->sound && result->sound;
	if (p->sink->chain)
		p->sink->chain(p->sink->ctx, p->chain, result, &v->result);
	return 0;
}

static int verify_chain(void *ctx, const char *chain)
{
	struct verify_pass *p = ctx;
	struct vouching v = {.job.run = vouch_run,
	    .dirfd = p->dirfd,
	    .chain = chain,
	    .end = &v.first,
	    .mem = ARENA_INIT};
	struct verify_result result;
	int r;

	p->chain = chain;
	worker_give(p->worker, &v.job);
	r = verify_files(p, chain, &result);
	worker_take(p->worker, true);
	if (r == 0)
		r = tell_vouched(p, &v, &result);
	arena_free(&v.mem);
	return r;
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
	if (r == 0 && worker_start(&p.worker, 1) < 0)
		r = err_sys(err, -ENOMEM, "cannot verify");
	if (r == 0)
		r = layout_each_chain(dirfd, verify_chain, &p, err);
	worker_stop(p.worker);
	if (r == 0)
		*ret_sound = p.sound;
	return r;
}
