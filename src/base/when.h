/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times are microseconds since 1970-01-01 UTC in an int64_t. No function here
 * but the first three asks a clock.
 */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <time.h>

#include "base/str.h"

#define USEC_PER_SEC ((int64_t)1000000)
#define USEC_PER_DAY ((int64_t)86400 * USEC_PER_SEC)

struct civil {
	int64_t year;
	int month, day;		  /* 1.. */
	int hour, minute, second; /* second may be 60 */
	int usec;
};

int64_t time_now(void);
/* Since the host started, sleep included. */
int64_t time_boot(void);
/*
 * The clock less the time since the host started, sleep included: it changes
 * only where the clock is set or slewed.
 */
int64_t time_boot_offset(void);

/* What the kernel gives, cut to microseconds. */
static inline int64_t time_from_kernel(struct timespec t)
{
	return (int64_t)t.tv_sec * USEC_PER_SEC + t.tv_nsec / 1000;
}

/*
 * Seconds east of UTC that a clock had when it showed `local` (microseconds
 * since 1970 as if it were UTC): the one way in which zones and their summer
 * times come in. time_zone_local() is that of the process (TZ, read when it
 * starts and at tzset()). Of a time that a clock showed twice in autumn the
 * first is meant; one that was left out in spring is counted as if the clock
 * had not been changed.
 */
typedef int64_t utc_offset_fn(int64_t local);
int64_t time_zone_local(int64_t local);
/* Seconds east of UTC of the process's zone at the time `us`. */
int64_t time_zone_at(int64_t us);

/*
 * UTC calendar to microseconds and back. Fields out of their range (month
 * excepted) count on: day 0 is the last of the month before. Years that do not
 * fit give INT64_MIN or INT64_MAX.
 */
#define TIME_YEAR_MAX 290000
int64_t time_from_civil(const struct civil *c);
void time_to_civil(int64_t us, struct civil *ret);
/* Whether there is such a day and time; year 0 is a leap year. */
bool civil_valid(const struct civil *c);

/* 0000-01-01 and 9999-12-31T23:59:59.999999: what four digits can say. */
#define TIME_MIN (-(int64_t)719528 * USEC_PER_DAY)
#define TIME_MAX ((int64_t)2932897 * USEC_PER_DAY - 1)

/*
 * YYYY-MM-DDThh:mm:ss[.fraction][Z|+hh:mm|+hhmm|+hh] (a blank instead of T is
 * fine), at the start of *s; *s is moved behind it. Without a zone, the time is
 * taken as local by `utc_offset` (see utc_offset_fn; NULL: UTC). False when it
 * is not one.
 */
bool time_parse_iso(struct str *s, utc_offset_fn *utc_offset, int64_t *ret);

/*
 * Z, +hh:mm, +hhmm or +hh (or -) at the start of *s, taken off it: seconds east
 * of UTC.
 */
enum zone {
	ZONE_NONE,  /* there is none */
	ZONE_GIVEN, /* stored */
	ZONE_WRONG, /* there is one, but no such: +99:99 */
};
enum zone time_parse_zone(struct str *s, int64_t *ret_offset);

/*
 * "Mon dd hh:mm:ss" (RFC 3164; one or two blanks before a one-digit day; a
 * fraction and a year behind it, as some write, are taken) at the start of *s.
 * The year is left 0 when it is not there.
 */
bool time_parse_bsd(struct str *s, struct civil *ret);

/*
 * "2026-11-22T11:49:28.940565Z": 27 characters and a NUL. What is before
 * TIME_MIN or after TIME_MAX is written as that.
 */
#define TIME_ISO_LEN 28
void time_format_iso(int64_t us, char ret[static TIME_ISO_LEN]);
/* "2026-11-22 11:49:28" in the local zone of the process. */
#define TIME_LOCAL_LEN 20
void time_format_local(int64_t us, char ret[static TIME_LOCAL_LEN]);

/*
 * A time as journalctl takes it (systemd.time(7)): "2026-11-22 10:00:01",
 * "2026-11-22", "10:00", "yesterday", "today", "tomorrow", "now", "-2h",
 * "+5min", "2 days ago", "@1795346625", ISO 8601 with zone; calendar times in
 * the local zone, unless followed by an offset, the local zone's name in winter
 * or summer (CET), UTC, or a zone of the database (Europe/Berlin; see
 * base/zone.h: not beside other threads). False when it is none of them.
 */
bool time_parse_when(struct str s, int64_t now, int64_t *ret);

/*
 * A span of time as systemd.time(7): "90" (seconds), "5min", "1h 30min", "2d",
 * "1.5h": microseconds.
 */
bool time_parse_span(struct str s, int64_t *ret);

/* "45s", "12m03s", "3h04m", "5d02h": cut, not rounded; "0s" below a second. */
#define TIME_SPAN_LEN 24
void time_format_span(int64_t us, char ret[static TIME_SPAN_LEN]);

#endif
