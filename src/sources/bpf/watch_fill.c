/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/bpf/watch_fill.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>

struct table {
	int fd;
	const struct buf *entries; /* key and value, perhaps a gap */
	size_t key, entry;	   /* bytes */
};

static bool is_wanted(const struct table *t, const void *key)
{
	for (size_t at = 0; at < t->entries->n; at += t->entry)
		if (memcmp(t->entries->p + at, key, t->key) == 0)
			return true;
	return false;
}

static int put_all(const struct table *t)
{
	for (size_t at = 0; at < t->entries->n; at += t->entry) {
		const char *key = t->entries->p + at;

		/* Values need no more than four bytes of alignment. */
		if (bpf_map_update_elem(t->fd, key, key + t->key, BPF_ANY) < 0)
			return -errno;
	}
	return 0;
}

static void drop_others(const struct table *t)
{
	char key[256], next[256];
	/* Of a key that is gone the first one is next: never for ever. */
	size_t left = WATCH_DIRS_MAX;
	bool more = bpf_map_get_next_key(t->fd, NULL, next) == 0;

	while (more && left--) {
		memcpy(key, next, t->key);
		more = bpf_map_get_next_key(t->fd, key, next) == 0;
		if (!is_wanted(t, key))
			bpf_map_delete_elem(t->fd, key);
	}
}

static int fill(const struct watch_maps *maps, const struct watch_set *set)
{
	const struct table tables[] = {
	    {maps->dirs, &set->dirs, sizeof(struct watch_inode),
		sizeof(struct watch_dir_entry)},
	    {maps->names, &set->names, sizeof(struct watch_name),
		sizeof(struct watch_name_entry)},
	    {maps->asked, &set->asked, sizeof(struct watch_asked),
		sizeof(struct watch_asked_entry)},
	};
	const uint32_t zero = 0;
	struct watch_sieve before, both = set->sieve;
	int r = 0;

	_Static_assert(sizeof(struct watch_asked) <= 256, "a key fits");
	/* What is new must pass the sieve first, what is old until last. */
	if (bpf_map_lookup_elem(maps->sieve, &zero, &before) == 0)
		for (size_t i = 0; i < 64; i++) {
			both.inodes[i] |= before.inodes[i];
			both.names[i] |= before.names[i];
		}
	if (bpf_map_update_elem(maps->sieve, &zero, &both, BPF_ANY) < 0)
		return -errno;
	for (size_t i = 0; i < 3 && r == 0; i++)
		r = put_all(&tables[i]);
	if (r < 0)
		return r;
	for (size_t i = 0; i < 3; i++)
		drop_others(&tables[i]);
	r = bpf_map_update_elem(maps->sieve, &zero, &set->sieve, BPF_ANY);
	return r < 0 ? -errno : 0;
}

int watch_fill(const struct watch_maps *maps, struct str list)
{
	struct watch_set set;
	int r = watch_resolve(&set, list);

	if (r == 0)
		r = fill(maps, &set);
	if (r == 0)
		r = set.n_left_out > INT_MAX ? INT_MAX : (int)set.n_left_out;
	watch_free(&set);
	return r;
}
