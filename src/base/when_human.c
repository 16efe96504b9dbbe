/* SPDX-License-Identifier: Apache-2.0 */
/* Times and spans as people write and read them; the zone of the process. */
#include "base/when.h"

#include <stdio.h>
#include <time.h>

#include "base/zone.h"

static bool localtime_of(int64_t us, struct tm *ret)
{
	time_t t = us / USEC_PER_SEC - (us % USEC_PER_SEC < 0);

	return localtime_r(&t, ret) != NULL;
}

int64_t time_zone_at(int64_t us)
{
	struct tm tm;

	return localtime_of(us, &tm) ? tm.tm_gmtoff : 0;
}

static int64_t clamp(int64_t us)
{
	if (us < TIME_MIN)
		return TIME_MIN;
	return us > TIME_MAX ? TIME_MAX : us;
}

int64_t time_zone_local(int64_t local)
{
	int64_t at = clamp(local);
	int64_t before = time_zone_at(at - USEC_PER_DAY);
	int64_t after = time_zone_at(at + USEC_PER_DAY);

	if (before == after ||
	    time_zone_at(at - before * USEC_PER_SEC) == before)
		return before;
	if (time_zone_at(at - after * USEC_PER_SEC) == after)
		return after;
	return before;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One to `max` digits off the front of *s. */
static bool take_number(struct str *s, size_t max, int64_t *ret)
{
	size_t n = 0;
	uint64_t v;

	while (n < s->n && n < max && is_digit(s->p[n]))
		n++;
	if (!str_u64(str_upto(*s, n), &v) || v > INT64_MAX)
		return false;
	*ret = (int64_t)v;
	*s = str_from(*s, n);
	return true;
}

/* ".digits" in millionths; more digits than six are read and cut. */
static int64_t take_millionths(struct str *s)
{
	int64_t v = 0, unit = 100000;

	if (s->n < 2 || s->p[0] != '.' || !is_digit(s->p[1]))
		return 0;
	*s = str_from(*s, 1);
	while (s->n && is_digit(s->p[0])) {
		v += (s->p[0] - '0') * unit;
		unit /= 10;
		*s = str_from(*s, 1);
	}
	return v;
}

static void skip_blanks(struct str *s)
{
	while (s->n && (s->p[0] == ' ' || s->p[0] == '\t'))
		*s = str_from(*s, 1);
}

#define MINUTE (60 * USEC_PER_SEC)
#define HOUR   (3600 * USEC_PER_SEC)
/* As systemd counts them: 30.44 and 365.25 days. */
#define MONTH  (2629800 * USEC_PER_SEC)
#define YEAR   (31557600 * USEC_PER_SEC)

static const struct unit {
	struct str name;
	int64_t us;
} units[] = {
    {STR_INIT(""), USEC_PER_SEC},
    {STR_INIT("us"), 1},
    {STR_INIT("usec"), 1},
    {STR_INIT("\xc2\xb5s"), 1},
    {STR_INIT("\xce\xbcs"), 1},
    {STR_INIT("ms"), 1000},
    {STR_INIT("msec"), 1000},
    {STR_INIT("s"), USEC_PER_SEC},
    {STR_INIT("sec"), USEC_PER_SEC},
    {STR_INIT("second"), USEC_PER_SEC},
    {STR_INIT("seconds"), USEC_PER_SEC},
    {STR_INIT("m"), MINUTE},
    {STR_INIT("min"), MINUTE},
    {STR_INIT("minute"), MINUTE},
    {STR_INIT("minutes"), MINUTE},
    {STR_INIT("h"), HOUR},
    {STR_INIT("hr"), HOUR},
    {STR_INIT("hour"), HOUR},
    {STR_INIT("hours"), HOUR},
    {STR_INIT("d"), USEC_PER_DAY},
    {STR_INIT("day"), USEC_PER_DAY},
    {STR_INIT("days"), USEC_PER_DAY},
    {STR_INIT("w"), 7 * USEC_PER_DAY},
    {STR_INIT("week"), 7 * USEC_PER_DAY},
    {STR_INIT("weeks"), 7 * USEC_PER_DAY},
    {STR_INIT("M"), MONTH},
    {STR_INIT("month"), MONTH},
    {STR_INIT("months"), MONTH},
    {STR_INIT("y"), YEAR},
    {STR_INIT("year"), YEAR},
    {STR_INIT("years"), YEAR},
};

static bool ends_unit(char c)
{
	return c == ' ' || c == '\t' || is_digit(c);
}

static bool take_unit(struct str *s, int64_t *ret)
{
	size_t n = 0;

	while (n < s->n && !ends_unit(s->p[n]))
		n++;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (str_eq(units[i].name, str_upto(*s, n))) {
			*ret = units[i].us;
			*s = str_from(*s, n);
			return true;
		}
	return false;
}

/* One number with its unit: "1.5h", "20 s". */
static bool take_span_part(struct str *s, int64_t *ret)
{
	int64_t whole = 0, fraction, unit, us;
	bool digits = take_number(s, s->n, &whole);
	bool point = s->n > 1 && s->p[0] == '.' && is_digit(s->p[1]);

	if (!digits && !point)
		return false;
	fraction = take_millionths(s);
	skip_blanks(s);
	if (!take_unit(s, &unit) || __builtin_mul_overflow(whole, unit, &us))
		return false;
	/* Units are whole seconds or below one, so nothing is lost here. */
	fraction = unit / USEC_PER_SEC * fraction +
		   unit % USEC_PER_SEC * fraction / USEC_PER_SEC;
	return !__builtin_add_overflow(us, fraction, ret);
}

bool time_parse_span(struct str s, int64_t *ret)
{
	int64_t total = 0;

	s = str_trim(s);
	if (!s.n)
		return false;
	while (s.n) {
		int64_t part;

		if (!take_span_part(&s, &part) ||
		    __builtin_add_overflow(total, part, &total))
			return false;
		skip_blanks(&s);
	}
	*ret = total;
	return true;
}

/* What a person wrote of a calendar time. */
struct written {
	struct civil c;
	int weekday; /* 0: Monday; -1: not given */
	bool has_date;
	bool has_offset;
	int64_t offset;
	int dst;    /* 1 or 0: the zone was named; -1: not */
	bool zoned; /* it was taken off before: no other may follow */
};

static bool take_weekday(struct str *s, int *ret)
{
	static const char *const names[] = {"monday", "tuesday", "wednesday",
	    "thursday", "friday", "saturday", "sunday"};
	struct str rest = *s, word;

	if (!str_cut(&rest, ' ', &word))
		return false;
	for (int i = 0; i < 7; i++) {
		struct str name = str_z(names[i]);

		if (str_eq_fold(word, name) ||
		    str_eq_fold(word, str_upto(name, 3))) {
			*ret = i;
			*s = str_trim(rest);
			return true;
		}
	}
	return false;
}

/* "2026-11-22" or "26-11-22". */
static bool take_date(struct str *s, struct civil *c)
{
	struct str rest = *s;
	int64_t year, month, day;
	size_t digits;

	if (!take_number(&rest, 4, &year))
		return false;
	digits = s->n - rest.n;
	if (!str_skip(&rest, STR("-")) || !take_number(&rest, 2, &month) ||
	    !str_skip(&rest, STR("-")) || !take_number(&rest, 2, &day))
		return false;
	if (digits == 2)
		year += year < 69 ? 2000 : 1900;
	else if (digits != 4)
		return false;
	c->year = year;
	c->month = (int)month;
	c->day = (int)day;
	*s = rest;
	return true;
}

/* "10:00", "10:00:01" or "10:00:01.5". */
static bool take_clock(struct str *s, struct civil *c)
{
	int64_t hour, minute, second = 0;

	if (!take_number(s, 2, &hour) || !str_skip(s, STR(":")) ||
	    !take_number(s, 2, &minute))
		return false;
	if (str_skip(s, STR(":"))) {
		if (!take_number(s, 2, &second))
			return false;
		c->usec = (int)take_millionths(s);
	}
	c->hour = (int)hour;
	c->minute = (int)minute;
	c->second = (int)second;
	return true;
}

/* All that is left: nothing, an offset or the local zone as it is in winter or
 * summer. */
static bool take_zone(struct str s, struct written *w)
{
	s = str_trim(s);
	if (!s.n || w->zoned)
		return !s.n;
	if (time_parse_zone(&s, &w->offset) == ZONE_GIVEN) {
		w->has_offset = true;
		return s.n == 0;
	}
	tzset();
	for (int i = 0; i < 2; i++)
		if (str_eqz(s, tzname[i])) {
			w->dst = i;
			return true;
		}
	return false;
}

static bool read_calendar(struct str s, struct written *w)
{
	take_weekday(&s, &w->weekday);
	w->has_date = take_date(&s, &w->c);
	if (w->has_date && s.n && (s.p[0] == 'T' || s.p[0] == ' '))
		s = str_trim(str_from(s, 1));
	else if (w->has_date && s.n)
		return false;
	if (s.n && is_digit(s.p[0])) {
		if (!take_clock(&s, &w->c))
			return false;
	} else if (!w->has_date) {
		return false;
	}
	return take_zone(s, w);
}

static int64_t local_to_utc(int64_t local)
{
	return local - time_zone_local(local) * USEC_PER_SEC;
}

/* The name of the zone tells the two 02:30 of an autumn night apart. */
static int64_t named_to_utc(const struct civil *c, int dst)
{
	struct tm tm = {
	    .tm_year = (int)(c->year - 1900),
	    .tm_mon = c->month - 1,
	    .tm_mday = c->day,
	    .tm_hour = c->hour,
	    .tm_min = c->minute,
	    .tm_sec = c->second,
	    .tm_isdst = dst,
	};

	return mktime(&tm) * USEC_PER_SEC + c->usec;
}

static int weekday_of(const struct civil *c)
{
	struct civil day = {.year = c->year, .month = c->month, .day = c->day};
	int64_t days = time_from_civil(&day) / USEC_PER_DAY;

	/* 1970-01-01 was a Thursday. */
	return (int)(((days + 3) % 7 + 7) % 7);
}

static bool parse_calendar(struct str s, int64_t now, bool zoned, int64_t *ret)
{
	struct written w = {.weekday = -1, .dst = -1, .zoned = zoned};
	struct civil today;
	int64_t local;

	if (!read_calendar(s, &w))
		return false;
	if (!w.has_date) {
		int64_t offset = w.has_offset ? w.offset : time_zone_at(now);

		time_to_civil(now + offset * USEC_PER_SEC, &today);
		w.c.year = today.year;
		w.c.month = today.month;
		w.c.day = today.day;
	}
	if (!civil_valid(&w.c) ||
	    (w.weekday >= 0 && weekday_of(&w.c) != w.weekday))
		return false;
	local = time_from_civil(&w.c);
	if (w.has_offset)
		*ret = local - w.offset * USEC_PER_SEC;
	else if (w.dst >= 0)
		*ret = named_to_utc(&w.c, w.dst);
	else
		*ret = local_to_utc(local);
	return true;
}

/* Midnight of the day `days` after today; a day may have 23 or 25 hours. */
static int64_t midnight(int64_t now, int days)
{
	struct civil c;

	time_to_civil(now + time_zone_at(now) * USEC_PER_SEC, &c);
	c = (struct civil){
	    .year = c.year, .month = c.month, .day = c.day + days};
	return local_to_utc(time_from_civil(&c));
}

static bool parse_word(struct str s, int64_t now, int64_t *ret)
{
	static const struct {
		struct str word;
		int days;
	} words[] = {
	    {STR_INIT("today"), 0},
	    {STR_INIT("yesterday"), -1},
	    {STR_INIT("tomorrow"), 1},
	};

	if (str_eqz(s, "now")) {
		*ret = now;
		return true;
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eq(s, words[i].word)) {
			*ret = midnight(now, words[i].days);
			return true;
		}
	return false;
}

static bool parse_relative(struct str s, int64_t now, int64_t *ret)
{
	bool back = str_skip(&s, STR("-")) || str_chop(&s, STR(" ago"));
	bool ahead =
	    !back && (str_skip(&s, STR("+")) || str_chop(&s, STR(" left")));
	int64_t span;

	if ((!back && !ahead) || !time_parse_span(s, &span))
		return false;
	if (back)
		return !__builtin_sub_overflow(now, span, ret);
	return !__builtin_add_overflow(now, span, ret);
}

static bool parse_epoch(struct str s, int64_t *ret)
{
	int64_t seconds, us, t;

	if (!str_skip(&s, STR("@")) || !take_number(&s, s.n, &seconds))
		return false;
	us = take_millionths(&s);
	if (s.n || __builtin_mul_overflow(seconds, USEC_PER_SEC, &t) ||
	    __builtin_add_overflow(t, us, &t))
		return false;
	*ret = t;
	return true;
}

static bool parse_when(struct str s, int64_t now, bool zoned, int64_t *ret)
{
	return parse_word(s, now, ret) || parse_relative(s, now, ret) ||
	       parse_epoch(s, ret) || parse_calendar(s, now, zoned, ret);
}

/* Followed by the name of a zone. */
static bool parse_zoned(struct str s, int64_t now, int64_t *ret)
{
	size_t blank = s.n;
	struct zone_before before;
	bool good;

	while (blank > 0 && s.p[blank - 1] != ' ')
		blank--;
	if (!blank || zone_enter(str_from(s, blank), &before) < 0)
		return false;
	good = parse_when(str_trim(str_upto(s, blank)), now, true, ret);
	zone_leave(&before);
	return good;
}

bool time_parse_when(struct str s, int64_t now, int64_t *ret)
{
	s = str_trim(s);
	now = clamp(now);
	return parse_when(s, now, false, ret) || parse_zoned(s, now, ret);
}

void time_format_span(int64_t us, char ret[static TIME_SPAN_LEN])
{
	const char *sign = us <= -USEC_PER_SEC ? "-" : "";
	long long s = us / USEC_PER_SEC;

	if (s < 0)
		s = -s;
	if (s < 60)
		snprintf(ret, TIME_SPAN_LEN, "%s%llds", sign, s);
	else if (s < 3600)
		snprintf(
		    ret, TIME_SPAN_LEN, "%s%lldm%02llds", sign, s / 60, s % 60);
	else if (s < 86400)
		snprintf(ret, TIME_SPAN_LEN, "%s%lldh%02lldm", sign, s / 3600,
		    s / 60 % 60);
	else
		snprintf(ret, TIME_SPAN_LEN, "%s%lldd%02lldh", sign, s / 86400,
		    s / 3600 % 24);
}
