/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/message.h"

#include "core/event_json.h"
#include "core/flat_json.h"

void message_begin(struct buf *b)
{
	buf_add_char(b, '{');
}

static void add_key(struct buf *b, const char *key)
{
	if (b->n && b->p[b->n - 1] != '{')
		buf_add_char(b, ',');
	buf_printf(b, "\"%s\":", key);
}

void message_text(struct buf *b, const char *key, struct str value)
{
	add_key(b, key);
	json_add_string(b, value);
}

void message_number(struct buf *b, const char *key, uint64_t value)
{
	add_key(b, key);
	buf_add_u64(b, value);
}

void message_end(struct buf *b)
{
	buf_add_z(b, "}\n");
}

static bool find(struct str message, const char *key, struct json_pair *ret)
{
	struct flat_json j = {.rest = str_trim(message)};

	if (message.n > MESSAGE_MAX)
		return false;
	while (flat_json_next(&j, ret) == 1)
		if (str_eqz(ret->key, key))
			return true;
	return false;
}

struct str message_get(struct str message, const char *key, struct arena *a)
{
	struct json_pair pair;

	return find(message, key, &pair)
		   ? arena_dup(a, flat_json_text(&pair, a))
		   : STR_NONE;
}

bool message_get_number(struct str message, const char *key, uint64_t *ret)
{
	struct json_pair pair;

	return find(message, key, &pair) && pair.type == JSON_PLAIN &&
	       str_u64(pair.raw, ret);
}
