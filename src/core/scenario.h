/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: events written one a line, the sessions that come of them as
 * text. A line is an event in JSON, or SOURCE KIND SECONDS KEY=VALUE...; `argv`
 * takes blanks as commas; "trust=kernel" and "boot=ID" are the event's own. A
 * line "---" begins a new import.
 */
#ifndef CORE_SCENARIO_H
#define CORE_SCENARIO_H

#include "core/correlate.h"

struct scenario {
	struct correlator *c;
	struct track *tracks; /* by id; strings in `a` */
	size_t n_tracks;
	struct boot *boots;
	size_t n_boots;
	struct arena a;
	struct buf log;	  /* a line for each event: its track's number */
	struct buf saved; /* keys and what was saved under them */
	bool cut;
	uint64_t part;
};

void scenario_run(struct scenario *s, const char *text);
/* The same, but what is known is saved and read back after each event. */
void scenario_run_cut(struct scenario *s, const char *text);
/* The sessions as text, joined from the tracks in the order given by seed. */
void scenario_sessions(struct scenario *s, unsigned seed, struct buf *ret);
void scenario_free(struct scenario *s);

/* One line; false for an empty one or "---". */
bool scenario_event(struct str line, struct event *ev, struct arena *a);

#endif
