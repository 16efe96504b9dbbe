/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/authlog/year.h"

#define DAY	 ((int64_t)86400)
/* Further back than this within the calendar is a new year. */
#define SLACK	 (7 * DAY)
#define YEAR	 (366 * DAY)
/* No zone is further from UTC, even of those that users make. */
#define EAST_MAX (7 * USEC_PER_DAY)

int64_t time_from_local(const struct civil *when, utc_offset_fn *utc_offset)
{
	int64_t t = time_from_civil(when);

	return utc_offset ? t - utc_offset(t) * USEC_PER_SEC : t;
}

static int64_t year_of(int64_t us)
{
	struct civil c;

	time_to_civil(us, &c);
	return c.year;
}

void year_start(struct year_clock *c, int64_t mtime, utc_offset_fn *utc_offset)
{
	*c = (struct year_clock){.mtime = mtime,
	    .mtime_year = year_of(mtime),
	    .latest = year_of(mtime + USEC_PER_DAY + EAST_MAX),
	    .utc_offset = utc_offset,
	    .leap_turns = -1,
	    .at = -1,
	    .bucket = INT64_MIN};
}

/* Seconds since New Year, every year taken as a leap year. */
static int64_t since_new_year(const struct civil *when)
{
	static const int before[] = {
	    0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335};
	int month = when->month >= 1 && when->month <= 12 ? when->month : 1;

	return (before[month - 1] + when->day - 1) * DAY + when->hour * 3600 +
	       when->minute * 60 + when->second;
}

/* +1: the calendar began anew between two lines; -1: it did backwards. */
static int turn(int64_t before, int64_t now)
{
	if (before < 0)
		return 0;
	if (now < before - SLACK)
		return 1;
	if (now > before + YEAR - SLACK)
		return -1;
	return 0;
}

static bool is_leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int64_t latest_year(const struct year_clock *c, struct civil when)
{
	for (when.year = c->latest; when.year > c->mtime_year - 9;
	     when.year--) {
		if (when.month == 2 && when.day == 29 && !is_leap(when.year))
			continue;
		if (time_from_local(&when, c->utc_offset) <=
		    c->mtime + USEC_PER_DAY)
			return when.year;
	}
	return c->mtime_year;
}

void year_scan(struct year_clock *c, const struct civil *when)
{
	int64_t now = since_new_year(when);

	c->turns += turn(c->at, now);
	c->at = now;
	if (when->month == 2 && when->day == 29)
		c->leap_turns = c->turns;
	c->scanned = true;
	c->newest = *when;
}

/*
 * As time_from_local(); asking for the zone is dear, and no zone changes
 * within a quarter of an hour.
 */
static int64_t resolve_local(struct year_clock *c, const struct civil *when)
{
	int64_t t = time_from_civil(when);
	int64_t bucket = t / (900 * USEC_PER_SEC);

	if (!c->utc_offset)
		return t;
	if (bucket != c->bucket) {
		c->bucket = bucket;
		c->east = c->utc_offset(t);
	}
	return t - c->east * USEC_PER_SEC;
}

static int64_t newest_year(const struct year_clock *c)
{
	int64_t year = latest_year(c, c->newest);

	for (int tries = 0; tries < 8 && c->leap_turns >= 0; tries++) {
		if (is_leap(year - (c->turns - c->leap_turns)))
			break;
		year--;
	}
	return year;
}

static bool same_moment(const struct civil *a, const struct civil *b)
{
	return a->second == b->second && a->usec == b->usec &&
	       a->minute == b->minute && a->hour == b->hour &&
	       a->day == b->day && a->month == b->month;
}

/* Sets the year. */
static int64_t resolve(struct year_clock *c, struct civil *when)
{
	int64_t now = since_new_year(when);

	if (!c->scanned) {
		when->year = latest_year(c, *when);
		return resolve_local(c, when);
	}
	if (!c->resolving) {
		c->resolving = true;
		c->year = newest_year(c) - c->turns;
	} else {
		c->year += turn(c->at, now);
	}
	c->at = now;
	when->year = c->year;
	return resolve_local(c, when);
}

int64_t year_resolve(struct year_clock *c, struct civil *when)
{
	if (c->before.month && same_moment(&c->before, when)) {
		when->year = c->before.year;
		return c->before_time;
	}
	c->before_time = resolve(c, when);
	c->before = *when;
	return c->before_time;
}
