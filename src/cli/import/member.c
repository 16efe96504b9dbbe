/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/member.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/when.h"

#define STEP ((size_t)256 << 10)

static void hash_raw(void *ctx, const void *bytes, size_t n)
{
	struct member *p = ctx;

	sha256_add(&p->raw, bytes, n);
	p->raw_bytes += n;
}

int member_open(
    struct member *p, const struct import_file *f, size_t k, struct err *err)
{
	struct stat st;
	int r;

	*p = (struct member){.fd = -1};
	p->file = (struct import_file){.fd = k == 0 ? f->fd : -1,
	    .path = k == 0 ? f->path : f->parts[k],
	    .format = f->format,
	    .named = k == 0 && f->named,
	    .host = f->host,
	    .host_inferred = f->host_inferred};
	r = import_file_open(&p->file, &p->fd, err);
	if (r < 0)
		return r;
	if (fstat(p->fd, &st) == 0) {
		p->file.size = (uint64_t)st.st_size;
		p->file.mtime = time_from_kernel(st.st_mtim);
	}
	sha256_init(&p->raw);
	sha256_init(&p->content);
	return input_open(&p->in, p->fd, hash_raw, p, err);
}

int member_fill(struct member *p, struct err *err)
{
	char *at;
	ssize_t n;

	if (p->end)
		return 0;
	buf_consume(&p->window, p->used);
	p->used = 0;
	at = buf_reserve(&p->window, STEP);
	if (!at)
		return err_sys(err, -ENOMEM, "%s", p->file.path);
	n = input_read(p->in, at, STEP, &p->damage);
	p->end = n <= 0;
	if (n == 0)
		p->damage.text[0] = '\0';
	if (n > 0) {
		sha256_add(&p->content, at, (size_t)n);
		p->content_bytes += (uint64_t)n;
		p->window.n += (size_t)n;
	}
	return 0;
}

struct str member_take(struct member *p, size_t n)
{
	struct str s;

	if (p->fd < 0 || !p->in)
		return STR_NONE;
	while (p->window.n - p->used < n && !p->end)
		if (member_fill(p, &p->damage) < 0)
			p->end = true;
	s = str_upto(str_from(buf_str(&p->window), p->used), n);
	p->used += s.n;
	/* An empty file has no memory to point into, but is there. */
	return s.p ? s : STR("");
}

int member_drain(struct member *p, struct err *err)
{
	char rest[4096];
	int r = 0;

	while (p->in && !p->end && r == 0) {
		p->used = p->window.n;
		r = member_fill(p, err);
	}
	/* Behind damage nothing can be read but the bytes of the file. */
	while (p->fd >= 0 && r == 0) {
		ssize_t n = fd_read_full(p->fd, rest, sizeof rest);

		if (n <= 0)
			break;
		hash_raw(p, rest, (size_t)n);
	}
	return r;
}

void member_digest(const struct member *p, struct file_digest *ret)
{
	sha256_peek(&p->raw, &ret->raw);
	sha256_peek(&p->content, &ret->content);
	ret->raw_bytes = p->raw_bytes;
	ret->content_bytes = p->content_bytes;
}

void member_close(struct member *p)
{
	input_close(p->in);
	fd_close(&p->fd);
	buf_free(&p->window);
}
