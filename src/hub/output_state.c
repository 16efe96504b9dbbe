/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/when.h"
#include "hub/keeper.h"
#include "hub/place.h"
#include "wire/message.h"

#define STATUS_MAX 4096

static int64_t get_time(struct str text, const char *key)
{
	struct arena a = ARENA_INIT;
	struct str s = message_get(text, key, &a);
	int64_t t;

	if (!time_parse_iso(&s, NULL, &t))
		t = 0;
	arena_free(&a);
	return t;
}

void output_state_read(
    struct output_state *ret, const char *store, const char *name)
{
	struct buf text = BUF_INIT;
	char file[PATH_MAX];
	const struct {
		const char *key;
		uint64_t *to;
	} numbers[] = {
	    {"sent", &ret->sent},
	    {"rejected", &ret->rejected},
	    {"events_behind", &ret->behind},
	    {"seconds_behind", &ret->behind_seconds},
	};
	int r;

	*ret = (struct output_state){0};
	snprintf(
	    file, sizeof file, "%s/" HUB_OUTPUTS_DIR "/%s.status", store, name);
	r = fd_read_file(AT_FDCWD, file, STATUS_MAX, &text);
	for (size_t i = 0; r == 0 && i < sizeof numbers / sizeof *numbers; i++)
		message_get_number(
		    buf_str(&text), numbers[i].key, numbers[i].to);
	if (r == 0)
		ret->failing = get_time(buf_str(&text), "failing_since");
	ret->told = r == 0;
	buf_free(&text);
}
