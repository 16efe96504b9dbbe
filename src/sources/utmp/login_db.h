/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Login databases: one SQLite table read out of the bytes of a database file.
 * The file may be hostile: nothing but a real table is read, no view, trigger,
 * function or index of the file is used, and work and lengths are bounded.
 *
 * Commits that are still in the -wal file beside it count as in the database.
 */
#ifndef SOURCES_UTMP_LOGIN_DB_H
#define SOURCES_UTMP_LOGIN_DB_H

#include <sqlite3.h>

#include "sources/source.h"

/* Of all sources that read a table. */
struct source_run {
	struct source_input in;
	struct str wal; /* content of the -wal file, or empty */
};

struct login_table {
	const char *name;
	const char *sql;      /* SELECT of one table, main.NAME NOT INDEXED */
	const char *expected; /* what a row must be, for messages */
	/*
	 * One row. 0; 1: it was not understood; else a negative errno, which
	 * ends the reading. Column values live during the call.
	 */
	int (*row)(struct source_run *run, sqlite3_stmt *row,
	    struct source_sink *sink);
};

/* probe() for a SQLite database whose schema names the table. */
int login_db_probe(struct str head, const char *table);

/* open(), beside() and close() of these sources. */
#define LOGIN_DB_BESIDE "-wal"
int login_db_open(
    struct source_run **ret, const struct source_input *in, struct err *err);
void login_db_beside(struct source_run *run, struct str content);
void login_db_close(struct source_run *run);

/*
 * feed() for a table: with `last`, all its rows. Rows not understood, and
 * damage or anything else that keeps the database from being read on, are
 * counted in the sink.
 */
ssize_t login_db_feed(struct source_run *run, const struct login_table *table,
    struct str data, bool last, struct source_sink *sink);

/* Text of a column, STR_NONE when it is of another type or empty. */
struct str login_db_text(sqlite3_stmt *row, int column);
/*
 * Time of a column as microseconds, when it counts `unit` microseconds and
 * lies in the years 1970 to 2106. False for anything else, also NULL.
 */
bool login_db_time(sqlite3_stmt *row, int column, int64_t unit, int64_t *ret);

#endif
