/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hide.h"
#include "base/sandbox_inside.h"

static int check_request(const struct sandbox *s, struct err *err)
{
	struct stat st;

	if (s->uid == 0 || s->gid == 0)
		return err_set(err, -EINVAL,
		    "cannot give up privileges: user and group must not be "
		    "root");
	if (geteuid() != 0 && (s->uid != getuid() || s->uid != geteuid() ||
				  s->gid != getgid() || s->gid != getegid()))
		return err_set(err, -EPERM,
		    "only root can become user %u, group %u: start it as root",
		    (unsigned)s->uid, (unsigned)s->gid);
	/* A directory has a link from itself, its parent, and each child. */
	if (stat("/proc/self/task", &st) == 0 && st.st_nlink > 3)
		return err_set(err, -EBUSY,
		    "cannot enter the sandbox: %lu threads run already",
		    (unsigned long)st.st_nlink - 2);
	return 0;
}

static int limit_resources(const struct sandbox *s, struct err *err)
{
	const struct rlimit none = {0, 0};
	const struct rlimit files = {s->files_max, s->files_max};

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_sys(err, -errno, "cannot forbid core files");
	if (s->files_max && setrlimit(RLIMIT_NOFILE, &files) < 0)
		return err_sys(err, -errno, "cannot limit descriptors to %u",
		    s->files_max);
	return 0;
}

/* The bounding set: only while there is CAP_SETPCAP, hence before the ids. */
static int drop_bounds(struct err *err)
{
	if (capng_get_caps_process() < 0)
		return err_set(err, -EIO, "cannot read own capabilities");
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return geteuid() ? 0
				 : err_set(err, -EPERM,
				       "cannot empty the bounding set: root "
				       "lacks CAP_SETPCAP here");
	capng_clear(CAPNG_SELECT_BOUNDS);
	if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		return err_set(err, -EPERM, "cannot empty the bounding set");
	if (capng_get_caps_process() < 0 ||
	    capng_have_capabilities(CAPNG_SELECT_BOUNDS) != CAPNG_NONE)
		return err_set(err, -EPERM, "the bounding set is not empty");
	return 0;
}

/* glibc does these in all threads, so that there is no raw call here. */
static int change_ids(const struct sandbox *s, struct err *err)
{
	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0)
		return err_sys(err, -errno, "cannot leave all other groups");
	if (setresgid(s->gid, s->gid, s->gid) < 0)
		return err_sys(
		    err, -errno, "cannot become group %u", (unsigned)s->gid);
	if (setresuid(s->uid, s->uid, s->uid) < 0)
		return err_sys(
		    err, -errno, "cannot become user %u", (unsigned)s->uid);
	return 0;
}

/* The ambient set goes with the inheritable one. */
static int drop_capabilities(struct err *err)
{
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return err_set(err, -EPERM, "cannot drop capabilities");
	if (capng_get_caps_process() < 0 ||
	    capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE)
		return err_set(err, -EPERM, "capabilities are left");
	return 0;
}

/* Tried, not believed. */
static int check_no_return(const struct sandbox *s, struct err *err)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 ||
	    getresgid(&gid[0], &gid[1], &gid[2]) < 0)
		return err_sys(err, -errno, "cannot read own ids");
	for (int i = 0; i < 3; i++)
		if (uid[i] != s->uid || gid[i] != s->gid)
			return err_set(err, -EPERM, "an old id is left");
	if (setresuid(0, 0, 0) == 0 || setuid(0) == 0 || seteuid(0) == 0 ||
	    setresgid(0, 0, 0) == 0 || setgid(0) == 0 || setegid(0) == 0)
		return err_set(err, -EPERM, "root can be regained");
	return 0;
}

static int forbid_gains(struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, -errno, "cannot set PR_SET_NO_NEW_PRIVS");
	return 0;
}

/* Behind the change of ids, which sets it anew. */
static int forbid_looking_in(struct err *err)
{
	int r = hide_process();

	return r < 0 ? err_sys(err, r, "cannot unset PR_SET_DUMPABLE") : 0;
}

int sandbox_enter(
    const struct sandbox *s, struct sandbox_state *ret, struct err *err)
{
	struct sandbox_state state = {0, ""};
	int r = check_request(s, err);

	if (r == 0)
		r = limit_resources(s, err);
	if (r == 0)
		r = forbid_gains(err);
	if (r == 0)
		r = drop_bounds(err);
	if (r == 0)
		r = change_ids(s, err);
	if (r == 0)
		r = drop_capabilities(err);
	if (r == 0)
		r = check_no_return(s, err);
	if (r == 0)
		r = forbid_looking_in(err);
	if (r == 0)
		r = sandbox_restrict_paths(s, &state, err);
	if (r == 0)
		r = sandbox_restrict_calls(s, err);
	if (r == 0)
		*ret = state;
	return r;
}
