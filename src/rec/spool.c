/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/boot_id.h"
#include "base/fd.h"
#include "base/when.h"

static int create(const struct settings *s, int *ret)
{
	char path[4096];
	int fd, n = snprintf(path, sizeof path, "%s/%d.%lld", s->spool,
		    (int)getpid(), (long long)time_boot());

	if (n < 0 || (size_t)n >= sizeof path)
		return -ENAMETOOLONG;
	fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		unlink(path);
		close(fd);
		return -EIO;
	}
	*ret = fd;
	return 0;
}

static int begin(struct spool *spool, const struct settings *s,
    const struct wire_message *open)
{
	struct wire_spool head = {.magic = WIRE_SPOOL_MAGIC,
	    .version = WIRE_VERSION,
	    .pid = (uint32_t)getpid(),
	    .sshd = (uint32_t)getppid(),
	    .auid = fd_read_u32("/proc/self/loginuid"),
	    .ses = fd_read_u32("/proc/self/sessionid"),
	    .real_offset = time_boot_offset() * 1000};
	char boot[BOOT_ID_LEN + 1];
	int r;

	(void)boot_id_read(boot);
	memcpy(head.boot, boot, sizeof head.boot);
	r = create(s, &spool->fd);
	if (r == 0)
		r = fd_write_all(spool->fd, &head, sizeof head);
	if (r == 0)
		r = fd_write_all(spool->fd, open, sizeof *open);
	spool->n = sizeof head + sizeof *open;
	return r;
}

/* One that has no whole beginning is none. */
static int give_up(struct spool *spool, int64_t keep, int error)
{
	if (spool->fd >= 0 && ftruncate(spool->fd, keep) < 0)
		keep = 0;
	spool->n = keep;
	if (keep == 0)
		spool_close(spool);
	return error;
}

size_t spool_room(const struct spool *spool, const struct settings *s)
{
	const int64_t n = spool->fd >= 0 ? spool->n : 0;

	return n < s->spool_limit ? (size_t)(s->spool_limit - n) : 0;
}

int spool_add(struct spool *spool, const struct settings *s,
    const struct wire_message *open, struct str messages)
{
	const int64_t before = spool->fd >= 0 ? spool->n : 0;
	int r = 0;

	if (spool->fd < 0)
		r = begin(spool, s, open);
	if (r == 0)
		r = fd_write_all(spool->fd, messages.p, messages.n);
	if (r < 0)
		return give_up(spool, before, r);
	spool->n += (int64_t)messages.n;
	return 0;
}

void spool_close(struct spool *spool)
{
	fd_close(&spool->fd);
	spool->n = 0;
}
