/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session out of its tracks. For each fact the best source that has it is
 * taken: audit (the kernel, or PAM through it), then sshd's own lines, then
 * the login record, which has the least.
 */
#include "core/track.h"

#include <errno.h>
#include <stdlib.h>

#define NOTES_MAX 4096
#define SAME_TIME ((int64_t)2000000) /* logs with whole seconds */

static int cmp_source(const void *va, const void *vb)
{
	const struct track *a = *(const struct track *const *)va;
	const struct track *b = *(const struct track *const *)vb;

	if ((a->flags ^ b->flags) & TRACK_RECORDED)
		return a->flags & TRACK_RECORDED ? 1 : -1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

static const char *source_name(enum track_kind kind)
{
	static const char *const names[TRACK_N_KINDS] = {
	    [TRACK_AUDIT] = "audit",
	    [TRACK_CONN] = "sshd",
	    [TRACK_LOGIN] = "the login record",
	};

	return names[kind];
}

static void note(struct buf *b, struct str s)
{
	if (!s.n || str_find(buf_str(b), s) != STR_NPOS ||
	    b->n + s.n > NOTES_MAX)
		return;
	if (b->n)
		buf_add(b, "; ", 2);
	buf_add_str(b, s);
}

/* Facts that people would be misled by if one were picked in silence. */
static void note_conflicts(struct session *ret, const struct track *t,
    const struct track *first, struct buf *notes)
{
	static const struct {
		const char *name;
		size_t at;
	} facts[] = {
	    {"user", offsetof(struct track, user)},
	    {"address", offsetof(struct track, addr)},
	    {"key", offsetof(struct track, fp)},
	};

	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
		struct buf b = BUF_INIT;
		struct str have, other;

		memcpy(&have, (const char *)first + facts[i].at, sizeof have);
		memcpy(&other, (const char *)t + facts[i].at, sizeof other);
		if (!have.n || !other.n || str_eq(have, other))
			continue;
		/* Before a login it is only the name that was tried. */
		if (facts[i].at == offsetof(struct track, user) &&
		    !(first->flags & t->flags & TRACK_LOGGED_IN))
			continue;
		buf_printf(&b, "%s says %s %.*s, %s says %.*s",
		    source_name(first->kind), facts[i].name, STR_ARG(have),
		    source_name(t->kind), STR_ARG(other));
		note(notes, buf_str(&b));
		if (buf_error(&b))
			notes->error = -ENOMEM;
		buf_free(&b);
		ret->sum.flags |= TRACK_CONFLICT;
	}
}

static void take_text(struct str *dst, struct str s)
{
	if (!dst->n)
		*dst = s;
}

static void take_number(int64_t *dst, int64_t v)
{
	if (*dst < 0)
		*dst = v;
}

static void take_facts(struct track *sum, const struct track *t)
{
	take_text(&sum->host, t->host);
	take_text(&sum->boot, t->boot);
	take_text(&sum->user, t->user);
	take_text(&sum->addr, t->addr);
	take_text(&sum->method, t->method);
	take_text(&sum->key_type, t->key_type);
	take_text(&sum->fp, t->fp);
	take_text(&sum->cert_id, t->cert_id);
	take_text(&sum->tty, t->tty);
	take_text(&sum->origin, t->origin);
	/* PAM has no reason to give; sshd has. */
	if (t->reason.n && (!sum->reason.n || t->kind == TRACK_CONN))
		sum->reason = t->reason;
	take_number(&sum->ses, t->ses);
	take_number(&sum->auid, t->auid);
	take_number(&sum->pid, t->pid);
	take_number(&sum->child_pid, t->child_pid);
	take_number(&sum->port, t->port);
	take_number(&sum->login, t->login);
}

static int64_t sum_i64(int64_t a, int64_t b)
{
	int64_t r;

	return __builtin_add_overflow(a, b, &r) ? INT64_MAX : r;
}

static int64_t max_i64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t sum_known(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return max_i64(a, b);
	return sum_i64(a, b);
}

/*
 * Parts of one log follow each other; accounts of the same time (the journal
 * and auth.log, a log with whole seconds) tell the same facts again.
 */
static bool tells_again(
    const struct track *t, const struct track *before, int64_t until)
{
	if (t->kind == TRACK_AUDIT)
		return false; /* an audit event is never read twice */
	if (t->start < until || t->flags & before->flags & TRACK_BEGAN)
		return true;
	return !(t->flags & TRACK_BEGAN) && !(before->flags & TRACK_BEGAN) &&
	       t->start - before->start <= SAME_TIME;
}

/* What follows is added up; of what is told again the fuller account counts. */
static void count_kind(struct track *of, const struct track *t,
    const struct track *before, int64_t *until)
{
	bool again = before && tells_again(t, before, *until);
	int64_t (*add)(int64_t, int64_t) = again ? max_i64 : sum_i64;

	of->n_exec = add(of->n_exec, t->n_exec);
	of->n_file = add(of->n_file, t->n_file);
	of->n_auth_fail = add(of->n_auth_fail, t->n_auth_fail);
	of->n_priv = add(of->n_priv, t->n_priv);
	of->bytes_in = again ? max_i64(of->bytes_in, t->bytes_in)
			     : sum_known(of->bytes_in, t->bytes_in);
	of->bytes_out = again ? max_i64(of->bytes_out, t->bytes_out)
			      : sum_known(of->bytes_out, t->bytes_out);
	*until = !before ? t->end : max_i64(*until, t->end);
}

static void add_counts(
    struct track *sum, const struct track *const *t, size_t n)
{
	struct track of[TRACK_N_KINDS] = {0};
	const struct track *before[TRACK_N_KINDS] = {NULL};
	int64_t until[TRACK_N_KINDS] = {0};

	for (size_t i = 0; i < n; i++) {
		enum track_kind k = t[i]->kind;

		if (!before[k])
			of[k].bytes_in = of[k].bytes_out = -1;
		count_kind(&of[k], t[i], before[k], &until[k]);
		before[k] = t[i];
	}
	for (unsigned k = 0; k < TRACK_N_KINDS; k++) {
		if (!before[k])
			continue;
		sum->n_exec = max_i64(sum->n_exec, of[k].n_exec);
		/* Audit and sftp tell of different files. */
		sum->n_file = sum_i64(sum->n_file, of[k].n_file);
		sum->n_auth_fail = max_i64(sum->n_auth_fail, of[k].n_auth_fail);
		sum->n_priv = max_i64(sum->n_priv, of[k].n_priv);
		sum->bytes_in = sum_known(sum->bytes_in, of[k].bytes_in);
		sum->bytes_out = sum_known(sum->bytes_out, of[k].bytes_out);
	}
}

/*
 * What a login record leaves to be concluded (that it is sshd's, how it ended)
 * is nothing that matters where another source saw it.
 */
static unsigned flags_of(
    const struct track *t, const struct track *const *all, size_t n)
{
	const unsigned seen = TRACK_SSH | TRACK_CLOSED;

	if (t->kind != TRACK_LOGIN)
		return t->flags;
	for (size_t i = 0; i < n; i++)
		if (all[i]->kind != TRACK_LOGIN &&
		    (all[i]->flags & seen) == seen)
			return t->flags & ~(unsigned)TRACK_INFERRED;
	return t->flags;
}

/*
 * A recording tells no more of the times than that something was there; what
 * is concluded of it alone its events say.
 */
static void add_recording(struct track *sum, const struct track *t)
{
	sum->flags |= t->flags & ~(unsigned)(TRACK_CLOSED | TRACK_INFERRED);
}

static void add_times(struct track *sum, const struct track *const *t, size_t n)
{
	const struct track *root = t[0];
	bool closed = false;
	int64_t end = 0;

	for (size_t i = 0; i < n; i++) {
		bool ended = t[i]->flags & TRACK_CLOSED;

		if (t[i]->flags & ~root->flags & TRACK_RECORDED) {
			add_recording(sum, t[i]);
			continue;
		}
		if (cmp_source(&t[i], &root) &&
		    (t[i]->start < root->start ||
			(t[i]->start == root->start &&
			    cmp_source(&t[i], &root) < 0)))
			root = t[i];
		if (i == 0 || (ended && !closed) ||
		    (ended == closed && t[i]->end > end))
			end = t[i]->end;
		closed |= ended;
		sum->flags |= flags_of(t[i], t, n);
	}
	sum->id = root->session ? root->session : root->id;
	sum->session = sum->id;
	sum->kind = root->kind;
	sum->start = root->start;
	sum->end = end;
}

int merge_tracks(
    struct session *ret, const struct track *tracks, size_t n, struct arena *a)
{
	const struct track **t;
	struct buf notes = BUF_INIT;
	int err;

	*ret = (struct session){.n_tracks = n};
	ret->sum = (struct track){.login = -1,
	    .ses = -1,
	    .auid = -1,
	    .pid = -1,
	    .child_pid = -1,
	    .port = -1,
	    .bytes_in = -1,
	    .bytes_out = -1};
	if (n == 0)
		return 0;
	t = calloc(n, sizeof(const struct track *));
	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		t[i] = &tracks[i];
	qsort(t, n, sizeof(const struct track *), cmp_source);
	add_times(&ret->sum, t, n);
	add_counts(&ret->sum, t, n);
	for (size_t i = 0; i < n; i++) {
		take_facts(&ret->sum, t[i]);
		note(&notes, t[i]->notes);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i && k < TRACK_N_KINDS; k++)
			note_conflicts(ret, t[i], t[k], &notes);
	err = buf_error(&notes);
	if (!err && notes.n) {
		ret->sum.notes = arena_dup(a, buf_str(&notes));
		err = ret->sum.notes.p ? 0 : -ENOMEM;
	}
	buf_free(&notes);
	free(t);
	return err;
}
