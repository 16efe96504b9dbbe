/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/audit/losses.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"
#include "sources/audit/control.h"

int losses_new(const struct audit_status *now, int *ret)
{
	const struct losses first = {.since = time_now(), .kernel = now->lost};
	CLEANUP_FD int fd = memfd_create("audit-losses", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_pwrite_all(fd, &first, sizeof first, 0);
	if (r < 0)
		return r;
	*ret = fd;
	fd = -1;
	return 0;
}

uint32_t losses_between(uint32_t before, uint32_t now)
{
	uint32_t more = now - before;

	/* It fell: it was reset, and began anew. */
	return more <= INT32_MAX ? more : now;
}

void losses_refresh(int fd)
{
	struct audit_status now;
	struct losses l;

	if (control_status(&now, NULL) < 0 ||
	    fd_pread_full(fd, &l, sizeof l, 0) != sizeof l)
		return;
	l.lost += losses_between(l.kernel, now.lost);
	l.kernel = now.lost;
	fd_pwrite_all(
	    fd, &l.lost, sizeof l.lost, offsetof(struct losses, lost));
	fd_pwrite_all(
	    fd, &l.kernel, sizeof l.kernel, offsetof(struct losses, kernel));
}

struct losses *losses_map(int fd)
{
	const off_t n = lseek(fd, 0, SEEK_END);
	void *p;

	if (n < (off_t)sizeof(struct losses)) {
		errno = n < 0 ? errno : EINVAL;
		return NULL;
	}
	p = mmap(NULL, sizeof(struct losses), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

void losses_unmap(struct losses *l)
{
	if (l)
		munmap(l, sizeof *l);
}
