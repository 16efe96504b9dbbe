/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events in the formats of others: pure functions from an event to bytes. One
 * descriptor a format, in one file each, and one line in the array of
 * event_format.c.
 *
 * Whatever an event holds, what is written is one well-formed record of that
 * format, without control characters and in valid UTF-8 (outputs/plain.h).
 */
#ifndef OUTPUTS_EVENT_FORMAT_H
#define OUTPUTS_EVENT_FORMAT_H

#include "core/event.h"

struct format_settings {
	/* Bytes of one text; longer ones are cut and say so. 0: no limit. */
	size_t max_text;
	/* Bytes of a whole syslog message (RFC 5424, RFC 3164). */
	size_t max_message;
	const char *sd_id; /* of RFC 5424: NAME@ENTERPRISE-NUMBER */
	int facility;	   /* -1: that of the event's kind */
	bool bom;	   /* RFC 5424 section 6.4, before the message */
};

/* What suits each format; `max_message` of 0 means its own. */
#define FORMAT_SETTINGS_DEFAULT                                                \
	((struct format_settings){32766, 0, "sshtrail@32473", -1, false})

#define FORMAT_MESSAGE_MIN 480 /* what RFC 5424 has every receiver take */

struct event_format {
	const char *name;
	const char *what; /* for people: "RFC 5424 syslog messages" */
	/* No line break is in what it appends, but where `lines` says more. */
	void (*write)(const struct event *ev, const struct format_settings *s,
	    struct buf *b);
	unsigned lines; /* of one event; with LF between them */
};

/* Ends with NULL. */
extern const struct event_format *const event_formats[];
/* NULL when there is none of that name. */
const struct event_format *event_format_find(struct str name);

/*
 * The identity of an event in all formats: its chain and its number in it,
 * "0123456789abcdef-42". The same event sent twice has the same; sinks that
 * can tell drop the second. One that is in no trail has its `id` for it.
 */
#define EVENT_EID_LEN 40
void event_eid(const struct event *ev, char ret[static EVENT_EID_LEN]);

#endif
