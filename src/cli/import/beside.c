/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/beside.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"

#define CHUNK ((size_t)256 << 10)

static char *name_beside(
    const struct import_file *f, const struct source *source)
{
	const char *suffix = source ? source->beside_suffix : NULL;
	size_t n = strlen(f->path), more;
	char *name;

	/* Of a copy that was compressed or piped, the rest is not known. */
	if (!suffix || f->compressed || f->fd >= 0)
		return NULL;
	more = strlen(suffix) + 1;
	name = malloc(n + more);
	if (!name)
		return NULL;
	memcpy(name, f->path, n);
	memcpy(name + n, suffix, more);
	return name;
}

static void take_out(struct import_files *files, const char *path)
{
	for (size_t i = 0; i < files->n; i++) {
		struct import_file *f = &files->v[i];

		if (import_file_format(f) || strcmp(f->path, path) != 0)
			continue;
		import_file_free(f);
		files->n--;
		memmove(f, f + 1, (files->n - i) * sizeof *f);
		return;
	}
}

void beside_find(struct import_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		files->v[i].beside =
		    name_beside(&files->v[i], files->v[i].source);
	/* Only what has no format of its own goes: no file with one beside. */
	for (size_t i = files->n; i-- > 0;)
		if (i < files->n && files->v[i].beside)
			take_out(files, files->v[i].beside);
}

bool beside_file(const struct import_file *f, struct import_file *ret)
{
	struct stat st;

	if (!f->beside || lstat(f->beside, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size == 0)
		return false;
	*ret = (struct import_file){.path = f->beside,
	    .fd = -1,
	    .size = (uint64_t)st.st_size,
	    .source = f->source,
	    .host = f->host,
	    .host_inferred = f->host_inferred};
	return true;
}

/* How much of it could be read to p; 0 when there is nothing beside. */
static size_t read_head(const struct import_file *f,
    const struct source *source, char *p, size_t max)
{
	struct import_file owner = *f, part;
	CLEANUP_FD int fd = -1;
	ssize_t n = 0;

	owner.source = source;
	owner.beside = name_beside(f, source);
	if (beside_file(&owner, &part) &&
	    import_file_open(&part, &fd, NULL) == 0)
		n = fd_read_full(fd, p, max);
	free(owner.beside);
	return n > 0 ? (size_t)n : 0;
}

const struct source *beside_detect(
    const struct import_file *f, char *head, size_t n, size_t max)
{
	for (const struct source *const *s = sources; *s; s++) {
		size_t more = read_head(f, *s, head + n, max - n);
		struct str host, all = str_make(head, n + more);
		int64_t time;

		if (more && (*s)->probe(all, f->path, &host, &time) > 0)
			return *s;
	}
	return NULL;
}

int beside_read(const struct import_file *part, size_t max, struct buf *ret,
    struct sha256 *ret_sha, struct err *err)
{
	CLEANUP_FD int fd = -1;
	ssize_t n = 1;
	int r = import_file_open(part, &fd, err);

	if (r < 0)
		return r;
	while (n > 0) {
		char *at = buf_reserve(ret, CHUNK);

		if (!at)
			return err_sys(err, -ENOMEM, "%s", part->path);
		n = fd_read_full(fd, at, CHUNK);
		if (n < 0)
			return err_sys(
			    err, (int)n, "cannot read %s", part->path);
		ret->n += (size_t)n;
		if (ret->n > max)
			return err_set(err, -EFBIG,
			    "%s is too large to be read as a whole",
			    part->path);
	}
	sha256_of(ret->p, ret->n, ret_sha);
	return 0;
}
