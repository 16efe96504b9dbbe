/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/utmp/live_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/hash.h"
#include "sources/utmp/wal.h"

/* Bytes that SQLite locks: who writes, and who changes the file itself. */
#define RESERVED_BYTE	0x40000001
#define SHARED_BYTES	0x40000002
#define N_SHARED_BYTES	510
#define DB_HEADER_LEN	100 /* with a number that each commit changes */
#define WAL_HEADER_LEN	32
#define WAL_NOT_OF_THIS "the write-ahead log is not of this database"

const char *const live_db_suffixes[LIVE_DB_FILES] = {"", "-wal", "-journal"};

void live_db_close(struct live_db *db)
{
	for (int i = 0; i < LIVE_DB_FILES; i++)
		fd_close(&db->fd[i]);
}

/* Process that has locked it for writing, 0: none. */
static pid_t locked_by(int fd, off_t at, off_t n)
{
	struct flock lock = {
	    .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = n};

	/* Where there are no locks nobody waits for one. */
	if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid > 0 ? lock.l_pid : -1;
}

/* A commit that is not over: its end empties, clears or removes the journal. */
static bool journal_is_hot(int fd)
{
	struct stat st;
	char first = 0;

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink > 0 &&
	       fd_pread_full(fd, &first, 1, 0) == 1 && first;
}

bool live_db_is_free(const struct live_db *db, char *why, size_t n)
{
	int fd = db->fd[LIVE_DB];
	pid_t pid = locked_by(fd, SHARED_BYTES, N_SHARED_BYTES);

	if (pid) {
		snprintf(why, n, "waits for process %d, which has locked it",
		    (int)pid);
		return false;
	}
	/* Who holds this lock has not touched the file yet. */
	if (locked_by(fd, RESERVED_BYTE, 1) ||
	    !journal_is_hot(db->fd[LIVE_DB_JOURNAL]))
		return true;
	snprintf(why, n,
	    "waits until the next program that opens the database mends it: "
	    "the last one died while it wrote");
	return false;
}

/* A log that was removed is in the database as a whole. */
static int wal_fd(const struct live_db *db)
{
	struct stat st;
	int fd = db->fd[LIVE_DB_WAL];

	return fd >= 0 && fstat(fd, &st) == 0 && st.st_nlink > 0 ? fd : -1;
}

static void stamp_file(int fd, size_t n_head, uint64_t v[static 4])
{
	char head[DB_HEADER_LEN];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	n = fd_pread_full(fd, head, n_head, 0);
	v[0] = hash_stable(str_make(head, n > 0 ? (size_t)n : 0));
	v[1] = (uint64_t)st.st_size;
	v[2] = (uint64_t)st.st_mtim.tv_sec * 1000000000 +
	       (uint64_t)st.st_mtim.tv_nsec;
	v[3] = st.st_ino;
}

void live_db_stamp(const struct live_db *db, struct live_db_stamp *ret)
{
	*ret = (struct live_db_stamp){{0}};
	stamp_file(db->fd[LIVE_DB], DB_HEADER_LEN, ret->v);
	stamp_file(wal_fd(db), WAL_HEADER_LEN, ret->v + 4);
}

static int read_whole(int fd, struct buf *to, const char *what, struct err *err)
{
	struct stat st;
	ssize_t n;
	char *p;

	if (fstat(fd, &st) < 0)
		return err_sys(err, -errno, "cannot look at %s", what);
	if ((uint64_t)st.st_size > LIVE_DB_MAX)
		return err_set(err, -EFBIG,
		    "%s has %lld bytes, more than the %zu MiB that are read at "
		    "a login: move old entries out of it (wtmpdb rotate), then "
		    "reload sshtraild",
		    what, (long long)st.st_size, LIVE_DB_MAX >> 20);
	p = buf_reserve(to, (size_t)st.st_size + 1);
	n = p ? fd_pread_full(fd, p, (size_t)st.st_size, 0) : buf_error(to);
	if (n < 0)
		return err_sys(err, (int)n, "cannot read %s", what);
	to->n += (size_t)n;
	return 0;
}

/* The database begins at `at`. */
static int apply_wal(struct buf *to, size_t at, struct str bytes,
    const char **ret_problem, struct err *err)
{
	struct wal wal;
	struct str db = str_make(to->p + at, to->n - at);
	uint64_t n;

	*ret_problem = wal_open(&wal, bytes);
	if (!wal.n_frames)
		return 0;
	n = wal_db_size(&wal, db);
	if (n == 0) {
		*ret_problem = WAL_NOT_OF_THIS;
		return 0;
	}
	if (n > db.n && !buf_reserve(to, (size_t)n - db.n))
		return err_sys(err, buf_error(to), "a database and its log");
	if (n > db.n)
		memset(to->p + to->n, 0, (size_t)n - db.n);
	to->n = at + (size_t)n;
	wal_apply(&wal, (unsigned char *)to->p + at);
	return 0;
}

int live_db_read(const struct live_db *db, struct buf *to,
    const char **ret_problem, struct err *err)
{
	struct buf wal = BUF_INIT;
	size_t at = to->n;
	int r, fd;

	*ret_problem = NULL;
	r = read_whole(db->fd[LIVE_DB], to, "the database", err);
	/*
	 * Behind it: what moves from the log into the database while that is
	 * read is in the log, too, as long as the log has the same header.
	 */
	fd = wal_fd(db);
	if (r == 0 && fd >= 0)
		r = read_whole(fd, &wal, "the log of the database", err);
	if (r == 0)
		r = apply_wal(to, at, buf_str(&wal), ret_problem, err);
	buf_free(&wal);
	if (r < 0)
		to->n = at;
	return r;
}
