/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/load.h"

#include <errno.h>

static int load_run(struct job *job)
{
	struct load *load = (struct load *)job;
	uint64_t first = load->files.first;
	char packed[SEGMENT_NAME_LEN];
	struct buf other = BUF_INIT;

	load->two_copies = false;
	load->error = segment_load(
	    load->dirfd, first, &load->bytes, load->name, &job->err);
	segment_name(first, ".zst", packed);
	if (load->error == 0 && load->files.packed &&
	    !str_eqz(str_z(packed), load->name)) {
		int r = segment_read(load->dirfd, packed, &other, NULL);

		load->two_copies =
		    r == -EBADMSG ||
		    (r == 0 && !str_eq(buf_str(&other), buf_str(&load->bytes)));
		buf_free(&other);
	}
	return load->error;
}

static void loader_begin(struct loader *l)
{
	struct load *load = &l->slots[l->next % 2];

	if (l->next >= l->list->n)
		return;
	load->files = l->list->v[l->next++];
	worker_give(l->worker, &load->job);
}

int loader_start(struct loader *l, int dirfd, const struct segment_list *list)
{
	int r;

	*l = (struct loader){.dirfd = dirfd, .list = list};
	for (size_t i = 0; i < 2; i++) {
		l->slots[i].job.run = load_run;
		l->slots[i].dirfd = dirfd;
	}
	r = worker_start(&l->worker, 2);
	if (r == 0)
		loader_begin(l);
	return r;
}

struct load *loader_next(struct loader *l)
{
	struct load *load = (struct load *)worker_take(l->worker, true);

	/* Its slot is the one that the caller is done with. */
	if (load)
		loader_begin(l);
	return load;
}

void loader_stop(struct loader *l)
{
	if (!l->worker)
		return;
	while (worker_take(l->worker, true))
		;
	worker_stop(l->worker);
	buf_free(&l->slots[0].bytes);
	buf_free(&l->slots[1].bytes);
}
