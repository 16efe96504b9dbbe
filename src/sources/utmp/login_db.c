/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/utmp/login_db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/when.h"
#include "sources/utmp/wal.h"

#define MAGIC		  STR("SQLite format 3")
/* Write and read version of the file format: 1 rollback journal, 2 WAL. */
#define OFF_WRITE_VERSION 18
#define OFF_READ_VERSION  19
#define HEADER_LEN	  100
#define CONTENT_MAX	  ((size_t)1 << 30)
#define WAL_EXPECTED	  "a write-ahead log of SQLite (FILE-wal)"
#define TEXT_MAX	  4096
#define SEC_MAX		  ((int64_t)UINT32_MAX)

/*
 * A row of some ten bytes costs some twenty steps, so honest files stay far
 * below; pages that refer to each other in circles do not.
 */
#define STEPS_BASE     1000000
#define STEPS_PER_BYTE 8
#define STEPS_AT_ONCE  1000

struct login_db {
	sqlite3 *db;
	int64_t rounds_left; /* of STEPS_AT_ONCE steps */
};

int login_db_probe(struct str head, const char *table)
{
	char create[64];

	snprintf(create, sizeof create, "CREATE TABLE %s", table);
	if (!str_starts(head, MAGIC) || head.n < HEADER_LEN)
		return 0;
	return str_find(head, str_z(create)) != STR_NPOS ? 95 : 0;
}

static int progress(void *ctx)
{
	struct login_db *d = ctx;

	return d->rounds_left-- <= 0;
}

/* Nothing but SELECT of plain columns. */
static int authorize(void *ctx, int action, const char *a, const char *b,
    const char *database, const char *trigger)
{
	return action == SQLITE_SELECT || action == SQLITE_READ ? SQLITE_OK
								: SQLITE_DENY;
}

static int db_harden(struct login_db *d)
{
	static const int configs[][2] = {
	    {SQLITE_DBCONFIG_DEFENSIVE, 1},
	    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
	    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
	    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
	    {SQLITE_DBCONFIG_DQS_DDL, 0},
	    {SQLITE_DBCONFIG_DQS_DML, 0},
	};
	static const int limits[][2] = {
	    {SQLITE_LIMIT_LENGTH, 1 << 20},
	    {SQLITE_LIMIT_SQL_LENGTH, 64 << 10},
	    {SQLITE_LIMIT_COLUMN, 64},
	    {SQLITE_LIMIT_EXPR_DEPTH, 20},
	    {SQLITE_LIMIT_VDBE_OP, 10000},
	    {SQLITE_LIMIT_ATTACHED, 0},
	    {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
	};
	int r = SQLITE_OK;

	for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++)
		r |= sqlite3_db_config(
		    d->db, configs[i][0], configs[i][1], NULL);
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		sqlite3_limit(d->db, limits[i][0], limits[i][1]);
	r |= sqlite3_exec(d->db, "PRAGMA cell_size_check=ON", NULL, NULL, NULL);
	sqlite3_progress_handler(d->db, STEPS_AT_ONCE, progress, d);
	return r;
}

/* The database with what its log holds, by sqlite3_malloc64(). */
static int copy_with_wal(struct str content, const struct wal *wal,
    unsigned char **ret, size_t *ret_n)
{
	uint64_t n = wal_db_size(wal, content);

	if (content.n < HEADER_LEN)
		return SQLITE_NOTADB;
	if (content.n > CONTENT_MAX || wal->bytes.n > CONTENT_MAX)
		return SQLITE_TOOBIG;
	if (n == 0)
		return SQLITE_CORRUPT;
	*ret = sqlite3_malloc64(n);
	if (!*ret)
		return SQLITE_NOMEM;
	*ret_n = (size_t)n;
	memset(*ret, 0, *ret_n);
	memcpy(*ret, content.p, content.n < n ? content.n : *ret_n);
	wal_apply(wal, *ret);
	/* All is in it now; a log of its own would need files. */
	if ((*ret)[OFF_WRITE_VERSION] == 2 && (*ret)[OFF_READ_VERSION] == 2)
		(*ret)[OFF_WRITE_VERSION] = (*ret)[OFF_READ_VERSION] = 1;
	return SQLITE_OK;
}

/* Returns a result code of SQLite. d->db is to be closed in any case. */
static int db_open(
    struct login_db *d, struct str content, const struct wal *wal)
{
	int r = sqlite3_open_v2(":memory:", &d->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX,
	    NULL);
	unsigned char *copy;
	size_t n = 0;

	if (r == SQLITE_OK)
		r = db_harden(d);
	if (r == SQLITE_OK)
		r = copy_with_wal(content, wal, &copy, &n);
	if (r != SQLITE_OK)
		return r;
	d->rounds_left =
	    (STEPS_BASE + (int64_t)n * STEPS_PER_BYTE) / STEPS_AT_ONCE;
	return sqlite3_deserialize(d->db, "main", copy, (sqlite3_int64)n,
	    (sqlite3_int64)n,
	    SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_READONLY);
}

/* Runs one question about the table; how many rows answer it, to *ret. */
static int ask(
    struct login_db *d, const char *sql, const char *table, int64_t *ret)
{
	sqlite3_stmt *stmt = NULL;
	int r = sqlite3_prepare_v2(d->db, sql, -1, &stmt, NULL);

	if (r == SQLITE_OK)
		r = sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
	if (r == SQLITE_OK)
		r = sqlite3_step(stmt);
	if (r == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return r == SQLITE_ROW ? SQLITE_OK : r;
}

/*
 * A virtual table has no root page, a view is no table, and a computed column
 * would run an expression of the file's author.
 */
static int check_table(struct login_db *d, const char *table)
{
	int64_t n_real = 0, n_computed = 0;
	int r = ask(d,
	    "SELECT count(*) FROM main.sqlite_master WHERE type = 'table' "
	    "AND name = ? COLLATE NOCASE AND rootpage > 1",
	    table, &n_real);

	if (r == SQLITE_OK && n_real == 0)
		return SQLITE_SCHEMA;
	if (r == SQLITE_OK)
		r = ask(d,
		    "SELECT count(*) FROM pragma_table_xinfo(?) "
		    "WHERE hidden <> 0",
		    table, &n_computed);
	if (r == SQLITE_OK && n_computed > 0)
		return SQLITE_AUTH;
	return r == SQLITE_OK ? sqlite3_set_authorizer(d->db, authorize, NULL)
			      : r;
}

static void count_row(struct source_sink *sink, const char *expected)
{
	char text[40];
	int n = snprintf(
	    text, sizeof text, "row %llu", (unsigned long long)sink->lines);

	source_unparsed(
	    sink, 0, str_make(text, n > 0 ? (size_t)n : 0), expected);
}

/* *ret_code: how SQLite ended. */
static int read_rows(struct login_db *d, const struct login_table *table,
    struct source_run *run, struct source_sink *sink, int *ret_code)
{
	sqlite3_stmt *stmt = NULL;
	int r = 0;

	*ret_code = check_table(d, table->name);
	if (*ret_code == SQLITE_OK)
		*ret_code =
		    sqlite3_prepare_v2(d->db, table->sql, -1, &stmt, NULL);
	if (*ret_code != SQLITE_OK)
		return 0;
	while (r >= 0 && (*ret_code = sqlite3_step(stmt)) == SQLITE_ROW) {
		sink->lines++;
		r = table->row(run, stmt, sink);
		if (r > 0)
			count_row(sink, table->expected);
	}
	sqlite3_finalize(stmt);
	return r < 0 ? r : 0;
}

static const char *problem_text(int code)
{
	switch (code) {
	case SQLITE_INTERRUPT:
		return "the database refers to itself in circles";
	case SQLITE_SCHEMA:
		return "the database has no such table";
	case SQLITE_AUTH:
		return "the table holds computed columns";
	default:
		return sqlite3_errstr(code);
	}
}

int login_db_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->in = *in;
	*ret = run;
	return 0;
}

void login_db_beside(struct source_run *run, struct str content)
{
	run->wal = content;
}

void login_db_close(struct source_run *run)
{
	free(run);
}

ssize_t login_db_feed(struct source_run *run, const struct login_table *table,
    struct str data, bool last, struct source_sink *sink)
{
	struct login_db d = {NULL, 0};
	const char *problem;
	struct wal wal;
	int code, r = 0;

	if (!last)
		return 0;
	problem = wal_open(&wal, run->wal);
	if (problem) {
		sink->lines++;
		source_unparsed(sink, 0, str_z(problem), WAL_EXPECTED);
	}
	code = db_open(&d, data, &wal);
	if (code == SQLITE_OK)
		r = read_rows(&d, table, run, sink, &code);
	sqlite3_close(d.db);
	if (r < 0)
		return r;
	if (code == SQLITE_NOMEM)
		return -ENOMEM;
	if (code != SQLITE_OK && code != SQLITE_DONE) {
		sink->lines++;
		source_unparsed(
		    sink, 0, str_z(problem_text(code)), table->expected);
	}
	return (ssize_t)data.n;
}

struct str login_db_text(sqlite3_stmt *row, int column)
{
	const unsigned char *p;
	int n;

	if (sqlite3_column_type(row, column) != SQLITE_TEXT)
		return STR_NONE;
	p = sqlite3_column_text(row, column);
	n = sqlite3_column_bytes(row, column);
	if (!p || n <= 0)
		return STR_NONE;
	return str_upto(str_make(p, (size_t)n), TEXT_MAX);
}

bool login_db_time(sqlite3_stmt *row, int column, int64_t unit, int64_t *ret)
{
	int64_t v;

	if (sqlite3_column_type(row, column) != SQLITE_INTEGER)
		return false;
	v = sqlite3_column_int64(row, column);
	if (v <= 0 || v > SEC_MAX * (USEC_PER_SEC / unit))
		return false;
	*ret = v * unit;
	return true;
}
