/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/dead.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/when.h"
#include "outputs/plain.h"

static void add_letter(struct buf *b, const struct record *r)
{
	char now[TIME_ISO_LEN];

	time_format_iso(time_now(), now);
	buf_printf(
	    b, "{\"time\":\"%s\",\"eid\":\"%s\",\"reason\":", now, r->eid);
	plain_add_json(b, str_z(r->reason), 0);
	buf_add_z(b, ",\"record\":");
	plain_add_json(b, r->text, 0);
	buf_add_z(b, "}\n");
}

static int make_room(int dirfd, const char *file, int64_t max)
{
	char before[OUTPUT_NAME_MAX + 16];
	struct stat st;

	snprintf(before, sizeof before, "%s.1", file);
	if (fstatat(dirfd, file, &st, 0) < 0 || st.st_size < max)
		return 0;
	return renameat(dirfd, file, dirfd, before) < 0 ? -errno : 0;
}

int dead_add(int dirfd, const char *name, int64_t max,
    const struct record *records, size_t n, struct err *err)
{
	char file[OUTPUT_NAME_MAX + 8];
	struct buf b = BUF_INIT;
	int fd = -1, r;

	for (size_t i = 0; i < n; i++)
		if (records[i].state == RECORD_REJECTED)
			add_letter(&b, &records[i]);
	if (b.n == 0 && !b.error)
		return 0;
	snprintf(file, sizeof file, "%s.dead", name);
	r = buf_error(&b);
	if (r == 0)
		r = make_room(dirfd, file, max);
	if (r == 0) {
		fd = openat(dirfd, file,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		    0600);
		r = fd < 0 ? -errno : fd_write_all(fd, b.p, b.n);
	}
	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	fd_close(&fd);
	buf_free(&b);
	return r < 0 ? err_sys(err, r, "cannot keep refused events in %s", file)
		     : 0;
}
