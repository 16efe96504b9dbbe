/* SPDX-License-Identifier: Apache-2.0 */
/* A line for people: when, where, what, and in which session. */
#include "base/when.h"
#include "core/event_text.h"
#include "outputs/event_format.h"
#include "outputs/plain.h"

static void line_write(
    const struct event *ev, const struct format_settings *s, struct buf *b)
{
	struct buf text = BUF_INIT;
	char time[TIME_ISO_LEN], eid[EVENT_EID_LEN];

	time_format_iso(ev->time, time);
	event_eid(ev, eid);
	buf_printf(b, "%s ", time);
	plain_add(b, ev->host, 255);
	buf_printf(b, " %s: ", event_kind_name(ev->kind));
	event_describe_own(ev, &text);
	plain_add(b, buf_str(&text), s->max_text);
	buf_add_z(b, " (");
	if (event_has(ev, F_LOGIN_USER)) {
		plain_add(b, event_str(ev, F_LOGIN_USER), 255);
		buf_add_z(b, ", ");
	}
	if (event_session(ev))
		buf_printf(b, "session %016llx, ",
		    (unsigned long long)event_session(ev));
	buf_printf(b, "%s)", eid);
	buf_free(&text);
}

const struct event_format format_line = {
    "line", "lines for people, as in mails", line_write, 1};
