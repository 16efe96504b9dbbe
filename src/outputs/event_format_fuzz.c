/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever an event holds, each format writes one record that no reader takes
 * for two, within its limit.
 */
#include "outputs/event_format.h"

#include <stdlib.h>

#include "core/event_json.h"
#include "core/json_string.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_bytes(struct str s, unsigned lines)
{
	unsigned breaks = 0;

	while (s.n) {
		uint32_t cp;
		size_t n = utf8_decode((const uint8_t *)s.p, s.n, &cp);

		check(n > 0);
		check(cp >= 0x20 || cp == '\n');
		check(cp != 0x7f && !utf8_deceptive(cp));
		breaks += cp == '\n';
		s = str_from(s, n);
	}
	check(breaks == lines - 1);
}

/* Braces, quotes and escapes as JSON has them. */
static void check_json(struct str s)
{
	size_t depth = 0;
	bool text = false;

	for (size_t i = 0; i < s.n; i++) {
		if (text && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			text = !text;
		else if (!text && (s.p[i] == '{' || s.p[i] == '['))
			depth++;
		else if (!text && (s.p[i] == '}' || s.p[i] == ']'))
			check(depth-- > 0);
	}
	check(depth == 0 && !text);
}

static void check_format(const struct event_format *f, const struct event *ev,
    const struct format_settings *s)
{
	struct buf b = BUF_INIT;

	f->write(ev, s, &b);
	check(!buf_error(&b));
	check_bytes(buf_str(&b), f->lines);
	if (b.p[0] == '{')
		check_json(buf_str(&b));
	if (b.p[0] == '<' && s->max_message)
		check(b.n <= s->max_message);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct format_settings usual = FORMAT_SETTINGS_DEFAULT, tight = usual;
	struct arena a = ARENA_INIT;
	struct event ev;
	struct err err = {""};

	tight.max_text = size ? data[0] + 1u : 1;
	tight.max_message = FORMAT_MESSAGE_MIN;
	if (event_from_json(&ev, str_make(data, size), &a, &err) == 0)
		for (size_t i = 0; event_formats[i]; i++) {
			check_format(event_formats[i], &ev, &usual);
			check_format(event_formats[i], &ev, &tight);
		}
	arena_free(&a);
	return 0;
}
