/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings that were imported, each a track of its own: which session it is
 * of follows from its audit session, or from terminal, user and time, when
 * tracks are joined.
 */
#include "core/live.h"

static uint64_t key_of(const struct correlator *c, const struct event *ev)
{
	return index_key_str(c, INDEX_RECORDING,
	    event_str(ev, F_RECORDING_CHAIN), event_int(ev, F_RECORDING, 0));
}

static int open_recording(struct correlator *c, struct live_host *h,
    struct event *ev, struct live **ret)
{
	struct buf id = BUF_INIT;
	struct live *l;
	int err;

	buf_add_i64(&id, event_int(ev, F_RECORDING, 0));
	buf_add_char(&id, ' ');
	buf_add_str(&id, event_str(ev, F_RECORDING_CHAIN));
	err = buf_error(&id);
	if (!err)
		err = live_new(c, h, TRACK_LOGIN, ev, buf_str(&id), &l);
	buf_free(&id);
	if (err)
		return err;
	l->t.flags |= TRACK_RECORDED | TRACK_TTY;
	l->t.ses = event_int(ev, F_SES, -1);
	*ret = l;
	err = live_index(l, key_of(c, ev));
	return err || l->t.ses >= 0
		   ? err
		   : live_inferred(c, ev, l,
			 STR("session: by host, user, terminal and time of the "
			     "recording"));
}

int recording_event(struct correlator *c, struct live_host *h, struct event *ev,
    struct live **ret)
{
	struct live *l = NULL;
	int err = 0;

	if (ev->kind == EVENT_CHANNEL_OPEN)
		err = open_recording(c, h, ev, &l);
	else if (ev->kind == EVENT_CHANNEL_CLOSE)
		l = live_find(h, key_of(c, ev));
	if (err || !l)
		return err;
	live_touch(c, l, ev->time);
	*ret = l;
	if (ev->kind == EVENT_CHANNEL_CLOSE)
		return facts_close(l, ev->time, event_str(ev, F_REASON));
	return facts_add(l, ev);
}
