/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor/daemon_state.h"

#include "core/flat_json.h"

/* A copy: without escapes it would lie within the JSON. */
static struct str text_of(const struct json_pair *pair, struct arena *a)
{
	struct str s = flat_json_text(pair, a);

	return s.p ? arena_dup(a, s) : s;
}

static bool read_tap(
    struct flat_json *j, struct daemon_tap *ret, struct arena *a)
{
	struct json_pair pair;
	int r;

	*ret = (struct daemon_tap){.open = false};
	while ((r = flat_json_next(j, &pair)) > 0) {
		if (str_eqz(pair.key, "tap"))
			ret->name = text_of(&pair, a);
		else if (str_eqz(pair.key, "note"))
			ret->note = text_of(&pair, a);
		else if (str_eqz(pair.key, "open"))
			ret->open = str_eqz(pair.raw, "true");
		else if (str_eqz(pair.key, "lost") &&
			 !str_u64(pair.raw, &ret->lost))
			return false;
	}
	return r == 0 && ret->name.p;
}

static bool read_taps(
    struct str list, struct daemon_state *ret, struct arena *a)
{
	struct flat_json j = {.rest = list};
	struct daemon_tap tap;

	while (str_trim(j.rest).n) {
		j.started = false;
		if (!read_tap(&j, &tap, a))
			return false;
		if (ret->n_taps < DAEMON_TAPS_MAX)
			ret->taps[ret->n_taps++] = tap;
		j.rest = str_trim(j.rest);
		if (j.rest.n && !str_skip(&j.rest, STR(",")))
			return false;
	}
	return true;
}

bool daemon_state_parse(
    struct daemon_state *ret, struct str json, struct arena *a)
{
	struct flat_json j = {.rest = json};
	struct json_pair pair;
	int r;

	*ret = (struct daemon_state){.n_taps = 0};
	while ((r = flat_json_next(&j, &pair)) > 0) {
		if (str_eqz(pair.key, "store"))
			ret->store = text_of(&pair, a);
		else if (str_eqz(pair.key, "host"))
			ret->host = text_of(&pair, a);
		else if (str_eqz(pair.key, "taps") &&
			 (pair.type != JSON_ARRAY ||
			     !read_taps(pair.raw, ret, a)))
			return false;
	}
	return r == 0 && ret->store.n && !memchr(ret->store.p, 0, ret->store.n);
}

const struct daemon_tap *daemon_tap_find(
    const struct daemon_state *d, const char *name)
{
	for (size_t i = 0; i < d->n_taps; i++)
		if (str_eqz(d->taps[i].name, name))
			return &d->taps[i];
	return NULL;
}

bool daemon_takes(const struct daemon_state *d, const char *name)
{
	const struct daemon_tap *tap = daemon_tap_find(d, name);

	return tap && tap->open;
}
