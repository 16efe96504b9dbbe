/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "store/writer.h"

/* More user names than this in one block: not worth a set. */
#define USERS_MAX 2048

struct seal_job {
	struct job job; /* first: a job is its seal_job */
	struct builder *builder;
	struct buf image;
	int blocks_fd;
	int64_t id;
	bool in_file;
};

static int run_seal(struct job *job)
{
	struct seal_job *j = (struct seal_job *)job;
	char name[BLOCK_NAME_LEN];
	int r = builder_seal(j->builder, &j->image);

	if (r < 0 || !j->in_file)
		return r;
	block_name(j->id, name);
	r = fd_replace_file(j->blocks_fd, name, 0600, j->image.p, j->image.n);
	return r < 0
		   ? err_sys(&job->err, r, "cannot write index block %s", name)
		   : 0;
}

static int put_users(struct writer *w, const struct builder *b,
    struct buf *users, bool *known, struct err *err)
{
	static const enum field fields[] = {F_USER, F_TARGET};

	*known = false;
	for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
		const struct intern *in = &b->strings[fields[f]];

		if (in->n > USERS_MAX)
			return 0;
		for (uint32_t i = 0; i < in->n; i++) {
			int64_t id;
			int r = writer_name(w, intern_str(in, i), &id, err);

			if (r < 0)
				return r;
			buf_add_u32le(users, (uint32_t)id);
		}
	}
	*known = true;
	return users->error;
}

static int put_hosts(struct writer *w, const struct builder *b,
    struct buf *hosts, struct err *err)
{
	for (uint32_t i = 0; i < b->hosts.n; i++) {
		int64_t id;
		int r = writer_host(w, intern_str(&b->hosts, i), &id, err);

		if (r < 0)
			return r;
		buf_add_u32le(hosts, (uint32_t)id);
	}
	return hosts->error;
}

struct chain_range {
	uint64_t chain, least, most;
};

static int cmp_chain(const void *x, const void *y)
{
	const struct chain_range *a = x, *b = y;

	return (a->chain > b->chain) - (a->chain < b->chain);
}

/* Per chain: its id, its least number here, how much above it the greatest is.
 */
static int put_chains(const struct builder *b, struct buf *chains)
{
	struct chain_range *v = malloc((b->n + 1) * sizeof *v);
	size_t n = 0;

	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->n; i++) {
		const struct builder_row *row = &b->rows[i];

		/* Most blocks are of one chain, or few in long stretches. */
		if (n == 0 || v[n - 1].chain != row->chain)
			v[n++] = (struct chain_range){
			    row->chain, row->seq, row->seq};
		if (row->seq < v[n - 1].least)
			v[n - 1].least = row->seq;
		if (row->seq > v[n - 1].most)
			v[n - 1].most = row->seq;
	}
	qsort(v, n, sizeof *v, cmp_chain);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && v[end].chain == v[i].chain;
		     end++) {
			if (v[end].least < v[i].least)
				v[i].least = v[end].least;
			if (v[end].most > v[i].most)
				v[i].most = v[end].most;
		}
		buf_add_varint(chains, v[i].chain);
		buf_add_varint(chains, v[i].least);
		buf_add_varint(chains, v[i].most - v[i].least);
	}
	free(v);
	return buf_error(chains);
}

static int put_runs(struct writer *w, const struct seal_job *j, struct err *err)
{
	const struct builder *b = j->builder;

	for (uint32_t i = 0; i < b->n_runs; i++) {
		const struct run *run = &b->runs[i];
		int r;

		if (run->track == 0)
			continue;
		/* A track is of one host; were it not, one run would stand
		 * for all: reading checks the track of each row anyway. */
		r = track_blocks_add(
		    &w->track_blocks, &w->sql, j->id, run, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What the catalogue says of a block beside numbers. */
struct block_sets {
	struct buf hosts, users, chains;
	bool users_known;
};

static int put_block(struct writer *w, const struct seal_job *j,
    const struct block_sets *sets, struct err *err)
{
	const struct builder *b = j->builder;
	const struct str users = buf_str(&sets->users);
	int r;
	sqlite3_stmt *st = sql_get(&w->sql,
	    "INSERT INTO block(id, rows, min_time, max_time, kinds, bytes,"
	    " tallied, hosts, users, data, min_told, max_told, chains)"
	    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
	    &r, err);

	if (!st)
		return r;
	sql_bind(st, "iiiiiiis00", j->id, (int64_t)b->n, b->min_time,
	    b->max_time, (int64_t)b->kinds, (int64_t)j->image.n,
	    (int64_t)w->merging, buf_str(&sets->hosts));
	if (sets->users_known)
		sqlite3_bind_blob64(
		    st, 9, users.p ? users.p : "", users.n, SQLITE_STATIC);
	for (int i = 0; i < 2; i++)
		if (b->n_told)
			sqlite3_bind_int64(
			    st, 11 + i, i ? b->max_told : b->min_told);
		else
			sqlite3_bind_null(st, 11 + i);
	sqlite3_bind_blob64(
	    st, 13, sets->chains.p, sets->chains.n, SQLITE_STATIC);
	if (!j->in_file)
		sqlite3_bind_blob64(
		    st, 10, j->image.p, j->image.n, SQLITE_STATIC);
	return sql_step(&w->sql, st, err);
}

static void free_job(struct writer *w, struct seal_job *j)
{
	builder_reset(j->builder);
	w->spare = j->builder;
	buf_free(&j->image);
	free(j);
}

/* A sealed block enters the catalogue. */
static int finish(struct writer *w, struct seal_job *j, struct err *err)
{
	struct block_sets sets = {BUF_INIT, BUF_INIT, BUF_INIT, false};
	int r = j->job.result;

	if (r < 0 && err)
		*err = j->job.err;
	if (r == 0)
		r = put_hosts(w, j->builder, &sets.hosts, err);
	if (r == 0)
		r = put_users(
		    w, j->builder, &sets.users, &sets.users_known, err);
	if (r == 0)
		r = put_chains(j->builder, &sets.chains);
	if (r == 0)
		r = put_block(w, j, &sets, err);
	if (r == 0)
		r = put_runs(w, j, err);
	free_job(w, j);
	buf_free(&sets.hosts);
	buf_free(&sets.users);
	buf_free(&sets.chains);
	return r;
}

static int take(struct writer *w, struct err *err)
{
	struct job *job = worker_take(w->worker, true);

	return job ? finish(w, (struct seal_job *)job, err) : 0;
}

void writer_drop_jobs(struct writer *w)
{
	struct job *job;

	while ((job = worker_take(w->worker, true)))
		free_job(w, (struct seal_job *)job);
}

static int next_id(struct writer *w, int64_t *ret, struct err *err)
{
	int r;

	if (w->next_block == 0) {
		r = sql_number(&w->sql,
		    "SELECT seq FROM sqlite_sequence WHERE name = 'block'",
		    &w->next_block, err, "");
		if (r < 0 && r != -ENOENT)
			return r;
		w->next_block++;
	}
	*ret = w->next_block++;
	return 0;
}

static int give(struct writer *w, struct err *err)
{
	struct seal_job *j = calloc(1, sizeof *j);
	int r = j ? next_id(w, &j->id, err) : -ENOMEM;

	if (r < 0) {
		free(j);
		return r;
	}
	j->job.run = run_seal;
	j->builder = w->builder;
	j->blocks_fd = w->blocks_fd;
	j->in_file = w->builder->n >= SMALL_BLOCK_ROWS ||
		     w->builder->text > SMALL_BLOCK_TEXT;
	w->builder = NULL;
	worker_give(w->worker, &j->job);
	return 0;
}

int writer_seal(struct writer *w, bool all, struct err *err)
{
	int r = 0;

	if (w->builder->n) {
		r = give(w, err);
		if (r < 0)
			return r;
		/* The other builder comes back with the job before this. */
		if (!w->spare)
			r = take(w, err);
		w->builder = w->spare;
		w->spare = NULL;
	}
	if (r == 0 && all && !w->spare)
		r = take(w, err);
	return r;
}
