/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/event_frame.h"

#include <errno.h>
#include <stdio.h>

#include "base/when.h"
#include "core/event_json.h"

static void cut_largest(struct event *ev)
{
	enum field largest = F_TEXT;

	for (unsigned f = 0; f < EVENT_N_FIELDS; f++) {
		enum field_type type = event_fields[f].type;

		if ((type == FIELD_STR || type == FIELD_LIST) &&
		    event_str(ev, (enum field)f).n > event_str(ev, largest).n)
			largest = (enum field)f;
	}
	event_unset(ev, largest);
	event_set_int(ev, F_CUT, true);
}

int event_frame(struct event *ev, struct buf *json, struct err *err)
{
	int r;

	json->max = TRAIL_PAYLOAD_MAX;
	for (;;) {
		buf_clear(json);
		event_to_json(ev, 0, json);
		r = buf_error(json);
		if (r != -EMSGSIZE)
			break;
		cut_largest(ev);
	}
	return r < 0 ? err_sys(err, r, "event") : 0;
}

void event_frame_gap(struct event *ev, const char *chain,
    const struct trail_recovery *rec,
    char reason[static EVENT_FRAME_REASON_MAX])
{
	const char *colon = strchr(chain, ':');
	int n = snprintf(reason, EVENT_FRAME_REASON_MAX,
	    "writing was interrupted behind event %llu; %llu bytes of an "
	    "unfinished frame were set aside",
	    (unsigned long long)rec->last_seq,
	    (unsigned long long)rec->torn_bytes);

	event_init(ev, EVENT_GAP);
	ev->trust = TRUST_DAEMON;
	ev->source = STR("sshtrail");
	ev->time = time_now();
	ev->host = str_z(colon ? colon + 1 : chain);
	event_set_str(ev, F_OP, STR("recovered"));
	event_set_str(ev, F_REASON, str_make(reason, (size_t)n));
}
