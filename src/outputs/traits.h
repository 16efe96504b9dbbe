/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each kind of event is in the words of others: one row a kind, so that
 * no format has a switch of its own.
 */
#ifndef OUTPUTS_TRAITS_H
#define OUTPUTS_TRAITS_H

#include "core/event.h"

/* RFC 5424 section 6.2.1. */
enum facility { FACILITY_AUTHPRIV = 10, FACILITY_AUDIT = 13 };

struct traits {
	const char *msgid; /* RFC 5424: at most 32 printable characters */
	const char *title; /* CEF: the name of the event */
	uint8_t facility;
	uint8_t severity;	  /* of syslog: 0 the worst, 6 informational */
	uint8_t cef_severity;	  /* 0 to 10, 10 the worst */
	const char *ecs_category; /* NULL: none fits */
	const char *ecs_type;	  /* separated by commas */
	/*
	 * OCSF 1.8: the class and the activity in it; 99 is Other, whose name
	 * is then that of the kind.
	 */
	uint16_t ocsf_class;
	uint8_t ocsf_activity;
};

enum outcome { OUTCOME_UNKNOWN, OUTCOME_SUCCESS, OUTCOME_FAILURE };

/*
 * The row of the event, with what its operation and its failure change. Kinds
 * that have no row are informational.
 */
struct traits traits_of(const struct event *ev);

enum outcome traits_outcome(const struct event *ev);

#endif
