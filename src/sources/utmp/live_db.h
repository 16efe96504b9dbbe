/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SQLite database that others write, read as a whole without a lock of our
 * own: a lock would let a writer, and so a login, wait or fail. Instead the
 * locks of others are looked at (fcntl(2), F_GETLK; for which bytes they are:
 * https://www.sqlite.org/lockingv3.html and src/os.h of SQLite), and what was
 * read counts only when nothing changed meanwhile.
 */
#ifndef SOURCES_UTMP_LIVE_DB_H
#define SOURCES_UTMP_LIVE_DB_H

#include "base/buf.h"
#include "base/err.h"

/* Of the database and of its log each. */
#define LIVE_DB_MAX ((size_t)16 << 20)

enum live_db_file { LIVE_DB, LIVE_DB_WAL, LIVE_DB_JOURNAL, LIVE_DB_FILES };

/* What SQLite appends to the name, in that order. */
extern const char *const live_db_suffixes[LIVE_DB_FILES];

struct live_db {
	int fd[LIVE_DB_FILES]; /* -1: there is no such file */
};

/* Two that are equal: nothing was written between. */
struct live_db_stamp {
	uint64_t v[8];
};

void live_db_close(struct live_db *db);

/*
 * Whether it may be read now. If not, `why` (of `n` bytes) says whom it waits
 * for: a writer that is at it, or one that died at it, after which the next one
 * mends the database.
 */
bool live_db_is_free(const struct live_db *db, char *why, size_t n);

void live_db_stamp(const struct live_db *db, struct live_db_stamp *ret);

/*
 * Append the database, with what its log holds. *ret_problem, when not NULL, is
 * what keeps the log from being read whole (a static string). -EFBIG beyond
 * LIVE_DB_MAX, or a negative errno; nothing is appended then.
 */
int live_db_read(const struct live_db *db, struct buf *to,
    const char **ret_problem, struct err *err);

#endif
