/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs/event_format.h"

#include <stdio.h>

extern const struct event_format format_json;
extern const struct event_format format_line;
extern const struct event_format format_rfc5424;
extern const struct event_format format_rfc3164;
extern const struct event_format format_cef;
extern const struct event_format format_ecs;
extern const struct event_format format_ecs_bulk;
extern const struct event_format format_ocsf;
extern const struct event_format format_hec;

const struct event_format *const event_formats[] = {
    &format_json,
    &format_line,
    &format_rfc5424,
    &format_rfc3164,
    &format_cef,
    &format_ecs,
    &format_ecs_bulk,
    &format_ocsf,
    &format_hec,
    NULL,
};

const struct event_format *event_format_find(struct str name)
{
	for (size_t i = 0; event_formats[i]; i++)
		if (str_eqz(name, event_formats[i]->name))
			return event_formats[i];
	return NULL;
}

void event_eid(const struct event *ev, char ret[static EVENT_EID_LEN])
{
	if (ev->seq)
		snprintf(ret, EVENT_EID_LEN, "%016llx-%llu",
		    (unsigned long long)ev->chain, (unsigned long long)ev->seq);
	else
		snprintf(ret, EVENT_EID_LEN, "%016llx",
		    event_has(ev, F_ID) ? (unsigned long long)ev->v[F_ID].u
					: 0ull);
}
