/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/utmp/known.h"

#include <inttypes.h>

void known_free(struct known *k)
{
	map_free(&k->ids);
}

static int find_latest(const struct known *k, uint64_t id)
{
	for (unsigned i = 0; i < k->n_latest; i++)
		if (k->latest[i].id == id)
			return (int)i;
	return -1;
}

/* Its index; latest[] is not empty. */
static unsigned oldest(const struct known *k)
{
	unsigned at = 0;

	for (unsigned i = 1; i < k->n_latest; i++)
		if (k->latest[i].time < k->latest[at].time)
			at = i;
	return at;
}

/* As long as there is room for all, there is no time before which they are. */
static int64_t latest_since(const struct known *k)
{
	return k->n_latest == KNOWN_LATEST ? k->latest[oldest(k)].time
					   : INT64_MIN;
}

static void add_latest(struct known *k, uint64_t id, int64_t time)
{
	int at = find_latest(k, id);

	if (at < 0 && k->n_latest < KNOWN_LATEST)
		at = (int)k->n_latest++;
	else if (at < 0 && time > k->latest[oldest(k)].time)
		at = (int)oldest(k);
	if (at < 0)
		return;
	k->latest[at].id = id;
	k->latest[at].time = time;
}

/* What decides in the first reading, as `latest` changes in it. */
static void know_latest_only(struct known *k)
{
	map_free(&k->ids);
	k->ids = MAP_INIT;
	for (unsigned i = 0; i < k->n_latest; i++)
		map_put(&k->ids, k->latest[i].id);
	k->since = latest_since(k);
	k->begun = false;
	k->resumed = true;
}

bool known_resume(struct known *k, const char *place)
{
	struct known fresh = KNOWN_INIT;
	struct str s = str_z(place), word;
	uint64_t since, id;

	if (!str_cut(&s, ':', &word) || !str_u64(word, &since) ||
	    since > INT64_MAX)
		return false;
	while (s.n) {
		str_cut(&s, ',', &word);
		if (fresh.n_latest == KNOWN_LATEST || !str_hex64(word, &id))
			return false;
		/* When each was, the next reading says again. */
		fresh.latest[fresh.n_latest].id = id;
		fresh.latest[fresh.n_latest++].time = (int64_t)since;
	}
	know_latest_only(&fresh);
	known_free(k);
	*k = fresh;
	return true;
}

void known_place(const struct known *k, struct buf *ret)
{
	int64_t since = latest_since(k);

	if (!k->begun && !k->resumed)
		return;
	buf_printf(ret, "%" PRId64 ":", since > 0 ? since : 0);
	for (unsigned i = 0; i < k->n_latest; i++)
		buf_printf(ret, "%s%016" PRIx64, i ? "," : "", k->latest[i].id);
}

bool known_take(struct known *k, uint64_t id, int64_t time)
{
	bool told = map_get(&k->ids, id) != NULL;

	/* Without memory for it, it is told again: better than never. */
	map_put(&k->ids, id);
	k->seen++;
	if (!k->begun && (!k->resumed || time < k->since))
		told = true;
	add_latest(k, id, time);
	return !told;
}

void known_read(struct known *k)
{
	k->begun = true;
	/* Most of them are of rows that are gone. */
	if (k->ids.n > KNOWN_MAX && k->ids.n / 2 > k->seen)
		know_latest_only(k);
	k->seen = 0;
}
