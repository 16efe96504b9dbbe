/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/space.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/disk.h"
#include "base/fd.h"
#include "base/str.h"

/* DIR/trail/CHAIN/FILE, DIR/index/blocks/FILE, DIR/screens/CHAIN/FILE. */
#define DEPTH_MAX 3

static bool is_segment(struct str name)
{
	return str_ends(name, STR(".seg")) || str_ends(name, STR(".seg.zst"));
}

static int add_tree(int at, const char *name, unsigned depth, uint64_t *bytes,
    uint64_t *segments)
{
	int fd =
	    openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	struct stat st;
	int r = 0;

	if (!d) {
		r = -errno;
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (e = readdir(d))) {
		if (e->d_name[0] == '.' ||
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			r = add_tree(fd, e->d_name, depth + 1, bytes, segments);
		else if (S_ISREG(st.st_mode))
			*bytes += (uint64_t)st.st_size;
		*segments += is_segment(str_z(e->d_name));
	}
	closedir(d);
	return r == -ENOENT && depth ? 0 : r;
}

int space_measure(const char *dir, struct space *ret)
{
	CLEANUP_FD int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t none = 0;
	int r = fd < 0 ? -errno : 0;

	*ret = (struct space){0};
	if (r == 0)
		r = add_tree(fd, "trail", 0, &ret->trail_bytes, &ret->segments);
	if (r == 0)
		r = add_tree(fd, "index", 0, &ret->index_bytes, &none);
	if (r == 0) {
		r = add_tree(fd, "screens", 0, &ret->index_bytes, &none);
		/* There are none before the first recording. */
		r = r == -ENOENT ? 0 : r;
	}
	if (r == 0)
		(void)disk_look(dir, &ret->disk);
	return r;
}
