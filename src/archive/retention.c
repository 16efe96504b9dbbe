/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/retention.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "archive/layout.h"
#include "base/fd.h"
#include "base/when.h"
#include "core/event_text.h"
#include "crypto/checkpoint.h"
#include "trail/prune.h"

struct plan {
	int dirfd;
	const struct policy *policy;
	int64_t now;
	int (*fn)(void *ctx, const struct retention_step *step);
	void *ctx;
	struct err *err;
	/* Of the chain at work. */
	struct policy_limits limits;
	uint64_t left;	    /* bytes */
	uint64_t elsewhere; /* frames that may go, as a hub has them */
	bool open;	    /* for writing */
	struct retention_step step;
};

static void say_why(struct plan *p, bool old)
{
	struct buf b = BUF_INIT;
	char span[TIME_SPAN_LEN];

	time_format_span(p->limits.max_age, span);
	if (old)
		buf_printf(&b, "older than %s", span);
	else
		buf_printf(&b, "more than %lld bytes were kept",
		    (long long)p->limits.max_bytes);
	snprintf(p->step.why, sizeof p->step.why, "%.*s", STR_ARG(buf_str(&b)));
	buf_free(&b);
}

/* 1: this segment stays, and so does what is behind it. */
static int take_piece(void *ctx, const struct trail_piece *piece)
{
	struct plan *p = ctx;
	const struct policy_limits *l = &p->limits;
	bool old = l->max_age && piece->begun < p->now - l->max_age;

	if (!old && !(l->max_bytes && p->left > (uint64_t)l->max_bytes))
		return 1;
	if (piece->end - 1 > p->elsewhere || (p->open && !piece->sealed))
		return 1;
	say_why(p, old);
	p->left -= piece->bytes < p->left ? piece->bytes : p->left;
	if (p->step.segments++ == 0)
		p->step.first = piece->first;
	p->step.upto = piece->end - 1;
	p->step.bytes += piece->bytes;
	p->step.until = piece->begun;
	return 0;
}

/* A host sends these, of its own name; what was imported stays with it. */
static bool is_sent(const char *chain)
{
	struct str rest = str_z(chain);

	return str_skip(&rest, STR("events:")) ||
	       (str_skip(&rest, STR(ARCHIVE_RECORDINGS)) &&
		   !str_starts(rest, STR("import:")));
}

/* 0: no such note yet. */
static int read_note(struct plan *p, const char *chain, uint64_t *ret)
{
	char name[TRAIL_ORIGIN_MAX + 32];
	struct buf note = BUF_INIT;
	struct sign_public pub;
	struct checkpoint cp;
	int r;

	*ret = 0;
	snprintf(name, sizeof name, LAYOUT_JOINED "/%s.note", chain);
	r = fd_read_file(p->dirfd, name, CHECKPOINT_NOTE_MAX, &note);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_sys(p->err, r, "cannot read %s", name);
	r = layout_public_key(p->dirfd, &pub, p->err);
	if (r == 0)
		r = checkpoint_verify(buf_str(&note), &pub, &cp, p->err);
	if (r == 0 && !str_eqz(cp.origin, chain))
		r = err_set(p->err, -EBADMSG, "of another chain");
	if (r == 0)
		*ret = cp.size;
	buf_free(&note);
	return r < 0 ? err_context(p->err, r, "%s", name) : 0;
}

/* What only this host has does not go before its hub has it. */
static int find_elsewhere(struct plan *p, const char *chain)
{
	p->elsewhere = UINT64_MAX;
	if (!is_sent(chain) || faccessat(p->dirfd, LAYOUT_JOINED, F_OK, 0) < 0)
		return 0;
	return read_note(p, chain, &p->elsewhere);
}

static int plan_chain(void *ctx, const char *chain)
{
	struct plan *p = ctx;
	CLEANUP_FD int fd = -1;
	int r;

	if (!policy_limits(p->policy, chain, &p->limits) ||
	    (!p->limits.max_age && !p->limits.max_bytes))
		return 0;
	r = layout_open_chain(p->dirfd, chain, false, &fd, p->err);
	p->step = (struct retention_step){.chain = chain};
	p->open = r == 0 && trail_is_open(fd);
	if (r == 0)
		r = find_elsewhere(p, chain);
	if (r == 0)
		r = trail_pieces(fd, &p->left, take_piece, p, p->err);
	if (r < 0)
		return err_context(p->err, r, "chain %s", chain);
	return p->step.segments ? p->fn(p->ctx, &p->step) : 0;
}

int retention_plan(int dirfd, const struct policy *policy, int64_t now,
    int (*fn)(void *ctx, const struct retention_step *step), void *ctx,
    struct err *err)
{
	struct plan p = {.dirfd = dirfd,
	    .policy = policy,
	    .now = now,
	    .fn = fn,
	    .ctx = ctx,
	    .err = err};

	return layout_each_chain(dirfd, plan_chain, &p, err);
}

void retention_describe(const struct retention_step *step, struct buf *b)
{
	char until[TIME_ISO_LEN];

	time_format_iso(step->until, until);
	buf_printf(b, "frames %llu to %llu, %llu segment%s, ",
	    (unsigned long long)step->first, (unsigned long long)step->upto,
	    (unsigned long long)step->segments, step->segments == 1 ? "" : "s");
	bytes_format((int64_t)step->bytes, b);
	buf_printf(b, ", written until %s: %s", until, step->why);
}

void retention_event(struct event *ret, const struct retention_step *step,
    const char *config, struct str description)
{
	event_init(ret, EVENT_CONFIG);
	event_set_str(ret, F_OP, STR("retention"));
	event_set_str(ret, F_TARGET, str_z(step->chain));
	event_set_str(ret, F_PATH, str_z(config));
	event_set_str(ret, F_REASON, description);
}

struct retain {
	struct archive *archive;
	struct retention_work *work;
	struct err *err;
};

/* Names are numbers of recordings: those whose beginning is gone. */
static int drop_screens(int dirfd, uint64_t first)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	uint64_t number;
	int r = 0;

	if (!dir) {
		fd_close(&fd);
		return -EIO;
	}
	while (r == 0 && (e = readdir(dir)))
		if (str_u64(str_z(e->d_name), &number) && number < first &&
		    unlinkat(dirfd, e->d_name, 0) < 0 && errno != ENOENT)
			r = -errno;
	closedir(dir);
	return r;
}

static int tend_screens(void *ctx, const char *chain)
{
	struct retain *w = ctx;
	int dirfd = archive_dirfd(w->archive);
	CLEANUP_FD int fd = -1;
	CLEANUP_FD int screens = -1;
	uint64_t first = 0;
	int r;

	if (!str_starts(str_z(chain), STR(ARCHIVE_RECORDINGS)))
		return 0;
	r = layout_open_screens(dirfd, chain, false, &screens, NULL);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = layout_open_chain(dirfd, chain, false, &fd, w->err);
	if (r == 0)
		r = trail_first(fd, &first);
	if (r == 0)
		r = drop_screens(screens, first);
	return r < 0 ? err_sys(w->err, r, "screens of %s", chain) : 0;
}

/* The event and the note that the index is out of date come first. */
static int take_step(void *ctx, const struct retention_step *step)
{
	struct retain *w = ctx;
	struct trail_hole hole = {.upto = step->upto, .time = w->work->now};
	CLEANUP_FD int fd = -1;
	int r = layout_open_chain(
	    archive_dirfd(w->archive), step->chain, false, &fd, w->err);

	if (r == 0)
		r = w->work->tell(w->work->ctx, step);
	snprintf(hole.why, sizeof hole.why, "%s", step->why);
	if (r == 0)
		r = archive_outdate(w->archive, w->err);
	if (r == 0)
		r = trail_prune(
		    fd, step->chain, archive_key(w->archive), &hole, w->err);
	if (r < 0)
		return err_context(w->err, r, "chain %s", step->chain);
	w->work->steps++;
	return 0;
}

int archive_retain(
    struct archive *a, struct retention_work *work, struct err *err)
{
	struct retain w = {a, work, err};
	int r = retention_plan(
	    archive_dirfd(a), work->policy, work->now, take_step, &w, err);

	if (r == 0)
		r = layout_each_chain(archive_dirfd(a), tend_screens, &w, err);
	return r < 0 ? r : archive_settle(a, work->progress, work->ctx, err);
}
