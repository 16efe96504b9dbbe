/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite, as the catalogue uses it: one connection, statements prepared once,
 * errors as errno with a sentence. Strings are BLOBs: they hold any bytes.
 * 64-bit ids are stored with their top bit turned, so that their order and
 * prefixes are those of the unsigned number.
 */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>

#include "base/err.h"
#include "base/str.h"

#define SQL_CACHE 128

struct sql {
	sqlite3 *db;
	const char *text[SQL_CACHE]; /* literals, known by address */
	sqlite3_stmt *stmt[SQL_CACHE];
	size_t n;
};

/* `flags` as for sqlite3_open_v2(). Nothing to close on failure. */
int sql_open(struct sql *s, const char *path, int flags, struct err *err);
void sql_close(struct sql *s);

/* Statements without result, several with semicolons. */
int sql_exec(struct sql *s, const char *text, struct err *err);

/*
 * A prepared statement, ready for binding; owned by the cache. `text` must be
 * a string literal. NULL on failure, *r says why.
 */
sqlite3_stmt *sql_get(struct sql *s, const char *text, int *r, struct err *err);
/* The same for made-up text; give back with sqlite3_finalize(). */
sqlite3_stmt *sql_make(
    struct sql *s, const char *text, int *r, struct err *err);

/*
 * Bind parameters 1.. by `types`: i int64_t, u uint64_t id, s struct str,
 * 0 NULL (no argument). Strings are not copied.
 */
void sql_bind(sqlite3_stmt *st, const char *types, ...);
/* 1: a row, 0: done (the statement is reset), < 0: error (reset too). */
int sql_step(struct sql *s, sqlite3_stmt *st, struct err *err);
/* Bind and step to the end. */
int sql_run(
    struct sql *s, const char *text, struct err *err, const char *types, ...);
/*
 * First column of the first row; -ENOENT and *ret unchanged when there is no
 * row or it is NULL.
 */
int sql_number(struct sql *s, const char *text, int64_t *ret, struct err *err,
    const char *types, ...);

struct str sql_str(sqlite3_stmt *st, int column);

static inline int64_t id_to_sql(uint64_t id)
{
	return (int64_t)(id ^ (uint64_t)1 << 63);
}

static inline uint64_t id_from_sql(int64_t v)
{
	return (uint64_t)v ^ (uint64_t)1 << 63;
}

#endif
