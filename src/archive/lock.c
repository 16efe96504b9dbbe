/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

/* How often to look, and after how long a daemon that does not lend is deaf. */
#define LOOK_MS	    10
#define PATIENCE_MS 30000
/* Who locked it has this long to write down who it is. */
#define UNNAMED_MS  2000

enum holder { HOLDER_UNNAMED, HOLDER_OTHER, HOLDER_DAEMON, HOLDER_HUB };

/* Whatever else has that number and name now: it is but advice. */
static enum holder find_holder(const char *pid)
{
	char path[64], name[17] = "";
	CLEANUP_FD int fd = -1;

	snprintf(path, sizeof path, "/proc/%.20s/comm", pid);
	fd = pid[0] ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0 || fd_read_full(fd, name, sizeof name - 1) <= 0)
		return HOLDER_UNNAMED;
	name[strcspn(name, "\n")] = '\0';
	if (strcmp(name, LOCK_DAEMON) == 0)
		return HOLDER_DAEMON;
	return strcmp(name, LOCK_HUB) == 0 ? HOLDER_HUB : HOLDER_OTHER;
}

static void read_pid(int fd, char pid[static 32])
{
	ssize_t n = fd_pread_full(fd, pid, 31, 0);

	pid[n > 0 ? n : 0] = '\0';
}

/* Only a hint for whoever finds the lock taken: a full disk may keep it from
 * being written. */
static void write_pid(int fd)
{
	char pid[32];
	int n = snprintf(pid, sizeof pid, "%ld", (long)getpid());

	if (ftruncate(fd, 0) == 0)
		(void)fd_pwrite_all(fd, pid, (size_t)n, 0);
}

static int busy(const char *pid, enum lock_how how, struct err *err)
{
	enum holder holder = find_holder(pid);

	if (holder == HOLDER_HUB)
		return err_set(err, -EBUSY,
		    "sshtrail-hub (pid %.20s) is writing to this store and "
		    "lends it to nobody: stop it, or name another store",
		    pid);
	if (holder == HOLDER_DAEMON && how == LOCK_OWN)
		return err_set(err, -EBUSY,
		    "another sshtraild (pid %.20s) is writing to this store: "
		    "stop it, or give this one a store of its own",
		    pid);
	if (holder == HOLDER_DAEMON)
		return err_set(err, -EBUSY,
		    "sshtraild (pid %.20s) did not lend this store within "
		    "%d s, which it does when it runs: see whether it was "
		    "stopped, or name another store with --store",
		    pid, PATIENCE_MS / 1000);
	return err_set(err, how == LOCK_OWN ? -EAGAIN : -EBUSY,
	    "another sshtrail (pid %.20s) is writing to this store: wait for "
	    "it to end, or use --wait",
	    pid[0] ? pid : "unknown");
}

static bool is_worth_waiting(const char *pid, enum lock_how how, int waited)
{
	enum holder holder = find_holder(pid);

	if (how == LOCK_WAIT)
		return holder != HOLDER_HUB;
	if (holder == HOLDER_UNNAMED)
		return waited < UNNAMED_MS;
	if (how == LOCK_OWN)
		return holder != HOLDER_OTHER && waited < LOCK_ENDING_MS;
	return holder == HOLDER_DAEMON && waited < PATIENCE_MS;
}

/* The byte of DIR/lock by which one asks. */
static off_t byte_of(enum lock_how how)
{
	return how == LOCK_OWN;
}

/* Where it cannot be asked for, the holder does not hear of it. */
static void ask(int fd, enum lock_how how, short type)
{
	struct flock lock = {.l_type = type,
	    .l_whence = SEEK_SET,
	    .l_start = byte_of(how),
	    .l_len = 1};

	(void)fcntl(fd, F_OFD_SETLK, &lock);
}

static bool is_asked(int fd, enum lock_how how)
{
	struct flock lock = {.l_type = F_WRLCK,
	    .l_whence = SEEK_SET,
	    .l_start = byte_of(how),
	    .l_len = 1};

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static int wait_for(int fd, enum lock_how how, struct err *err)
{
	const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
	char pid[32];

	for (int waited = 0;; waited += LOOK_MS) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(err, -errno, "cannot lock the store");
		read_pid(fd, pid);
		if (!is_worth_waiting(pid, how, waited))
			return busy(pid, how, err);
		nanosleep(&look, NULL);
	}
}

int lock_take(int dirfd, enum lock_how how, int *ret, struct err *err)
{
	CLEANUP_FD int fd =
	    openat(dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return err_sys(err, -errno, "cannot open the store's lock");
	ask(fd, how, F_RDLCK);
	r = wait_for(fd, how, err);
	if (r != -EAGAIN)
		ask(fd, how, F_UNLCK);
	if (r < 0 && r != -EAGAIN)
		return r;
	if (r == 0)
		write_pid(fd);
	fd_close(ret);
	*ret = fd;
	fd = -1;
	return r;
}

bool lock_wanted(int fd)
{
	return is_asked(fd, LOCK_ASK);
}

bool lock_wanted_by_daemon(int fd)
{
	return is_asked(fd, LOCK_OWN);
}

void lock_lend(int fd)
{
	flock(fd, LOCK_UN);
}

int lock_take_back(int fd)
{
	if (lock_wanted(fd) || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	write_pid(fd);
	return 1;
}
