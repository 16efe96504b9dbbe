/* SPDX-License-Identifier: Apache-2.0 */
#include "store/writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hash.h"
#include "store/recording.h"

/* Numbers kept in memory; more than this comes from made-up names. */

/* 1: a block that a row names, of the size that the row says; 0: not. */
static int is_block(struct writer *w, const char *name, struct err *err)
{
	struct str id_text = str_z(name);
	struct stat st;
	uint64_t id = 0;
	int64_t size;
	int r;

	if (!str_chop(&id_text, STR(".blk")) || !str_hex64(id_text, &id))
		return 0;
	r = sql_number(&w->sql,
	    "SELECT bytes FROM block WHERE id = ?1 AND data IS NULL", &size,
	    err, "i", (int64_t)id);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (fstatat(w->blocks_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, -errno, "cannot read index block %s", name);
	return st.st_size == size ? 1
				  : err_set(err, -EBADMSG,
					"index block %s is damaged; "
					"run: sshtrail reindex",
					name);
}

/*
 * Files that no row names were left by a writer that was killed between
 * writing a block and its commit. -EBADMSG when a file is missing.
 */
static int check_blocks(struct writer *w, struct err *err)
{
	int fd = dup(w->blocks_fd);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	int64_t n = 0;
	int r = 0;

	if (!d) {
		fd_close(&fd);
		return err_sys(err, -errno, "cannot list index blocks");
	}
	rewinddir(d);
	r = sql_number(&w->sql, "SELECT count(*) FROM block WHERE data IS NULL",
	    &n, err, "");
	while (r >= 0 && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = is_block(w, e->d_name, err);
		if (r == 0)
			unlinkat(w->blocks_fd, e->d_name, 0);
		n -= r > 0;
	}
	closedir(d);
	if (r >= 0 && n != 0)
		return err_set(err, -EBADMSG,
		    "%lld blocks of the index are missing; "
		    "run: sshtrail reindex",
		    (long long)n);
	return r < 0 ? r : 0;
}

static uint64_t amended_hash(uint64_t id, int64_t host, int64_t time)
{
	return hash_u64(
	    id ^ hash_u64((uint64_t)host ^ hash_u64((uint64_t)time)));
}

static int load_amended(struct writer *w, struct err *err)
{
	int r;
	sqlite3_stmt *st =
	    sql_get(&w->sql, "SELECT id, host, time FROM amend", &r, err);

	if (!st)
		return r;
	while ((r = sql_step(&w->sql, st, err)) > 0)
		if (!map_put(&w->amended,
			amended_hash(id_from_sql(sqlite3_column_int64(st, 0)),
			    sqlite3_column_int64(st, 1),
			    sqlite3_column_int64(st, 2)))) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
	return r;
}

static int load_state(struct writer *w, struct err *err)
{
	int64_t n;
	int r = check_blocks(w, err);

	if (r == 0)
		r = load_amended(w, err);
	if (r == 0)
		r = writer_load_hidden(w, err);
	if (r == 0)
		r = sql_exec(&w->sql,
		    "CREATE TEMP TABLE retally(block, first, n, old, new)",
		    err);
	if (r < 0)
		return r;
	r = sql_number(
	    &w->sql, "SELECT 1 FROM block WHERE tallied LIMIT 1", &n, err, "");
	w->tallied = r == 0;
	return r == -ENOENT ? 0 : r;
}

int writer_open(
    struct writer **ret, const char *dir, int blocks_fd, struct err *err)
{
	struct writer *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return -ENOMEM;
	w->blocks_fd = blocks_fd;
	r = catalogue_open(&w->sql, dir, STORE_WRITE, err);
	if (r == 0)
		r = builder_new(&w->builder);
	if (r == 0)
		r = builder_new(&w->spare);
	if (r == 0)
		r = worker_start(&w->worker, 1);
	if (r == 0)
		r = load_state(w, err);
	if (r < 0) {
		writer_close(w);
		return r;
	}
	*ret = w;
	return 0;
}

void writer_close(struct writer *w)
{
	if (!w)
		return;
	if (w->worker)
		writer_drop_jobs(w);
	worker_stop(w->worker);
	if (w->active)
		sql_exec(&w->sql, "ROLLBACK", NULL);
	sql_close(&w->sql);
	builder_free(w->builder);
	builder_free(w->spare);
	map_free(&w->chains);
	map_free(&w->committed);
	map_free(&w->amended);
	map_free(&w->hidden);
	map_free(&w->new_boots);
	map_free(&w->accounts);
	intern_free(&w->hosts);
	intern_free(&w->names);
	free(w->host_ids);
	free(w->name_ids);
	free(w->resolve);
	tally_free(&w->tally);
	track_blocks_free(&w->track_blocks);
	free(w);
}

/* Remember a failure: what was begun can only be given up. */
static int fail(struct writer *w, int r, const struct err *err)
{
	if (r >= 0 || w->failed)
		return r;
	w->failed = r;
	if (err)
		w->failure = *err;
	writer_drop_jobs(w);
	if (w->active)
		sql_exec(&w->sql, "ROLLBACK", NULL);
	w->active = false;
	return r;
}

static int begin(struct writer *w, struct err *err)
{
	int r;

	if (w->failed) {
		if (err)
			*err = w->failure;
		return w->failed;
	}
	w->prepared = false;
	if (w->active)
		return 0;
	r = sql_exec(&w->sql, "BEGIN IMMEDIATE", err);
	w->active = r == 0;
	return r;
}

static int number(struct intern *cache, int64_t **ids, size_t *cap,
    struct str name, int64_t **ret)
{
	uint32_t i = intern_find(cache, name);

	if (i == INTERN_NONE) {
		if (cache->n >= CACHE_MAX)
			intern_clear(cache);
		i = intern_add(cache, name);
		if (i == INTERN_NONE)
			return -ENOMEM;
		if (i >= *cap) {
			size_t n = *cap ? *cap * 2 : 256;
			int64_t *p = realloc(*ids, n * sizeof *p);

			if (!p)
				return -ENOMEM;
			*ids = p;
			*cap = n;
		}
		(*ids)[i] = 0;
	}
	*ret = &(*ids)[i];
	return 0;
}

int writer_host(
    struct writer *w, struct str name, int64_t *ret, struct err *err)
{
	int64_t *id;
	int r = number(&w->hosts, &w->host_ids, &w->cap_host_ids, name, &id);

	if (r == 0 && *id == 0)
		r = catalogue_host(&w->sql, name, id, err);
	*ret = r == 0 ? *id : 0;
	return r;
}

int writer_name(
    struct writer *w, struct str name, int64_t *ret, struct err *err)
{
	int64_t *id;
	int r;

	*ret = 0;
	if (name.n == 0)
		return 0;
	r = number(&w->names, &w->name_ids, &w->cap_name_ids, name, &id);
	if (r == 0 && *id == 0)
		r = catalogue_name(&w->sql, name, id, err);
	*ret = r == 0 ? *id : 0;
	return r;
}

/* Last number of a chain in m, which begins as of the last commit. */
static int chain_seq(struct writer *w, struct map *m, uint64_t chain,
    uint64_t **ret, struct err *err)
{
	int64_t last = 0;
	int r;

	*ret = map_get(m, chain);
	if (*ret)
		return 0;
	r = sql_number(&w->sql, "SELECT seq FROM chain WHERE id = ?1", &last,
	    err, "u", chain);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret = map_put(m, chain);
	if (!*ret)
		return -ENOMEM;
	**ret = (uint64_t)last;
	return 0;
}

/* Whether the event was not there at the last commit; then the chain has it. */
static int advance(struct writer *w, const struct event *ev, struct err *err)
{
	uint64_t *seq;
	int r;

	if (ev->seq == 0)
		return 1;
	r = chain_seq(w, &w->committed, ev->chain, &seq, err);
	if (r < 0 || ev->seq <= *seq)
		return r;
	r = chain_seq(w, &w->chains, ev->chain, &seq, err);
	if (r < 0)
		return r;
	if (ev->seq > *seq)
		*seq = ev->seq;
	return 1;
}

static int note_amended(
    struct writer *w, const struct event *ev, struct err *err)
{
	const bool amends = event_int(ev, F_AMENDS, 0) != 0;
	struct amended a = {ev->v[F_ID].u, 0, ev->time};
	uint64_t hash;
	int r;

	if (!amends && w->amended.n == 0)
		return 0;
	r = writer_host(w, ev->host, &a.host, err);
	if (r < 0)
		return r;
	hash = amended_hash(a.id, a.host, a.time);
	if (amends) {
		r = sql_run(&w->sql,
		    "INSERT OR IGNORE INTO amend VALUES(?1, ?2, ?3)", err,
		    "uii", a.id, a.host, a.time);
		if (r < 0)
			return r;
		if (!map_put(&w->amended, hash))
			return -ENOMEM;
	} else if (!map_get(&w->amended, hash)) {
		return 0;
	}
	if (w->n_resolve == w->cap_resolve) {
		size_t cap = w->cap_resolve ? w->cap_resolve * 2 : 64;
		void *p = realloc(w->resolve, cap * sizeof *w->resolve);

		if (!p)
			return -ENOMEM;
		w->resolve = p;
		w->cap_resolve = cap;
	}
	w->resolve[w->n_resolve++] = a;
	return 0;
}

int writer_add(struct writer *w, const struct event *ev, struct err *err)
{
	int r = begin(w, err);

	if (r < 0)
		return r;
	r = advance(w, ev, err);
	if (r <= 0)
		return fail(w, r, err);
	r = builder_add(w->builder, ev);
	if (r == 0 && event_has(ev, F_ID))
		r = note_amended(w, ev, err);
	if (r == 0)
		r = writer_learn(w, ev, err);
	if (r == 0)
		r = recording_learn(w, ev, err);
	if (r == 0 && builder_full(w->builder))
		r = writer_seal(w, false, err);
	return fail(w, r, err);
}

int writer_put_track(struct writer *w, const struct track *t, struct err *err)
{
	int64_t host;
	int r = begin(w, err);

	if (r < 0)
		return r;
	r = writer_host(w, t->host, &host, err);
	if (r == 0)
		r = track_row_put(&w->sql, host, t, err);
	return fail(w, r, err);
}

static int note_boot(struct writer *w, int64_t host, int64_t time)
{
	const bool known = map_get(&w->new_boots, (uint64_t)host) != NULL;
	uint64_t *earliest = map_put(&w->new_boots, (uint64_t)host);

	if (!earliest)
		return -ENOMEM;
	if (!known || time < (int64_t)*earliest)
		*earliest = (uint64_t)time;
	return 0;
}

int writer_put_boot(struct writer *w, const struct boot *b, struct err *err)
{
	int64_t host;
	int r = begin(w, err);

	if (r < 0)
		return r;
	r = writer_host(w, b->host, &host, err);
	if (r == 0)
		r = sql_run(&w->sql,
		    "INSERT OR IGNORE INTO boot VALUES(?1, ?2, ?3)", err, "iis",
		    host, b->time, b->boot_id);
	if (r == 0 && sqlite3_changes(w->sql.db) > 0)
		r = note_boot(w, host, b->time);
	return fail(w, r, err);
}

int writer_put_note(
    struct writer *w, struct str key, struct str data, struct err *err)
{
	int r = begin(w, err);

	if (r < 0)
		return r;
	r = sql_run(&w->sql, "INSERT OR REPLACE INTO note VALUES(?1, ?2)", err,
	    "ss", key, data);
	return fail(w, r, err);
}

int writer_get_note(
    struct writer *w, struct str key, struct buf *ret, struct err *err)
{
	int r;
	sqlite3_stmt *st =
	    sql_get(&w->sql, "SELECT data FROM note WHERE key = ?1", &r, err);

	if (!st)
		return r;
	sql_bind(st, "s", key);
	r = sql_step(&w->sql, st, err);
	if (r <= 0)
		return r;
	buf_add_str(ret, sql_str(st, 0));
	sqlite3_reset(st);
	return buf_error(ret);
}

static int store_chains(struct writer *w, struct err *err)
{
	for (size_t i = 0; i < w->chains.cap; i++) {
		const struct map_slot *s = &w->chains.slots[i];
		int r;

		if (!s->used)
			continue;
		r = sql_run(&w->sql,
		    "INSERT INTO chain VALUES(?1, ?2)"
		    " ON CONFLICT DO UPDATE SET seq = excluded.seq",
		    err, "ui", s->key, (int64_t)s->value);
		if (r < 0)
			return r;
	}
	map_clear(&w->chains);
	map_clear(&w->committed);
	return 0;
}

static int seal_last(struct writer *w, struct err *err)
{
	return writer_seal(w, false, err);
}

static int wait_for_last(struct writer *w, struct err *err)
{
	return writer_seal(w, true, err);
}

static int flush_tally(struct writer *w, struct err *err)
{
	return tally_flush(&w->tally, &w->sql, err);
}

static int flush_track_blocks(struct writer *w, struct err *err)
{
	return track_blocks_flush(&w->track_blocks, &w->sql, err);
}

int writer_prepare(struct writer *w, struct err *err)
{
	/* Joining does not look at blocks, so the last is sealed meanwhile.
	 * Counting needs the sessions, amending what is counted, and merging
	 * drops what was amended. */
	static int (*const steps[])(struct writer * w, struct err * err) = {
	    seal_last, writer_join, wait_for_last, writer_retally,
	    writer_tally_new, writer_resolve_amended, flush_tally,
	    writer_compact, flush_track_blocks};
	int r = 0;

	if (w->failed)
		return begin(w, err);
	if (!w->active || w->prepared)
		return 0;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0] && r >= 0; i++)
		r = steps[i](w, err);
	if (r < 0)
		return fail(w, r, err);
	w->prepared = true;
	w->n_resolve = 0;
	return 0;
}

int writer_commit(struct writer *w, struct err *err)
{
	int r = writer_prepare(w, err);

	if (r < 0 || !w->active)
		return r;
	r = store_chains(w, err);
	if (r == 0)
		r = sql_exec(&w->sql, "COMMIT", err);
	if (r < 0)
		return fail(w, r, err);
	w->active = w->prepared = false;
	return 0;
}
