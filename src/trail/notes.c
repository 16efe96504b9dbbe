/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/notes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"

enum verdict note_verdict(int error)
{
	if (error == -ENOKEY)
		return VERDICT_UNTRUSTED_KEY;
	return error == -EKEYREJECTED ? VERDICT_BADSIG : VERDICT_EDITED;
}

static int by_size(const void *a, const void *b)
{
	const struct note *x = a, *y = b;

	if (x->size != y->size)
		return x->size > y->size ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int note_read(int dirfd, const char *name, struct note_finder *finder,
    struct note_list *l, struct err *err)
{
	struct buf b = BUF_INIT;
	struct checkpoint cp;
	struct err why = {""};
	int r = fd_read_file(dirfd, name, CHECKPOINT_NOTE_MAX, &b);

	if (r < 0 && r != -EFBIG) {
		buf_free(&b);
		return r == -ENOENT ? 0
				    : err_sys(err, r, "cannot read %s", name);
	}
	if (r == 0)
		r = checkpoint_verify(buf_str(&b), finder->pub, &cp, &why);
	else
		r = err_set(&why, -EBADMSG, "too long for a checkpoint");
	if (r == 0 && !str_eq(cp.origin, finder->origin))
		r = err_set(&why, -EBADMSG, "a checkpoint of another chain");
	if (r == 0) {
		struct note *n = &l->v[l->n++];

		*n = (struct note){.size = cp.size, .root = cp.root};
		snprintf(n->name, sizeof n->name, "%s", name);
		l->max = cp.size > l->max ? cp.size : l->max;
	} else {
		finder->bad(finder->ctx, name, r, why.text);
	}
	buf_free(&b);
	return 0;
}

int note_list_read(int dirfd, struct note_finder *finder, struct note_list *ret,
    struct err *err)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	size_t n = 0;
	int r = 0;

	memset(ret, 0, sizeof *ret);
	if (!dir) {
		r = err_sys(err, -errno, "cannot read the directory");
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (e = readdir(dir))) {
		struct str name = str_z(e->d_name);
		bool newest = str_eq(name, STR("checkpoint"));

		if (!newest && !str_ends(name, STR(".checkpoint")))
			continue;
		finder->have_newest |= newest;
		ret->any_file = true;
		r = ++n > NOTES_MAX
			? err_set(err, -E2BIG, "more than %d checkpoint files",
			      NOTES_MAX)
			: note_read(dirfd, e->d_name, finder, ret, err);
	}
	closedir(dir);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof *ret->v, by_size);
	return r;
}
