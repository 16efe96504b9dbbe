/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/rec/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/fdpass.h"

/* Sent in one scan; the rest has its turn in the next one. */
#define SCAN_MAX 32

int spool_make(const char *dir, gid_t group)
{
	CLEANUP_FD int fd = -1;
	int r = fd_open_dir(AT_FDCWD, dir, 0700, &fd);

	if (r < 0)
		return r;
	return fchown(fd, 0, group) < 0 || fchmod(fd, 01730) < 0 ? -errno : 0;
}

/* True: it was sent. */
static bool send_file(int dir, const char *name, int send_fd)
{
	struct peer_who who = {.pid = 0};
	struct stat st;
	CLEANUP_FD int fd =
	    openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    flock(fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	if (st.st_size == 0) {
		unlinkat(dir, name, 0);
		return false;
	}
	who.uid = st.st_uid;
	return fdpass_send(send_fd, &who, sizeof who, &fd, 1) == 0;
}

void spool_scan(const char *path, int send_fd)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	unsigned n = 0;

	while (dir && n < SCAN_MAX && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			n += send_file(dirfd(dir), entry->d_name, send_fd);
	if (dir)
		closedir(dir);
}

int spool_begin(struct str head, struct peer_who *who)
{
	struct wire_spool s;

	if (head.n < sizeof s)
		return -EBADMSG;
	memcpy(&s, head.p, sizeof s);
	if (s.magic != WIRE_SPOOL_MAGIC || s.version != WIRE_VERSION)
		return -EBADMSG;
	who->pid = s.pid;
	who->sshd = s.sshd;
	who->auid = s.auid;
	who->ses = s.ses;
	return 0;
}
