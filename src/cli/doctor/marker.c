/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"

#define LOGINUID  "/proc/self/loginuid"
#define UNSET	  UINT32_MAX
/* Users that are people, by every distribution's login.defs. */
#define FIRST_UID 1000
#define LAST_UID  60000

static bool own_loginuid(uid_t *ret)
{
	*ret = fd_read_u32(LOGINUID);
	return *ret != UNSET;
}

static uid_t first_user(void)
{
	const struct passwd *pw;
	uid_t uid = 0;

	setpwent();
	while (uid == 0 && (pw = getpwent()) != NULL)
		if (pw->pw_uid >= FIRST_UID && pw->pw_uid <= LAST_UID)
			uid = pw->pw_uid;
	endpwent();
	return uid;
}

int marker_choose(struct marker *m, const char *user, struct err *err)
{
	const struct passwd *pw = user ? getpwnam(user) : NULL;
	uint64_t salt, sudo_uid;

	if (getrandom(&salt, sizeof salt, 0) != sizeof salt)
		return err_set(err, -EIO, "no random bytes");
	snprintf(m->word, sizeof m->word, "sshtrail-doctor-%016" PRIx64, salt);
	m->own_login = false;
	if (user && !pw)
		return err_set(
		    err, -ENOENT, "there is no user \"%s\" here", user);
	if (pw)
		m->auid = pw->pw_uid;
	else if (own_loginuid(&m->auid))
		m->own_login = true;
	else if (str_u64(str_z(getenv("SUDO_UID")), &sudo_uid) &&
		 sudo_uid < UNSET)
		m->auid = (uid_t)sudo_uid;
	else
		m->auid = first_user();
	return 0;
}

/* In the child: only what is safe after fork(). Never returns. */
static void be_marker(const struct marker *m, int tell)
{
	char *const argv[] = {(char *)(uintptr_t)MARKER_PROGRAM,
	    (char *)(uintptr_t)m->word, NULL};
	char *const environment[] = {NULL};
	char text[16];
	int error = 0, n, fd;

	if (!m->own_login) {
		n = snprintf(text, sizeof text, "%u", (unsigned)m->auid);
		fd = open(LOGINUID, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, text, (size_t)n) != n)
			error = errno;
	}
	if (error == 0) {
		execve(MARKER_PROGRAM, argv, environment);
		error = errno;
	}
	(void)!write(tell, &error, sizeof error);
	_exit(127);
}

int marker_run(struct marker *m, struct err *err)
{
	CLEANUP_FD int from = -1;
	int ends[2], error = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot run a marker");
	from = ends[0];
	m->started = time_now();
	pid = fork();
	if (pid == 0)
		be_marker(m, ends[1]);
	close(ends[1]);
	if (pid < 0)
		return err_sys(err, -errno, "cannot run a marker");
	/* Nothing comes when the program replaced the child. */
	if (fd_read_full(from, &error, sizeof error) != sizeof error)
		error = 0;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	if (error == EPERM || error == EACCES)
		return err_set(err, -EPERM,
		    "the kernel lets no login uid be set here: a session's is "
		    "immutable (auditctl --loginuid-immutable), or this runs "
		    "without CAP_AUDIT_CONTROL");
	return error ? err_sys(err, -error, "cannot run " MARKER_PROGRAM) : 0;
}
