/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event_json.h"
#include "outputs/event_format.h"

static void json_write(
    const struct event *ev, const struct format_settings *s, struct buf *b)
{
	event_to_json(ev, EVENT_JSON_DERIVED, b);
}

const struct event_format format_json = {
    "json", "JSON objects as 'search --json' prints them", json_write, 1};
