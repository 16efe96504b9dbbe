/* SPDX-License-Identifier: Apache-2.0 */
#include "trail/load.h"

#include <errno.h>

static void read_steps(struct load *load)
{
	struct str bytes = buf_str(&load->bytes);
	struct segment_header h;

	load->steps.n = 0;
	if (load->error == 0 && segment_header_get(bytes, &h, NULL) == 0)
		steps_read(&load->steps, str_from(bytes, h.len));
}

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
	read_steps(load);
	return load->error;
}

static void loader_begin(struct loader *l)
{
	struct load *load = &l->slots[l->next % LOADER_SLOTS];

	if (l->next >= l->list->n)
		return;
	load->files = l->list->v[l->next];
	worker_give(l->workers[l->next % LOADER_THREADS], &load->job);
	l->next++;
}

int loader_start(struct loader *l, int dirfd, const struct segment_list *list)
{
	int r = 0;

	*l = (struct loader){.dirfd = dirfd, .list = list};
	for (size_t i = 0; i < LOADER_SLOTS; i++) {
		l->slots[i].job.run = load_run;
		l->slots[i].dirfd = dirfd;
	}
	for (size_t i = 0; i < LOADER_THREADS && r == 0; i++)
		r = worker_start(&l->workers[i], 2);
	for (size_t i = 0; i < LOADER_THREADS && r == 0; i++)
		loader_begin(l);
	return r;
}

static struct load *take(struct loader *l)
{
	return (struct load *)worker_take(
	    l->workers[l->taken++ % LOADER_THREADS], true);
}

struct load *loader_next(struct loader *l)
{
	struct load *load = l->taken < l->next ? take(l) : NULL;

	/* Its slot is the one that the caller is done with. */
	if (load)
		loader_begin(l);
	return load;
}

void loader_stop(struct loader *l)
{
	while (l->taken < l->next)
		take(l);
	for (size_t i = 0; i < LOADER_THREADS; i++)
		worker_stop(l->workers[i]);
	for (size_t i = 0; i < LOADER_SLOTS; i++) {
		buf_free(&l->slots[i].bytes);
		steps_free(&l->slots[i].steps);
	}
}
