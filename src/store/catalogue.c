/* SPDX-License-Identifier: Apache-2.0 */
#include "store/catalogue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * block.data: a block too small for a file of its own; such blocks are merged
 * and go away, which a reader's snapshot outlives. Blocks in files stay.
 * block.chains: which numbers of which chains it has, see put_chains().
 * block.tallied: its events are counted in `tally`.
 * block.min_told, max_told: without events about reading logs in; or NULL.
 * host.joined: some of its tracks were joined once.
 * track.number: rows lie in the order in which tracks came. Ids are hashes: in
 * their order each of millions would be a page of its own to be read.
 * track.login: the name under which its events are counted there.
 * replaced: what hidden events count for in their track; the track has it too.
 * track.joins: in join_tracks(), enum track_joins. track.dirty: changed since,
 * enum track_dirty.
 */
static const char schema[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE host(id INTEGER PRIMARY KEY, name BLOB UNIQUE NOT NULL,"
    " joined NOT NULL DEFAULT 0);"
    "CREATE TABLE name(id INTEGER PRIMARY KEY, name BLOB UNIQUE NOT NULL);"
    "CREATE TABLE chain(id INTEGER PRIMARY KEY, seq INTEGER NOT NULL);"
    "CREATE TABLE block(id INTEGER PRIMARY KEY AUTOINCREMENT, rows, min_time,"
    " max_time, min_told, max_told, kinds, bytes, tallied, hosts BLOB,"
    " users BLOB, chains BLOB, data BLOB);"
    "CREATE INDEX block_new ON block(id) WHERE NOT tallied;"
    "CREATE TABLE block_track(track, block, first, n,"
    " PRIMARY KEY(track, block)) WITHOUT ROWID;"
    "CREATE TABLE track(number INTEGER PRIMARY KEY, id INTEGER UNIQUE NOT NULL,"
    " host, session, kind, flags,"
    " start, stop, login_time, ses, auid, pid, child_pid, port, n_exec,"
    " n_file, n_auth_fail, n_priv, bytes_in, bytes_out, login, joins,"
    " dirty, boot, user, addr, method, key_type, fp, cert_id, tty, origin,"
    " reason, notes);"
    "CREATE INDEX track_session ON track(session) WHERE session <> id;"
    "CREATE INDEX track_pid ON track(host, pid, start)"
    " WHERE joins = 1 AND pid <> -1;"
    "CREATE INDEX track_child ON track(host, child_pid, start)"
    " WHERE joins = 1 AND child_pid <> -1;"
    "CREATE INDEX track_ses ON track(host, ses, start)"
    " WHERE joins = 1 AND ses <> -1;"
    "CREATE INDEX track_peer ON track(host, port, addr, start)"
    " WHERE joins = 1 AND port <> -1;"
    "CREATE INDEX track_tty ON track(host, tty, start)"
    " WHERE joins = 1 AND tty IS NOT NULL;"
    "CREATE INDEX track_tried ON track(host, pid, stop) WHERE joins = 2;"
    "CREATE INDEX track_taped_ses ON track(host, ses, start)"
    " WHERE joins = 3;"
    "CREATE INDEX track_taped_tty ON track(host, tty, start)"
    " WHERE joins = 3;"
    "CREATE INDEX track_dirty ON track(host, joins, start, id) WHERE dirty;"
    "CREATE INDEX track_login ON track(id, login) WHERE login <> 0;"
    "CREATE TABLE session(id INTEGER PRIMARY KEY, host, start, stop, flags,"
    " user, own_user, person, addr, auid, fp, cert);"
    "CREATE INDEX session_start ON session(start, stop, id);"
    "CREATE INDEX session_user ON session(user, start);"
    "CREATE INDEX session_addr ON session(addr);"
    "CREATE INDEX session_person ON session(person) WHERE person <> 0;"
    "CREATE INDEX session_fp ON session(fp) WHERE fp <> 0;"
    "CREATE INDEX session_cert ON session(cert) WHERE cert <> 0;"
    "CREATE INDEX session_unnamed ON session(host, auid) WHERE own_user = 0;"
    "CREATE TABLE boot(host, time, boot_id BLOB,"
    " PRIMARY KEY(host, time, boot_id)) WITHOUT ROWID;"
    "CREATE TABLE identity(what, rank, time, person,"
    " PRIMARY KEY(what, rank)) WITHOUT ROWID;"
    "CREATE TABLE account(host, uid, time, name,"
    " PRIMARY KEY(host, uid)) WITHOUT ROWID;"
    "CREATE TABLE tally(day, host, data BLOB, PRIMARY KEY(day, host));"
    "CREATE TABLE note(key BLOB PRIMARY KEY, data BLOB) WITHOUT ROWID;"
    "CREATE TABLE amend(id, host, time,"
    " PRIMARY KEY(id, host, time)) WITHOUT ROWID;"
    "CREATE TABLE hidden(chain, seq, PRIMARY KEY(chain, seq)) WITHOUT ROWID;"
    "CREATE TABLE recording(host, chain BLOB, number, track, tty BLOB,"
    " size BLOB, command BLOB, format BLOB, start, stop, partial, bytes, "
    "input, lost,"
    " left_out, masked, last, sha256 BLOB,"
    " PRIMARY KEY(host, chain, number)) WITHOUT ROWID;"
    "CREATE INDEX recording_track ON recording(track);"
    "CREATE TABLE replaced(track INTEGER PRIMARY KEY, n_exec, n_file,"
    " n_auth_fail, n_priv, bytes_in, bytes_out);";

/*
 * Columns are known by their numbers, so an index made with other tables of
 * kinds and fields must be made again.
 */
static int64_t fields_hash(void)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (int i = 0; i < EVENT_N_KINDS; i++)
		for (const char *p = event_kind_name((enum event_kind)i); *p;
		     p++)
			h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	for (int i = 0; i < EVENT_N_FIELDS; i++) {
		for (const char *p = event_fields[i].key; *p; p++)
			h = (h ^ (unsigned char)*p) * 0x100000001b3u;
		h = (h ^ (unsigned)event_fields[i].type) * 0x100000001b3u;
	}
	return (int64_t)(h >> 1);
}

static int check_format(struct sql *s, struct err *err)
{
	int64_t format = 0, fields = 0;
	int r = sql_number(
	    s, "SELECT value FROM meta WHERE key = 'format'", &format, err, "");

	if (r == 0 && format > CATALOGUE_FORMAT)
		return err_set(err, -EPROTO,
		    "the index was made by a newer sshtrail (format %lld, "
		    "this one knows %d): upgrade, or run: sshtrail reindex",
		    (long long)format, CATALOGUE_FORMAT);
	if (r == 0)
		r = sql_number(s, "SELECT value FROM meta WHERE key = 'fields'",
		    &fields, err, "");
	if (r == 0 && (format < CATALOGUE_FORMAT || fields != fields_hash()))
		return err_set(err, -EBADMSG,
		    "the index was made by another version of sshtrail; "
		    "run: sshtrail reindex");
	return r == -ENOENT ? err_set(err, -EBADMSG,
				  "the index catalogue is damaged; "
				  "run: sshtrail reindex")
			    : r;
}

static int create(struct sql *s, struct err *err)
{
	int r = sql_exec(s, "BEGIN IMMEDIATE", err);

	if (r == 0)
		r = sql_exec(s, schema, err);
	if (r == 0)
		r = sql_run(s, "INSERT INTO meta VALUES('format', ?1)", err,
		    "i", (int64_t)CATALOGUE_FORMAT);
	if (r == 0)
		r = sql_run(s, "INSERT INTO meta VALUES('fields', ?1)", err,
		    "i", fields_hash());
	if (r == 0)
		r = sql_exec(s, "COMMIT", err);
	return r;
}

static int prepare_writer(struct sql *s, struct err *err)
{
	int64_t n = 0;
	int keep = 1;
	int r;

	/*
	 * Losing the last commits with the power is fine: they are made again
	 * from the trail. Readers without write permission need -wal and -shm
	 * to stay when the writer is gone.
	 */
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	r = sql_exec(s,
	    "PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL;"
	    "PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;"
	    "PRAGMA journal_size_limit = 16777216",
	    err);
	if (r < 0)
		return r;
	r = sql_number(s, "SELECT count(*) FROM sqlite_master", &n, err, "");
	/* Nothing is in it yet that would be worth waiting for the disk. */
	if (r == 0 && n == 0)
		r = create(s, err);
	return r < 0 ? r : sql_exec(s, "PRAGMA synchronous = NORMAL", err);
}

/* SQLite's form of a name with options, for which it must be escaped. */
static int open_immutable(struct sql *s, const char *path, struct err *err)
{
	static const char hex[] = "0123456789ABCDEF";
	struct buf uri = BUF_INIT;
	int r;

	buf_add_z(&uri, "file:");
	for (const char *p = path; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '%' || c == '?' || c == '#') {
			buf_add_char(&uri, '%');
			buf_add_char(&uri, hex[c >> 4]);
			buf_add_char(&uri, hex[c & 15]);
		} else {
			buf_add_char(&uri, *p);
		}
	}
	buf_add_z(&uri, "?immutable=1");
	r = buf_error(&uri);
	if (r == 0)
		r = sql_open(s, buf_z(&uri),
		    SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
	buf_free(&uri);
	return r;
}

/*
 * SQLite shares what a writer has not yet moved into the database with readers
 * in a file that it makes beside it. Where that is not there and cannot be
 * made (a CD, a copy of somebody else's), there is no writer either, and what
 * lies there does not change.
 */
static int open_reading(
    struct sql *s, const char *dir, const char *path, struct err *err)
{
	char beside[4096 + 8];
	struct stat st;

	snprintf(beside, sizeof beside, "%s-shm", path);
	if (stat(beside, &st) == 0 ||
	    faccessat(AT_FDCWD, dir, W_OK, AT_EACCESS) == 0)
		return sql_open(s, path, SQLITE_OPEN_READONLY, err);
	snprintf(beside, sizeof beside, "%s-wal", path);
	if (stat(beside, &st) < 0 || st.st_size == 0)
		return open_immutable(s, path, err);
	return err_set(err, -EACCES,
	    "its last changes were not merged (%s-wal), which needs "
	    "permission to write in %s: ask as who may, or copy the store",
	    CATALOGUE_FILE, dir);
}

int catalogue_open(
    struct sql *s, const char *dir, enum store_mode mode, struct err *err)
{
	char path[4096];
	struct stat st;
	int r;

	if (snprintf(path, sizeof path, "%s/%s", dir, CATALOGUE_FILE) >=
	    (int)sizeof path)
		return err_set(err, -ENAMETOOLONG, "path is too long");
	if (mode == STORE_READ && stat(path, &st) < 0)
		return err_sys(err, -errno, "no index at %s", dir);
	r = mode == STORE_READ
		? open_reading(s, dir, path, err)
		: sql_open(
		      s, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
	if (r < 0)
		return r;
	/* Mapped: a question about many tracks reads most of the file. */
	r = mode == STORE_READ ? sql_exec(s,
				     "PRAGMA cache_size = -32000;"
				     "PRAGMA mmap_size = 134217728",
				     err)
			       : prepare_writer(s, err);
	if (r == 0)
		r = check_format(s, err);
	if (r < 0)
		sql_close(s);
	return r;
}

int catalogue_find_host(
    struct sql *s, struct str name, int64_t *ret, struct err *err)
{
	int r = sql_number(
	    s, "SELECT id FROM host WHERE name = ?1", ret, err, "s", name);

	if (r == -ENOENT)
		*ret = 0;
	return r == -ENOENT ? 0 : r;
}

int catalogue_find_name(
    struct sql *s, struct str name, int64_t *ret, struct err *err)
{
	int r;

	*ret = 0;
	if (name.n == 0)
		return 0;
	r = sql_number(
	    s, "SELECT id FROM name WHERE name = ?1", ret, err, "s", name);
	return r == -ENOENT ? 0 : r;
}

int catalogue_host(
    struct sql *s, struct str name, int64_t *ret, struct err *err)
{
	int r = catalogue_find_host(s, name, ret, err);

	if (r < 0 || *ret)
		return r;
	r = sql_run(s, "INSERT INTO host(name) VALUES(?1)", err, "s", name);
	*ret = sqlite3_last_insert_rowid(s->db);
	return r;
}

int catalogue_name(
    struct sql *s, struct str name, int64_t *ret, struct err *err)
{
	int r = catalogue_find_name(s, name, ret, err);

	if (r < 0 || *ret || name.n == 0)
		return r;
	r = sql_run(s, "INSERT INTO name(name) VALUES(?1)", err, "s", name);
	*ret = sqlite3_last_insert_rowid(s->db);
	return r;
}

static int text_of(struct sql *s, const char *query, int64_t id,
    struct arena *a, struct str *ret, struct err *err)
{
	int r;
	sqlite3_stmt *st = sql_get(s, query, &r, err);

	*ret = STR("");
	if (!st)
		return r;
	sql_bind(st, "i", id);
	r = sql_step(s, st, err);
	if (r <= 0)
		return r;
	*ret = arena_dup(a, sql_str(st, 0));
	sqlite3_reset(st);
	return ret->p ? 0 : -ENOMEM;
}

int catalogue_host_text(struct sql *s, int64_t id, struct arena *a,
    struct str *ret, struct err *err)
{
	return text_of(
	    s, "SELECT name FROM host WHERE id = ?1", id, a, ret, err);
}

int catalogue_name_text(struct sql *s, int64_t id, struct arena *a,
    struct str *ret, struct err *err)
{
	return text_of(
	    s, "SELECT name FROM name WHERE id = ?1", id, a, ret, err);
}

void block_name(int64_t id, char ret[static BLOCK_NAME_LEN])
{
	snprintf(ret, BLOCK_NAME_LEN, "%016llx.blk", (unsigned long long)id);
}

int catalogue_block(struct sql *s, int blocks_fd, int64_t id,
    struct block **ret, struct err *err)
{
	char name[BLOCK_NAME_LEN];
	int r;
	sqlite3_stmt *st =
	    sql_get(s, "SELECT data FROM block WHERE id = ?1", &r, err);

	if (!st)
		return r;
	sql_bind(st, "i", id);
	r = sql_step(s, st, err);
	if (r < 0)
		return r;
	if (r == 1 && sqlite3_column_type(st, 0) != SQLITE_NULL) {
		r = block_open_copy(ret, sql_str(st, 0), err);
		sqlite3_reset(st);
		return r;
	}
	sqlite3_reset(st);
	block_name(id, name);
	return block_open_file(ret, blocks_fd, name, err);
}
