/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following the databases of wtmpdb and lastlog2. A login, and its end in the
 * row of the login, are commits of some program; behind each the database is
 * read whole, and what is new in it is told. It never waits for a writer nor
 * lets one wait.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/loop.h"
#include "sources/follow.h"
#include "sources/utmp/known.h"
#include "sources/utmp/live_db.h"

#define DIR_EVENTS                                                             \
	(IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | \
	    IN_ONLYDIR)
/* A reading that took so long is followed by so many times its length. */
#define REST_TIMES 20

/* Meaning of tap_opened.fd; kept[] has the index of the other files, or 0. */
enum { FD_WATCH, FD_FILE };

struct tap_run {
	int watch;
	char base[TAP_NAME_MAX]; /* the database's name in its directory */
	struct live_db db;
	struct live_db_stamp stamp; /* of what was read last */
	struct known known;
	bool replaced; /* another file has the name, or one came beside it */
	bool dirty;    /* written since it was read */
	bool handed;   /* what was read last is told by now */
	int64_t rest_until;
	const char *problem;
	uint64_t lost;
	char doing[160];
};

static int open_db(struct tap_opened *ret, const char *path,
    const char *const *usual, struct err *err)
{
	char name[PATH_MAX];
	struct follow f;
	int fd = -1, r;

	r = follow_find(&f, ret, path, usual, DIR_EVENTS, err);
	if (r < 0)
		return r;
	r = follow_open(&f, f.name, ret->name, &fd, err);
	if (r == 0)
		follow_hand_over(ret, fd);
	/* Most of the time they are not there. */
	for (int i = LIVE_DB_WAL; r == 0 && i < LIVE_DB_FILES; i++) {
		snprintf(
		    name, sizeof name, "%.200s%s", f.name, live_db_suffixes[i]);
		if (follow_open(&f, name, name, &fd, NULL) < 0)
			continue;
		ret->kept[i] = ret->n_fd;
		follow_hand_over(ret, fd);
	}
	follow_end(&f);
	if (r < 0)
		tap_opened_close(ret);
	return r;
}

static int wtmpdb_open(
    struct tap_opened *ret, const char *path, struct err *err)
{
	static const char *const usual[] = {"/var/lib/wtmpdb/wtmp.db", NULL};

	return open_db(ret, path, usual, err);
}

static int lastlog2_open(
    struct tap_opened *ret, const char *path, struct err *err)
{
	static const char *const usual[] = {
	    "/var/lib/lastlog/lastlog2.db", NULL};

	return open_db(ret, path, usual, err);
}

/* Takes over the descriptors. */
static int take_files(
    struct tap_run *run, const struct tap_opened *opened, struct err *err)
{
	if (opened->n_fd <= FD_FILE || opened->n_fd > TAP_FDS_MAX) {
		for (unsigned i = 0; i < opened->n_fd && i < TAP_FDS_MAX; i++)
			close(opened->fd[i]);
		return err_set(
		    err, -EINVAL, "these are not the files of a database");
	}
	fd_close(&run->watch);
	live_db_close(&run->db);
	run->watch = opened->fd[FD_WATCH];
	run->db.fd[LIVE_DB] = opened->fd[FD_FILE];
	for (int i = LIVE_DB_WAL; i < LIVE_DB_FILES; i++)
		if (opened->kept[i] > FD_FILE && opened->kept[i] < opened->n_fd)
			run->db.fd[i] = opened->fd[opened->kept[i]];
	run->replaced = false;
	run->dirty = true;
	return 0;
}

static void db_stop(struct tap_run *run)
{
	if (!run)
		return;
	fd_close(&run->watch);
	live_db_close(&run->db);
	known_free(&run->known);
	free(run);
}

static int db_start(struct tap_run **ret, const struct tap_opened *opened,
    const char *place, struct err *err)
{
	struct tap_run *run = calloc(1, sizeof *run);
	const char *slash = strrchr(opened->name, '/');
	int r;

	if (!run) {
		struct tap_opened copy = *opened;

		tap_opened_close(&copy);
		return err_set(err, -ENOMEM, "no memory to follow a database");
	}
	run->watch = -1;
	run->db = (struct live_db){{-1, -1, -1}};
	run->known = KNOWN_INIT;
	snprintf(run->base, sizeof run->base, "%s",
	    slash ? slash + 1 : opened->name);
	r = take_files(run, opened, err);
	if (r < 0) {
		db_stop(run);
		return r;
	}
	if (place && *place && !known_resume(&run->known, place))
		run->lost++;
	*ret = run;
	return 0;
}

static int db_fd(const struct tap_run *run)
{
	return run->watch;
}

/* LIVE_DB_FILES: none of its files. */
static int file_of(const struct tap_run *run, const struct inotify_event *ev)
{
	struct str name = str_z(ev->len ? ev->name : "");
	int i = LIVE_DB_FILES;

	if (str_skip(&name, str_z(run->base)))
		for (i = 0; i < LIVE_DB_FILES; i++)
			if (str_eqz(name, live_db_suffixes[i]))
				break;
	return i;
}

static void take_notice(struct tap_run *run, const struct inotify_event *ev)
{
	int file = file_of(run, ev);

	if (ev->mask &
	    (IN_Q_OVERFLOW | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF))
		run->replaced = true;
	if (file == LIVE_DB_FILES)
		return;
	if (ev->mask & (IN_CREATE | IN_MOVED_TO))
		run->replaced = true;
	if (ev->mask & IN_MODIFY && file != LIVE_DB_JOURNAL)
		run->dirty = true;
}

static bool is_free(struct tap_run *run)
{
	return live_db_is_free(&run->db, run->doing, sizeof run->doing);
}

/* Told once, until it is read whole again. */
static void note_problem(struct tap_run *run, const char *problem)
{
	run->lost += problem && !run->problem;
	run->problem = problem;
}

static bool stays(struct tap_run *run, const struct live_db_stamp *before)
{
	struct live_db_stamp after;
	bool is_same;

	live_db_stamp(&run->db, &after);
	is_same = memcmp(before, &after, sizeof after) == 0;
	follow_drain(run->watch, take_notice, run);
	return is_same && is_free(run) && !run->dirty && !run->replaced;
}

static int read_db(struct tap_run *run, struct buf *to, struct err *err)
{
	const int64_t begin = loop_now();
	const size_t n = to->n;
	struct live_db_stamp stamp;
	const char *problem;
	int r;

	live_db_stamp(&run->db, &stamp);
	run->dirty = false;
	if (memcmp(&stamp, &run->stamp, sizeof stamp) == 0)
		return TAP_IDLE;
	r = live_db_read(&run->db, to, &problem, err);
	run->rest_until = loop_now() + (loop_now() - begin) * REST_TIMES;
	if (r < 0)
		return r;
	if (!stays(run, &stamp)) {
		to->n = n;
		run->dirty = true;
		return run->replaced ? TAP_REOPEN : TAP_LATER;
	}
	note_problem(run, problem);
	run->stamp = stamp;
	run->handed = to->n > n;
	if (run->handed)
		return TAP_NEXT;
	/* Just made: nothing was in it. */
	known_read(&run->known);
	return TAP_IDLE;
}

static int db_read(struct tap_run *run, struct buf *to, struct err *err)
{
	if (run->handed)
		known_read(&run->known);
	run->handed = false;
	run->doing[0] = '\0';
	follow_drain(run->watch, take_notice, run);
	if (run->replaced)
		return TAP_REOPEN;
	if (!run->dirty)
		return TAP_IDLE;
	if (loop_now() < run->rest_until || !is_free(run))
		return TAP_LATER;
	return read_db(run, to, err);
}

/* Whatever is not read yet is read again: the rest decides about the place. */
static void db_place(const struct tap_run *run, size_t unread, struct buf *ret)
{
	(void)unread;
	known_place(&run->known, ret);
}

static unsigned db_lost(
    struct tap_run *run, struct tap_loss ret[static TAP_LOSSES_MAX])
{
	ret[0] = (struct tap_loss){run->lost,
	    "in a login database: its write-ahead log is damaged, or where "
	    "reading stopped is not known"};
	return 1;
}

static bool db_news(struct tap_run *run, const struct event *ev)
{
	return known_take(&run->known, ev->v[F_ID].u, ev->time);
}

static const char *db_doing(const struct tap_run *run)
{
	return run->doing[0] ? run->doing : NULL;
}

#define LOGIN_DB_TAP                                                           \
	.start = db_start, .fd = db_fd, .read = db_read,                       \
	.reopened = take_files, .place = db_place, .lost = db_lost,            \
	.news = db_news, .doing = db_doing, .stop = db_stop

const struct tap tap_wtmpdb = {
    LOGIN_DB_TAP,
    .name = "wtmpdb",
    .source = "wtmpdb",
    .help = "logins with a terminal and boots, in the database of wtmpdb",
    .open = wtmpdb_open,
};

const struct tap tap_lastlog2 = {
    LOGIN_DB_TAP,
    .name = "lastlog2",
    .source = "lastlog2",
    .help = "the last login of each user, in the database of lastlog2",
    .open = lastlog2_open,
};
