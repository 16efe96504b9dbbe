/* SPDX-License-Identifier: Apache-2.0 */
#include "store/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/recording.h"
#include "store/session_row.h"

/* How often an index may be put in the place of one that is being opened. */
#define REPLACED_MAX 5
/* How long who reads is waited for. */
#define REMOVE_WAIT  ((useconds_t)100 * 1000)
#define REMOVE_TRIES 10

static struct embedded *self(struct store *s)
{
	return (struct embedded *)s;
}

static void embedded_close(struct store *s)
{
	struct embedded *e = self(s);

	if (!e)
		return;
	sql_close(&e->read);
	writer_close(e->writer);
	fd_close(&e->blocks_fd);
	free(e->path);
	free(e);
}

/* Of an index that is there: its directory and that of its blocks, to be closed
 * even after an error. */
static int open_dirs(const char *path, int *dir, int *blocks, struct err *err)
{
	*dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*blocks = *dir < 0 ? -1
			   : openat(*dir, CATALOGUE_BLOCKS,
				 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *blocks < 0
		   ? err_sys(err, -errno, "cannot open the index %s", path)
		   : 0;
}

/*
 * Cursors open files of blocks as they come to them, and hold a lock of their
 * directory meanwhile.
 */
static int embedded_remove(const char *path)
{
	CLEANUP_FD int dir = -1;
	CLEANUP_FD int blocks = -1;
	/* What is not whole nobody can read. */
	const bool whole = open_dirs(path, &dir, &blocks, NULL) == 0;

	for (int i = 0; whole && flock(blocks, LOCK_EX | LOCK_NB) < 0; i++) {
		if (i == REMOVE_TRIES)
			return -EBUSY;
		usleep(REMOVE_WAIT);
	}
	return fd_remove_tree(path);
}

static int make_dirs(const char *path, int *blocks, struct err *err)
{
	CLEANUP_FD int dir = -1;
	int r;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make %s", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir < 0 ? -errno : fd_open_dir(dir, CATALOGUE_BLOCKS, 0700, blocks);
	return r < 0 ? err_sys(err, r, "cannot open the index %s", path) : 0;
}

static int open_blocks(
    struct embedded *e, enum store_mode mode, struct err *err)
{
	CLEANUP_FD int dir = -1;

	return mode == STORE_WRITE
		   ? make_dirs(e->path, &e->blocks_fd, err)
		   : open_dirs(e->path, &dir, &e->blocks_fd, err);
}

static int stat_catalogue(const char *dir, struct stat *ret)
{
	struct buf path = BUF_INIT;
	int r;

	buf_printf(&path, "%s/" CATALOGUE_FILE, dir);
	r = buf_error(&path);
	if (r == 0 && stat(buf_z(&path), ret) < 0)
		r = -errno;
	buf_free(&path);
	return r;
}

static int note_place(struct embedded *e, struct err *err)
{
	struct stat st = {0};
	int r = stat_catalogue(e->path, &st);

	e->dev = st.st_dev;
	e->ino = st.st_ino;
	return r < 0 ? err_sys(err, r, "%s/" CATALOGUE_FILE, e->path) : 0;
}

static int embedded_guard(struct store *s, struct err *err)
{
	const struct embedded *e = self(s);
	struct stat st = {0}, blocks = {0};
	int r = stat_catalogue(e->path, &st);

	if (r == -ENOMEM)
		return 0;
	if (r == 0 && st.st_dev == e->dev && st.st_ino == e->ino &&
	    fstat(e->blocks_fd, &blocks) == 0 && blocks.st_nlink > 0)
		return 0;
	return err_set(err, -ESTALE,
	    "somebody removed the index %s while it was written", e->path);
}

static int embedded_open(
    struct store **ret, const char *path, enum store_mode mode, struct err *err)
{
	struct embedded *e = calloc(1, sizeof *e);
	int r;

	if (!e)
		return -ENOMEM;
	e->base.ops = &store_embedded;
	e->blocks_fd = -1;
	e->path = strdup(path);
	r = e->path ? open_blocks(e, mode, err) : -ENOMEM;
	if (r == 0 && mode == STORE_WRITE)
		r = writer_open(&e->writer, path, e->blocks_fd, err);
	if (r == 0)
		r = catalogue_open(&e->read, path, STORE_READ, err);
	if (r == 0)
		r = note_place(e, err);
	if (r < 0) {
		embedded_close(&e->base);
		return r;
	}
	*ret = &e->base;
	return 0;
}

static int writable(struct store *s, struct err *err)
{
	return self(s)->writer
		   ? 0
		   : err_set(err, -EROFS, "the index was opened for reading");
}

static int embedded_add(
    struct store *s, const struct event *ev, struct err *err)
{
	int r = writable(s, err);

	return r < 0 ? r : writer_add(self(s)->writer, ev, err);
}

static int embedded_put_track(
    struct store *s, const struct track *t, struct err *err)
{
	int r = writable(s, err);

	return r < 0 ? r : writer_put_track(self(s)->writer, t, err);
}

static int embedded_put_boot(
    struct store *s, const struct boot *b, struct err *err)
{
	int r = writable(s, err);

	return r < 0 ? r : writer_put_boot(self(s)->writer, b, err);
}

static int embedded_put_note(
    struct store *s, struct str key, struct str data, struct err *err)
{
	int r = writable(s, err);

	return r < 0 ? r : writer_put_note(self(s)->writer, key, data, err);
}

static int embedded_get_note(
    struct store *s, struct str key, struct buf *ret, struct err *err)
{
	int r = writable(s, err);

	return r < 0 ? r : writer_get_note(self(s)->writer, key, ret, err);
}

static int embedded_prepare(struct store *s, struct err *err)
{
	int r = writable(s, err);

	return r < 0 ? r : writer_prepare(self(s)->writer, err);
}

static int embedded_commit(struct store *s, struct err *err)
{
	int r = writable(s, err);

	return r < 0 ? r : writer_commit(self(s)->writer, err);
}

static int embedded_last_seq(
    struct store *s, uint64_t chain, uint64_t *ret, struct err *err)
{
	int64_t v = 0;
	int r = sql_number(&self(s)->read,
	    "SELECT seq FROM chain WHERE id = ?1", &v, err, "u", chain);

	*ret = (uint64_t)v;
	return r == -ENOENT ? 0 : r;
}

static int embedded_chains(struct store *s,
    int (*fn)(void *ctx, uint64_t chain, uint64_t last), void *ctx,
    struct err *err)
{
	int r, stop = 0;
	sqlite3_stmt *st =
	    sql_get(&self(s)->read, "SELECT id, seq FROM chain", &r, err);
	struct query_window *v = NULL;
	size_t n = 0, cap = 0;

	if (!st)
		return r;
	while ((r = sql_step(&self(s)->read, st, err)) > 0) {
		if (n == cap) {
			void *p = realloc(v, (cap = cap * 2 + 8) * sizeof *v);

			if (!p) {
				sqlite3_reset(st);
				r = -ENOMEM;
				break;
			}
			v = p;
		}
		v[n++] = (struct query_window){
		    .chain = id_from_sql(sqlite3_column_int64(st, 0)),
		    .upto = (uint64_t)sqlite3_column_int64(st, 1)};
	}
	if (r == 0 && n)
		qsort(v, n, sizeof *v, window_cmp);
	for (size_t i = 0; r == 0 && stop == 0 && i < n; i++)
		stop = fn(ctx, v[i].chain, v[i].upto);
	free(v);
	return r < 0 ? r : stop;
}

static void embedded_cursor_close(struct store_cursor *c)
{
	if (!c)
		return;
	event_walk_close(c->events);
	session_walk_close(c->sessions);
	sql_close(&c->sql);
	fd_close(&c->blocks_fd);
	free(c);
}

/*
 * The catalogue and the blocks that belong to it. -ESTALE: another index was
 * put in the place of this one meanwhile.
 */
static int open_both(struct store_cursor *c, const char *path, struct err *err)
{
	CLEANUP_FD int dir = -1;
	struct stat here, there;
	int r = open_dirs(path, &dir, &c->blocks_fd, err);

	if (r < 0)
		return r;
	if (flock(c->blocks_fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return -ESTALE;
	r = catalogue_open(&c->sql, path, STORE_READ, err);
	if (r < 0)
		return r;
	if (fstatat(dir, CATALOGUE_FILE, &here, 0) < 0 ||
	    stat_catalogue(path, &there) < 0 || here.st_ino != there.st_ino ||
	    here.st_dev != there.st_dev)
		return -ESTALE;
	return 0;
}

static int open_cursor(
    struct store *s, struct store_cursor **ret, struct err *err)
{
	struct store_cursor *c = calloc(1, sizeof *c);
	int r = -ESTALE;

	if (!c)
		return -ENOMEM;
	c->blocks_fd = -1;
	for (int i = 0; i < REPLACED_MAX && r == -ESTALE; i++) {
		sql_close(&c->sql);
		fd_close(&c->blocks_fd);
		r = open_both(c, self(s)->path, err);
	}
	if (r == -ESTALE)
		err_set(err, r,
		    "the index %s is being made again: ask once more",
		    self(s)->path);
	/* The first read within it fixes what the cursor sees. */
	if (r == 0)
		r = sql_exec(&c->sql, "BEGIN", err);
	if (r < 0)
		embedded_cursor_close(c);
	else
		*ret = c;
	return r;
}

static int embedded_events(struct store *s, const struct query *q,
    struct store_cursor **ret, struct err *err)
{
	struct store_cursor *c;
	int r = open_cursor(s, &c, err);

	if (r < 0)
		return r;
	r = event_walk_open(&c->events, &c->sql, c->blocks_fd, q, err);
	if (r < 0)
		embedded_cursor_close(c);
	else
		*ret = c;
	return r;
}

static int embedded_next_event(
    struct store_cursor *c, struct event *ret, struct err *err)
{
	return c->events ? event_walk_next(c->events, ret, err) : -EINVAL;
}

static int embedded_sessions(struct store *s, const struct query *q,
    struct store_cursor **ret, struct err *err)
{
	struct store_cursor *c;
	int r = open_cursor(s, &c, err);

	if (r < 0)
		return r;
	r = session_walk_open(&c->sessions, &c->sql, c->blocks_fd, q, err);
	if (r < 0)
		embedded_cursor_close(c);
	else
		*ret = c;
	return r;
}

static int embedded_next_session(
    struct store_cursor *c, struct session *ret, struct err *err)
{
	return c->sessions ? session_walk_next(c->sessions, ret, err) : -EINVAL;
}

static int embedded_mark(const struct store_cursor *c, struct buf *ret)
{
	return c->events ? event_walk_mark(c->events, ret)
			 : session_walk_mark(c->sessions, ret);
}

static int embedded_count(struct store *s, const struct query *q,
    unsigned groups, int (*row)(void *ctx, const struct group_row *r),
    void *ctx, struct err *err)
{
	const struct count_sink sink = {row, ctx};
	struct store_cursor *c;
	int r = open_cursor(s, &c, err);

	if (r < 0)
		return r;
	r = events_count(&c->sql, c->blocks_fd, q, groups, &sink, err);
	embedded_cursor_close(c);
	return r;
}

/* Distinct sessions of a query; the first in *ret. */
static int find_one(struct sql *s, const char *text, uint64_t lo, uint64_t hi,
    uint64_t *ret, struct err *err)
{
	unsigned n = 0;
	int r;
	sqlite3_stmt *st = sql_get(s, text, &r, err);

	if (!st)
		return r;
	sql_bind(st, "uu", lo, hi);
	while ((r = sql_step(s, st, err)) > 0)
		if (n++ == 0)
			*ret = id_from_sql(sqlite3_column_int64(st, 0));
	if (r < 0)
		return r;
	return n == 0 ? -ENOENT : n == 1 ? 0 : -ENOTUNIQ;
}

static int find_last(struct sql *s, uint64_t *ret, struct err *err)
{
	static const unsigned flags[] = {TRACK_SSH, TRACK_RECORDED};
	int64_t id;
	int r = -ENOENT;

	for (size_t i = 0; i < 2 && r == -ENOENT; i++)
		r = sql_number(s,
		    "SELECT id FROM session WHERE flags & ?1"
		    " ORDER BY start DESC, stop DESC, id DESC LIMIT 1",
		    &id, err, "i", (int64_t)flags[i]);
	if (r == 0)
		*ret = id_from_sql(id);
	return r;
}

static int embedded_find_session(
    struct store *s, struct str prefix, uint64_t *ret, struct err *err)
{
	/* Sessions first: a failed connection must not make an id ambiguous
	 * that `ls` shows as unique. */
	static const char *const steps[] = {
	    "SELECT id FROM session WHERE id BETWEEN ?1 AND ?2"
	    " UNION SELECT t.session FROM track t JOIN session s"
	    " ON s.id = t.session WHERE t.id BETWEEN ?1 AND ?2"
	    " AND t.session <> t.id LIMIT 2",
	    "SELECT DISTINCT session FROM track WHERE id BETWEEN ?1 AND ?2"
	    " LIMIT 2"};
	struct sql *sql = &self(s)->read;
	unsigned free_bits;
	uint64_t lo;
	int r = -ENOENT;

	if (str_eqz(prefix, "last"))
		return find_last(sql, ret, err);
	if (prefix.n > 16 || !str_hex64(prefix, &lo))
		return -ENOENT;
	free_bits = 64 - 4 * (unsigned)prefix.n;
	lo <<= free_bits;
	for (size_t i = 0; i < 2 && r == -ENOENT; i++)
		r = find_one(sql, steps[i], lo,
		    lo | (free_bits ? UINT64_MAX >> (64 - free_bits) : 0), ret,
		    err);
	return r;
}

static int embedded_id_width(struct store *s, unsigned *ret, struct err *err)
{
	int64_t width = 4;
	int r = sql_number(&self(s)->read,
	    "SELECT value FROM meta WHERE key = 'width'", &width, err, "");

	*ret = (unsigned)width;
	return r == -ENOENT ? 0 : r;
}

static int embedded_stats(
    struct store *s, struct store_stats *ret, struct err *err)
{
	struct sql *sql = &self(s)->read;
	int64_t pages = 0, page_size = 0, n = 0;
	int r;
	sqlite3_stmt *st = sql_get(sql,
	    "SELECT count(*), total(rows), min(min_told), max(max_told),"
	    " total(bytes * (data IS NULL)),"
	    " (SELECT count(*) FROM session), (SELECT count(*) FROM host)"
	    " FROM block",
	    &r, err);

	*ret = (struct store_stats){.events = 0};
	if (!st)
		return r;
	r = sql_step(sql, st, err);
	if (r < 0)
		return r;
	ret->blocks = (uint64_t)sqlite3_column_int64(st, 0);
	ret->events = (uint64_t)sqlite3_column_int64(st, 1);
	ret->oldest = sqlite3_column_int64(st, 2);
	ret->newest = sqlite3_column_int64(st, 3);
	ret->bytes = (uint64_t)sqlite3_column_int64(st, 4);
	ret->sessions = (uint64_t)sqlite3_column_int64(st, 5);
	ret->hosts = (uint64_t)sqlite3_column_int64(st, 6);
	sqlite3_reset(st);
	r = sql_number(sql, "PRAGMA page_count", &pages, err, "");
	if (r == 0)
		r = sql_number(sql, "PRAGMA page_size", &page_size, err, "");
	ret->bytes += (uint64_t)(pages * page_size);
	if (r == 0)
		r = sql_number(sql, "SELECT count(*) FROM hidden", &n, err, "");
	ret->events -= (uint64_t)n;
	return r;
}

static int embedded_recordings(struct store *s, const struct recording_query *q,
    int (*row)(void *ctx, const struct recording *r), void *ctx,
    struct err *err)
{
	const struct recording_sink sink = {row, ctx};

	return recording_rows(&self(s)->read, q, &sink, err);
}

const struct store_ops store_embedded = {
    .name = "embedded",
    .open = embedded_open,
    .close = embedded_close,
    .remove = embedded_remove,
    .add = embedded_add,
    .put_track = embedded_put_track,
    .put_boot = embedded_put_boot,
    .put_note = embedded_put_note,
    .prepare = embedded_prepare,
    .commit = embedded_commit,
    .last_seq = embedded_last_seq,
    .chains = embedded_chains,
    .get_note = embedded_get_note,
    .events = embedded_events,
    .next_event = embedded_next_event,
    .sessions = embedded_sessions,
    .next_session = embedded_next_session,
    .cursor_mark = embedded_mark,
    .cursor_close = embedded_cursor_close,
    .count = embedded_count,
    .find_session = embedded_find_session,
    .id_width = embedded_id_width,
    .stats = embedded_stats,
    .recordings = embedded_recordings,
    .guard = embedded_guard,
};
