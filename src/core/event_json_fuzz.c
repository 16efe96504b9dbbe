/* SPDX-License-Identifier: Apache-2.0 */
/* What is read must be written and read again unchanged. */
#include "core/event_json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct event ev, again;
	struct err err = {""};

	if (event_from_json(&ev, str_make(data, size), &a, &err)) {
		check(err.text[0]);
	} else {
		event_to_json(&ev, EVENT_JSON_DERIVED, &first);
		check(!event_from_json(&again, buf_str(&first), &a, &err));
		event_to_json(&again, EVENT_JSON_DERIVED, &second);
		check(str_eq(buf_str(&first), buf_str(&second)));
		check(!memcmp(ev.has, again.has, sizeof ev.has));
		check(ev.time == again.time && ev.seq == again.seq);
	}
	buf_clear(&first);
	json_add_string(&first, str_make(data, size));
	check(!buf_error(&first));
	buf_free(&first);
	buf_free(&second);
	arena_free(&a);
	return 0;
}
