/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sql.h"

#include <errno.h>
#include <stdarg.h>

static const struct {
	int code, error;
	const char *advice;
} errors[] = {
    {SQLITE_FULL, -ENOSPC, "the disk is full"},
    {SQLITE_NOMEM, -ENOMEM, "out of memory"},
    {SQLITE_CORRUPT, -EBADMSG, "it is damaged; run: sshtrail reindex"},
    {SQLITE_NOTADB, -EBADMSG, "it is damaged; run: sshtrail reindex"},
    /* Our statements are right: then a table or column is missing. */
    {SQLITE_ERROR, -EBADMSG, "it is damaged; run: sshtrail reindex"},
    {SQLITE_BUSY, -EBUSY, "another process is writing to it"},
    {SQLITE_LOCKED, -EBUSY, "another process is writing to it"},
    {SQLITE_READONLY, -EROFS, "it cannot be written: check its permissions"},
    {SQLITE_PERM, -EACCES, "check its permissions"},
    {SQLITE_AUTH, -EACCES, "check its permissions"},
    {SQLITE_CANTOPEN, -EACCES, "it cannot be opened: check its permissions"},
    {SQLITE_TOOBIG, -EMSGSIZE, "a value is too long"},
};

static int sql_error(struct sql *s, int code, struct err *err)
{
	int sys = sqlite3_system_errno(s->db);

	if (code == SQLITE_IOERR_SHORT_READ)
		code = SQLITE_CORRUPT;
	/* Not extended, or written in part: there is no errno. */
	else if (code == SQLITE_IOERR_SHMSIZE ||
		 (code == SQLITE_IOERR_WRITE && sys == 0))
		code = SQLITE_FULL;
	else if ((code & 0xff) == SQLITE_IOERR && sys == EFBIG)
		return err_set(err, -EFBIG,
		    "index catalogue: it has grown to the limit set for files");
	else if ((code & 0xff) == SQLITE_IOERR &&
		 (sys == ENOSPC || sys == EDQUOT))
		code = SQLITE_FULL;
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (errors[i].code == (code & 0xff))
			return err_set(err, errors[i].error,
			    "index catalogue: %s (%s)", errors[i].advice,
			    sqlite3_errmsg(s->db));
	return err_set(err, -EIO, "index catalogue: %s", sqlite3_errmsg(s->db));
}

int sql_open(struct sql *s, const char *path, int flags, struct err *err)
{
	int r;

	*s = (struct sql){.db = NULL};
	r = sqlite3_open_v2(path, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (r == SQLITE_OK) {
		sqlite3_extended_result_codes(s->db, 1);
		sqlite3_busy_timeout(s->db, 10000);
		return 0;
	}
	r = s->db ? sql_error(s, r, err) : -ENOMEM;
	sql_close(s);
	return r;
}

void sql_close(struct sql *s)
{
	for (size_t i = 0; i < s->n; i++)
		sqlite3_finalize(s->stmt[i]);
	s->n = 0;
	sqlite3_close(s->db);
	s->db = NULL;
}

int sql_exec(struct sql *s, const char *text, struct err *err)
{
	int r = sqlite3_exec(s->db, text, NULL, NULL, NULL);

	return r == SQLITE_OK ? 0 : sql_error(s, r, err);
}

sqlite3_stmt *sql_make(struct sql *s, const char *text, int *r, struct err *err)
{
	sqlite3_stmt *st = NULL;

	*r = sqlite3_prepare_v2(s->db, text, -1, &st, NULL);
	if (*r == SQLITE_OK)
		return st;
	*r = sql_error(s, *r, err);
	return NULL;
}

sqlite3_stmt *sql_get(struct sql *s, const char *text, int *r, struct err *err)
{
	sqlite3_stmt *st;

	for (size_t i = 0; i < s->n; i++)
		if (s->text[i] == text) {
			sqlite3_reset(s->stmt[i]);
			return s->stmt[i];
		}
	if (s->n == SQL_CACHE) {
		*r = err_set(err, -ENOBUFS, "index: too many statements");
		return NULL;
	}
	st = sql_make(s, text, r, err);
	if (st) {
		s->text[s->n] = text;
		s->stmt[s->n++] = st;
	}
	return st;
}

static void bind_list(sqlite3_stmt *st, const char *types, va_list ap)
{
	for (int i = 1; *types; i++, types++) {
		if (*types == 'i') {
			sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
		} else if (*types == 'u') {
			sqlite3_bind_int64(
			    st, i, id_to_sql(va_arg(ap, uint64_t)));
		} else if (*types == 's') {
			struct str v = va_arg(ap, struct str);

			/* A NULL pointer would bind NULL, not the empty. */
			sqlite3_bind_blob64(
			    st, i, v.p ? v.p : "", v.n, SQLITE_STATIC);
		} else {
			sqlite3_bind_null(st, i);
		}
	}
}

void sql_bind(sqlite3_stmt *st, const char *types, ...)
{
	va_list ap;

	va_start(ap, types);
	bind_list(st, types, ap);
	va_end(ap);
}

int sql_step(struct sql *s, sqlite3_stmt *st, struct err *err)
{
	int r = sqlite3_step(st);

	if (r == SQLITE_ROW)
		return 1;
	r = r == SQLITE_DONE ? 0 : sql_error(s, r, err);
	sqlite3_reset(st);
	return r;
}

int sql_run(
    struct sql *s, const char *text, struct err *err, const char *types, ...)
{
	va_list ap;
	int r;
	sqlite3_stmt *st = sql_get(s, text, &r, err);

	if (!st)
		return r;
	va_start(ap, types);
	bind_list(st, types, ap);
	va_end(ap);
	while ((r = sql_step(s, st, err)) > 0)
		continue;
	return r;
}

int sql_number(struct sql *s, const char *text, int64_t *ret, struct err *err,
    const char *types, ...)
{
	va_list ap;
	int r;
	sqlite3_stmt *st = sql_get(s, text, &r, err);

	if (!st)
		return r;
	va_start(ap, types);
	bind_list(st, types, ap);
	va_end(ap);
	r = sql_step(s, st, err);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = sqlite3_column_type(st, 0) == SQLITE_NULL ? -ENOENT : 0;
	if (r == 0)
		*ret = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return r;
}

struct str sql_str(sqlite3_stmt *st, int column)
{
	const void *p = sqlite3_column_blob(st, column);

	return str_make(p ? p : "", (size_t)sqlite3_column_bytes(st, column));
}
