/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/handover.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

/* In front of the sections, written last: how many bytes they have. */
#define HEAD_BYTES ((off_t)8)
#define BYTES_MAX  ((uint64_t)64 << 20)

int handover_open(int *ret)
{
	*ret = memfd_create("sshtraild handover", MFD_CLOEXEC);
	return *ret < 0 ? -errno : 0;
}

void handover_add(struct buf *b, const char *name, struct str content)
{
	buf_add_varint(b, strlen(name));
	buf_add_z(b, name);
	buf_add_varint(b, content.n);
	buf_add_str(b, content);
}

static bool next_part(struct str *s, struct str *ret)
{
	uint64_t n;

	if (!varint_get(s, &n) || n > s->n)
		return false;
	*ret = str_upto(*s, (size_t)n);
	*s = str_from(*s, (size_t)n);
	return true;
}

struct str handover_find(const struct buf *b, const char *name)
{
	struct str s = buf_str(b), at, content;

	while (next_part(&s, &at) && next_part(&s, &content))
		if (str_eqz(at, name))
			return content;
	return STR_NONE;
}

void handover_drop(int fd)
{
	/* Memory of our own: a failure leaves nothing that can be done. */
	if (ftruncate(fd, 0) < 0)
		return;
}

int handover_leave(int fd, const struct buf *b)
{
	uint64_t n = b->n;
	int r = buf_error(b);

	if (r == 0 && ftruncate(fd, 0) < 0)
		r = -errno;
	if (r == 0 && n > BYTES_MAX)
		r = -EMSGSIZE;
	if (r == 0)
		r = fd_pwrite_all(fd, b->p, b->n, HEAD_BYTES);
	if (r == 0)
		r = fd_pwrite_all(fd, &n, sizeof n, 0);
	if (r < 0)
		handover_drop(fd);
	return r;
}

void handover_take(int fd, struct buf *ret)
{
	uint64_t n = 0;
	char *p;

	if (fd_pread_full(fd, &n, sizeof n, 0) == sizeof n && n &&
	    n <= BYTES_MAX) {
		p = buf_reserve(ret, (size_t)n);
		if (p &&
		    fd_pread_full(fd, p, (size_t)n, HEAD_BYTES) == (ssize_t)n)
			ret->n += (size_t)n;
	}
	handover_drop(fd);
}
