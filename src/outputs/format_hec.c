/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splunk's HTTP event collector: an envelope around our own JSON, whose
 * strings are made valid for readers that refuse lone surrogates.
 */
#include "base/when.h"
#include "outputs/mapping.h"
#include "outputs/plain.h"

static const struct mapping own[] = {
    MAP_EVENT("seq", MAP_SEQ, 0),
    MAP_EVENT("time", MAP_TIME_ISO, 0),
    MAP_EVENT("host", MAP_HOST, 0),
    MAP_EVENT("boot", MAP_BOOT, 0),
    MAP_EVENT("kind", MAP_KIND, 0),
    MAP_EVENT("source", MAP_SOURCE, 0),
    MAP_EVENT("trust", MAP_TRUST, 0),
    MAP_EVENT("session", MAP_SESSION, 0),
    MAP_EVENT("message", MAP_SENTENCE, 0),
    MAP_LAST,
};

static void add_seconds(struct buf *b, int64_t us)
{
	if (us < 0)
		us = 0;
	buf_printf(b, "%lld.%06lld", (long long)(us / USEC_PER_SEC),
	    (long long)(us % USEC_PER_SEC));
}

static void hec_write(
    const struct event *ev, const struct format_settings *s, struct buf *b)
{
	char eid[EVENT_EID_LEN];

	event_eid(ev, eid);
	buf_add_z(b, "{\"time\":");
	add_seconds(b, ev->time);
	buf_add_z(b, ",\"host\":");
	plain_add_json(b, ev->host, 1024);
	buf_printf(b,
	    ",\"source\":\"sshtrail\",\"sourcetype\":\"sshtrail:%s\","
	    "\"fields\":{\"eid\":\"%s\"",
	    event_kind_name(ev->kind), eid);
	if (event_session(ev))
		buf_printf(b, ",\"sid\":\"%016llx\"",
		    (unsigned long long)event_session(ev));
	buf_add_z(b, "},\"event\":");
	mapping_write(ev, own, NULL, s, b);
	buf_add_char(b, '}');
}

const struct event_format format_hec = {
    "hec", "Splunk HTTP event collector envelopes", hec_write, 1};
