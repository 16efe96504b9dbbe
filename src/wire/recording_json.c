/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/recording_json.h"

#include <errno.h>
#include <stddef.h>

#include "core/event_json.h"
#include "core/flat_json.h"

enum type { TEXT, NUMBER, ID };

#define AT(member) offsetof(struct recording, member)

/* Numbers of frames and ids are told apart from figures, which are signed. */
static const struct {
	const char *key;
	enum type type;
	size_t at;
} members[] = {
    {"host", TEXT, AT(host)},
    {"chain", TEXT, AT(chain)},
    {"number", ID, AT(number)},
    {"last", ID, AT(last)},
    {"track", ID, AT(track)},
    {"session", ID, AT(session)},
    {"tty", TEXT, AT(tty)},
    {"size", TEXT, AT(size)},
    {"command", TEXT, AT(command)},
    {"format", TEXT, AT(format)},
    {"start", NUMBER, AT(start)},
    {"end", NUMBER, AT(end)},
    {"bytes", NUMBER, AT(bytes)},
    {"input", NUMBER, AT(input)},
    {"lost", NUMBER, AT(lost)},
    {"left_out", NUMBER, AT(left_out)},
    {"masked", NUMBER, AT(masked)},
    {"sha256", TEXT, AT(sha256)},
};

#define N_MEMBERS (sizeof members / sizeof *members)

void recording_to_json(struct buf *b, const struct recording *r)
{
	for (size_t i = 0; i < N_MEMBERS; i++) {
		const void *at = (const char *)r + members[i].at;

		buf_printf(b, "%c\"%s\":", i ? ',' : '{', members[i].key);
		if (members[i].type == TEXT)
			json_add_string(b, *(const struct str *)at);
		else if (members[i].type == NUMBER)
			buf_add_i64(b, *(const int64_t *)at);
		else
			buf_printf(b, "\"%016llx\"",
			    (unsigned long long)*(const uint64_t *)at);
	}
	buf_printf(b, ",\"partial\":%s}", r->partial ? "true" : "false");
}

static int take(
    void *at, enum type type, const struct json_pair *pair, struct arena *a)
{
	if (type == NUMBER)
		return str_i64(pair->raw, at) ? 0 : -EBADMSG;
	if (pair->type != JSON_STRING)
		return -EBADMSG;
	if (type == ID)
		return str_hex64(pair->raw, at) ? 0 : -EBADMSG;
	*(struct str *)at = arena_dup(a, flat_json_text(pair, a));
	return ((struct str *)at)->p ? 0 : -ENOMEM;
}

int recording_from_json(struct recording *ret, struct str json, struct arena *a)
{
	struct flat_json j = {.rest = json};
	struct json_pair pair;
	int more, r = 0;

	*ret = (struct recording){.end = -1};
	while ((more = flat_json_next(&j, &pair)) == 1 && r == 0) {
		for (size_t i = 0; i < N_MEMBERS; i++)
			if (str_eqz(pair.key, members[i].key))
				r = take((char *)ret + members[i].at,
				    members[i].type, &pair, a);
		if (str_eqz(pair.key, "partial"))
			ret->partial = str_eqz(pair.raw, "true");
	}
	return r < 0 ? r : more == 0 ? 0 : -EBADMSG;
}
