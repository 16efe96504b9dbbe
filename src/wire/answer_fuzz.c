/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a hub's answer: what was read is the same when written again. */
#include <stdlib.h>

#include "core/session_json.h"
#include "wire/recording_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void sessions(struct str row)
{
	struct arena a = ARENA_INIT;
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct session s;

	if (session_from_json(&s, row, &a) == 0) {
		session_to_json(&first, &s);
		check(session_from_json(&s, buf_str(&first), &a) == 0);
		session_to_json(&second, &s);
		check(str_eq(buf_str(&first), buf_str(&second)));
	}
	buf_free(&first);
	buf_free(&second);
	arena_free(&a);
}

static void recordings(struct str row)
{
	struct arena a = ARENA_INIT;
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct recording r;

	if (recording_from_json(&r, row, &a) == 0) {
		recording_to_json(&first, &r);
		check(recording_from_json(&r, buf_str(&first), &a) == 0);
		recording_to_json(&second, &r);
		check(str_eq(buf_str(&first), buf_str(&second)));
	}
	buf_free(&first);
	buf_free(&second);
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sessions(str_make(data, size));
	recordings(str_make(data, size));
	return 0;
}
