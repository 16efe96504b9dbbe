/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/host.h"

#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

#define TREE_FDS 16

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

/* nftw() hands no context on: the owner to be, for one call of give_tree(). */
static _Thread_local struct {
	uid_t uid;
	gid_t gid;
} owner;

static int give(
    const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)type;
	(void)ftw;
	if (st->st_uid == owner.uid && st->st_gid == owner.gid)
		return 0;
	return lchown(path, owner.uid, owner.gid) < 0 ? -errno : 0;
}

/* The store was perhaps made by root's import. Links are not followed. */
static int give_tree(const char *dir, uid_t uid, gid_t gid)
{
	owner.uid = uid;
	owner.gid = gid;
	return nftw(dir, give, TREE_FDS, FTW_PHYS | FTW_MOUNT);
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

static int bind_socket(int fd, const struct sockaddr_un *addr)
{
	int r = make_parents(addr->sun_path);

	/* One left by a daemon that was killed: nobody answers there. */
	if (r == 0 &&
	    connect(fd, (const struct sockaddr *)addr, sizeof *addr) == 0)
		return -EADDRINUSE;
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
