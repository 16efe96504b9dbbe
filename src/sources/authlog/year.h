/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The year of times that have none (RFC 3164). A log is written forward in
 * time and not after its file's modification time; that is all there is to
 * conclude from:
 *
 * - After a first pass over the file (year_scan() on every line) the number
 *   of times that the calendar began anew is known. The last line gets the
 *   latest year that does not lie after the modification time (a day of
 *   tolerance for clocks) and gives the 29th of February a leap year, the
 *   first line that many years less, and the year counts up as the lines go
 *   on.
 * - Without a first pass each line gets the latest year that does not lie
 *   after the modification time: the same for every log of less than a year.
 *
 * Lines a few days out of order do not count as a new year.
 */
#ifndef SOURCES_AUTHLOG_YEAR_H
#define SOURCES_AUTHLOG_YEAR_H

#include "base/when.h"

struct year_clock {
	int64_t mtime;	    /* microseconds */
	int64_t mtime_year; /* its year */
	int64_t latest;	    /* the latest that a line can be of */
	utc_offset_fn *utc_offset;
	bool scanned;
	bool resolving;	     /* the first line got its year */
	struct civil newest; /* last line of the first pass */
	int64_t turns;	     /* new years in the first pass */
	int64_t leap_turns;  /* of them before its last 29th of February, -1 */
	int64_t year;	     /* of the line before */
	int64_t at;	     /* seconds since New Year of the line before, -1 */
	int64_t bucket;	     /* quarter of an hour for which `east` holds */
	int64_t east;	     /* seconds east of UTC then */
	/* Of the line before, whose second the next often has. */
	struct civil before;
	int64_t before_time;
};

/* A new file. */
void year_start(struct year_clock *c, int64_t mtime, utc_offset_fn *utc_offset);
/* First pass. */
void year_scan(struct year_clock *c, const struct civil *when);
/* The time of `when`, whose year is filled in, in microseconds. */
int64_t year_resolve(struct year_clock *c, struct civil *when);

/* A local calendar time as microseconds. */
int64_t time_from_local(const struct civil *when, utc_offset_fn *utc_offset);

#endif
