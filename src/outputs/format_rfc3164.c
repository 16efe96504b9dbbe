/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 3164, what syslog was before there was a standard: no year, no zone (it
 * is that of the process), and 1024 bytes. What gets lost first stands last.
 */
#include <stdio.h>

#include "base/when.h"
#include "core/event_text.h"
#include "outputs/plain.h"
#include "outputs/syslog_header.h"

#define MESSAGE_MAX 1024

static void add_time(struct buf *b, int64_t us)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil c;

	time_to_civil(us + time_zone_at(us) * USEC_PER_SEC, &c);
	buf_printf(b, "%.3s %2d %02d:%02d:%02d", months + 3 * (c.month - 1),
	    c.day, c.hour, c.minute, c.second);
}

static void rfc3164_write(
    const struct event *ev, const struct format_settings *s, struct buf *b)
{
	const struct traits t = traits_of(ev);
	const size_t begin = b->n,
		     max = s->max_message ? s->max_message : MESSAGE_MAX;
	struct buf text = BUF_INIT, plain = BUF_INIT;
	char eid[EVENT_EID_LEN];

	event_eid(ev, eid);
	syslog_add_pri(b, &t, s);
	add_time(b, ev->time);
	buf_add_char(b, ' ');
	syslog_add_name(b, ev->host, 255);
	if (event_has(ev, F_PID))
		buf_printf(b, " sshtrail[%lld]:", (long long)ev->v[F_PID].i);
	else
		buf_add_z(b, " sshtrail:");
	buf_printf(b, " eid=%s", eid);
	if (event_session(ev))
		buf_printf(
		    b, " sid=%016llx", (unsigned long long)event_session(ev));
	buf_printf(b, " %s ", t.msgid);
	event_describe_own(ev, &text);
	plain_add(&plain, buf_str(&text), 0);
	if (plain.n <= max - (b->n - begin))
		buf_add_str(b, buf_str(&plain));
	else
		plain_add(b, buf_str(&plain), max - (b->n - begin) - 40);
	buf_free(&plain);
	buf_free(&text);
}

const struct event_format format_rfc3164 = {"rfc3164",
    "RFC 3164 syslog messages, for what takes nothing newer", rfc3164_write, 1};
