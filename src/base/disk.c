/* SPDX-License-Identifier: Apache-2.0 */
#include "base/disk.h"

#include <errno.h>
#include <sys/statvfs.h>

int disk_look(const char *path, struct disk *ret)
{
	struct statvfs fs;

	*ret = (struct disk){0};
	if (statvfs(path, &fs) < 0)
		return -errno;
	ret->free = (uint64_t)fs.f_bavail * fs.f_frsize;
	ret->size = (uint64_t)fs.f_blocks * fs.f_frsize;
	return 0;
}

bool disk_is_full(int error)
{
	return error == -ENOSPC || error == -EDQUOT || error == -EFBIG;
}
