/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "archive/lock.h"
#include "base/fd.h"
#include "base/sandbox.h"

#define STORE_DEPTH    8
/* How often to look for a daemon that is about to end. */
#define LOOK_MS	       50
/*
 * Sessions that take all processors must not starve what watches them: what it
 * does not read in time is lost.
 */
#define COLLECTOR_NICE (-10)

static int find_user(struct agent *a, const struct config *cfg, struct err *err)
{
	const struct passwd *pw;

	a->uid = 0;
	a->gid = 0;
	if (geteuid() != 0)
		return 0;
	errno = 0;
	pw = getpwnam(cfg->user);
	if (!pw)
		return err_set(err, errno ? -errno : -ENOENT,
		    "there is no user \"%s\" to run as; make it with "
		    "\"useradd --system --home-dir / --shell "
		    "/usr/sbin/nologin %s\", or name another in the "
		    "configuration (user)",
		    cfg->user, cfg->user);
	if (pw->pw_uid == 0)
		return err_set(err, -EINVAL,
		    "user: \"%s\" is root, and the collector must not be",
		    cfg->user);
	a->uid = pw->pw_uid;
	a->gid = pw->pw_gid;
	return 0;
}

/* What is handed on of a tree, as far as it is of one mount. */
struct giving {
	uid_t uid;
	gid_t gid;
	uint64_t mount;
};

/*
 * By its id: on overlayfs a file has another st_dev than its directory. Before
 * Linux 5.8 it is not told.
 */
static uint64_t mount_of(int fd, dev_t dev)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) == 0 &&
	    st.stx_mask & STATX_MNT_ID)
		return st.stx_mnt_id;
	return dev;
}

/*
 * The tree is in the hands of a user who may be hostile by now: nothing is
 * reached by more than one name at a time, no link followed, and a file with
 * another name, which may be anybody's, is left alone.
 */
static int give_one(const struct giving *g, int dirfd, const char *name,
    int *ret_fd, mode_t *ret_mode)
{
	struct stat st;
	int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	*ret_fd = fd;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_mode = mount_of(fd, st.st_dev) == g->mount ? st.st_mode : 0;
	if ((st.st_uid == g->uid && st.st_gid == g->gid) || !*ret_mode ||
	    (!S_ISDIR(st.st_mode) && st.st_nlink > 1))
		return 0;
	return fchownat(fd, "", g->uid, g->gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* Deeper than a store is nothing of ours. */
static int give_below(const struct giving *g, int dirfd, unsigned depth)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int r = 0;

	if (!d)
		return fd_close(&fd), -errno;
	while (r == 0 && (e = readdir(d))) {
		CLEANUP_FD int at = -1;
		mode_t mode = 0;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = give_one(g, fd, e->d_name, &at, &mode);
		if (r == 0 && S_ISDIR(mode) && depth < STORE_DEPTH)
			r = give_below(g, at, depth + 1);
	}
	closedir(d);
	return r;
}

/* The store was perhaps made by root's import. */
static int give_tree(const char *dir, uid_t uid, gid_t gid)
{
	CLEANUP_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct giving g = {uid, gid, 0};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || fchown(fd, uid, gid) < 0)
		return -errno;
	g.mount = mount_of(fd, st.st_dev);
	return give_below(&g, fd, 1);
}

static int make_parents(const char *dir)
{
	char path[4096];
	int n = snprintf(path, sizeof path, "%s", dir);

	if (n <= 0 || (size_t)n >= sizeof path)
		return -ENAMETOOLONG;
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return 0;
}

int host_prepare_store(const struct agent *a, struct err *err)
{
	int r = make_parents(a->store);

	if (r == 0 && mkdir(a->store, 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0 && a->uid)
		r = give_tree(a->store, a->uid, a->gid);
	return r < 0 ? err_sys(err, r, "cannot prepare the store %s", a->store)
		     : 0;
}

/*
 * The monitor whose socket this is, 0 if nobody answers there; as it was where
 * so many wait there that it takes no more.
 */
static int answering(const struct sockaddr_un *addr, pid_t *ret)
{
	CLEANUP_FD int fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer = {.pid = 0};
	socklen_t n = sizeof peer;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof *addr) < 0) {
		*ret = errno == EAGAIN ? *ret : 0;
		return 0;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
		return -errno;
	*ret = peer.pid ? peer.pid : -1; /* of another namespace */
	return 0;
}

/*
 * -EADDRINUSE where a daemon answers. When its monitor was killed, the
 * collector answers on for as long as it takes to write what it has.
 */
static int wait_for_orphan(const struct sockaddr_un *addr)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
	pid_t pid = -1;

	for (int waited = 0; waited < LOCK_ENDING_MS; waited += LOOK_MS) {
		int r = answering(addr, &pid);

		if (r < 0 || pid == 0)
			return r;
		if (pid < 0 || kill(pid, 0) == 0 || errno != ESRCH)
			break;
		nanosleep(&pause, NULL);
	}
	return -EADDRINUSE;
}

static int bind_socket(int fd, const struct sockaddr_un *addr)
{
	int r = make_parents(addr->sun_path);

	if (r == 0)
		r = wait_for_orphan(addr);
	/* One left by a daemon that was killed. */
	if (r == 0 && unlink(addr->sun_path) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && bind(fd, (const struct sockaddr *)addr, sizeof *addr) < 0)
		r = -errno;
	if (r == 0 && listen(fd, 16) < 0)
		r = -errno;
	return r;
}

static int open_control(
    struct agent *a, const struct config *cfg, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	const struct group *gr = geteuid() == 0 ? getgrnam(cfg->group) : NULL;
	mode_t old;
	int r;

	if (strlen(cfg->socket) >= sizeof addr.sun_path)
		return err_set(err, -ENAMETOOLONG,
		    "socket: \"%s\" is longer than %zu bytes", cfg->socket,
		    sizeof addr.sun_path - 1);
	memcpy(addr.sun_path, cfg->socket, strlen(cfg->socket) + 1);
	a->control_fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (a->control_fd < 0)
		return err_sys(err, -errno, "control socket");
	r = make_parents(cfg->socket);
	old = umask(0117); /* mode 0660 from the first moment on */
	if (r == 0)
		r = bind_socket(a->control_fd, &addr);
	umask(old);
	if (r == 0 && gr && chown(cfg->socket, 0, gr->gr_gid) < 0)
		r = -errno;
	if (r == -EADDRINUSE)
		return err_set(err, r,
		    "another sshtraild answers at %s: stop it, or name "
		    "another socket in the configuration",
		    cfg->socket);
	return r < 0 ? err_sys(err, r, "control socket %s", cfg->socket) : 0;
}

int host_prepare(struct agent *a, const struct config *cfg, struct err *err)
{
	int r = find_user(a, cfg, err);

	if (r < 0)
		return r;
	a->host = cfg->host;
	a->store = cfg->store;
	a->sync_usec = cfg->sync_interval;
	a->reserve = (uint64_t)cfg->reserve;
	a->commit_usec = cfg->commit_interval;
	a->ships = config_ships(cfg);
	a->proxy = cfg->hub_proxy;
	r = host_prepare_store(a, err);
	return r < 0 ? r : open_control(a, cfg, err);
}

int host_confine(
    const struct agent *a, struct sandbox_state *ret, struct err *err)
{
	const struct sandbox_path paths[] = {
	    {a->store, true}, {"/usr/share/zoneinfo", false}};
	const struct sandbox s = {.uid = a->uid ? a->uid : getuid(),
	    .gid = a->uid ? a->gid : getgid(),
	    .paths = paths,
	    .n_paths = access(paths[1].path, R_OK) == 0 ? 2 : 1,
	    .needs = SANDBOX_BPF_MAPS};

	return sandbox_enter(&s, ret, err);
}

void host_come_first(void)
{
	char text[16];
	int n = snprintf(text, sizeof text, "%d", COLLECTOR_NICE);
	int fd;

	setsid();
	setpriority(PRIO_PROCESS, 0, COLLECTOR_NICE);
	fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	fd_write_all(fd, text, (size_t)n);
	close(fd);
}
