/* SPDX-License-Identifier: Apache-2.0 */
#include "base/when.h"

#include <time.h>

static int64_t clock_usec(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return time_from_kernel(now);
}

int64_t time_now(void)
{
	return clock_usec(CLOCK_REALTIME);
}

int64_t time_boot(void)
{
	return clock_usec(CLOCK_BOOTTIME);
}

int64_t time_boot_offset(void)
{
	int64_t boot = time_boot();

	return clock_usec(CLOCK_REALTIME) - boot;
}

/*
 * Days since 1970-01-01 of a date in the proleptic Gregorian calendar. Years
 * are counted from March, so that the leap day is the last of its year, in
 * eras of 400 years, which all have 146097 days.
 */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year =
	    (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 -
	       year_of_era / 100 + day_of_year - 719468;
}

static void date_from_days(int64_t days, struct civil *ret)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t day = z - era * 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * day_of_year + 2) / 153;

	ret->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	ret->month = (int)(month < 10 ? month + 3 : month - 9);
	ret->year = year + era * 400 + (ret->month <= 2);
}

int64_t time_from_civil(const struct civil *c)
{
	int64_t seconds =
	    (int64_t)c->hour * 3600 + (int64_t)c->minute * 60 + c->second;

	if (c->year > TIME_YEAR_MAX)
		return INT64_MAX;
	if (c->year < -TIME_YEAR_MAX)
		return INT64_MIN;
	return days_from_date(c->year, c->month, c->day) * USEC_PER_DAY +
	       seconds * USEC_PER_SEC + c->usec;
}

void time_to_civil(int64_t us, struct civil *ret)
{
	int64_t days = us / USEC_PER_DAY, rest = us % USEC_PER_DAY;
	int seconds;

	if (rest < 0) {
		rest += USEC_PER_DAY;
		days--;
	}
	date_from_days(days, ret);
	seconds = (int)(rest / USEC_PER_SEC);
	ret->usec = (int)(rest % USEC_PER_SEC);
	ret->hour = seconds / 3600;
	ret->minute = seconds / 60 % 60;
	ret->second = seconds % 60;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The two digits at p, or a negative number. */
static int two_digits(const char *p)
{
	if (!is_digit(p[0]) || !is_digit(p[1]))
		return -1;
	return (p[0] - '0') * 10 + (p[1] - '0');
}

static int days_in_month(int64_t year, int month)
{
	static const int days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

bool civil_valid(const struct civil *c)
{
	/* Year 0 says that it is not known: the 29th of February is fine. */
	return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	       c->day <= days_in_month(c->year, c->month) && c->hour >= 0 &&
	       c->hour <= 23 && c->minute >= 0 && c->minute <= 59 &&
	       c->second >= 0 && c->second <= 60;
}

/* Takes ".digits" off *s, what is smaller than a microsecond is cut off. */
static int take_fraction(struct str *s)
{
	int usec = 0, unit = 100000;
	size_t i = 1;

	if (s->n < 2 || s->p[0] != '.' || !is_digit(s->p[1]))
		return 0;
	for (; i < s->n && is_digit(s->p[i]); i++) {
		usec += (s->p[i] - '0') * unit;
		unit /= 10;
	}
	*s = str_from(*s, i);
	return usec;
}

/* "hh:mm:ss[.fraction]". */
static bool take_clock(struct str *s, struct civil *ret)
{
	const char *p = s->p;

	if (!p || s->n < 8 || p[2] != ':' || p[5] != ':')
		return false;
	ret->hour = two_digits(p);
	ret->minute = two_digits(p + 3);
	ret->second = two_digits(p + 6);
	*s = str_from(*s, 8);
	ret->usec = take_fraction(s);
	return true;
}

enum zone time_parse_zone(struct str *s, int64_t *ret_offset)
{
	struct str rest = *s;
	int hours, minutes = 0;
	bool west;

	if (rest.n && (rest.p[0] == 'Z' || rest.p[0] == 'z')) {
		*s = str_from(rest, 1);
		*ret_offset = 0;
		return ZONE_GIVEN;
	}
	if (rest.n < 3 || (rest.p[0] != '+' && rest.p[0] != '-'))
		return ZONE_NONE;
	west = rest.p[0] == '-';
	hours = two_digits(rest.p + 1);
	if (hours < 0)
		return ZONE_NONE;
	rest = str_from(rest, 3);
	if (rest.n >= 3 && rest.p[0] == ':')
		rest = str_from(rest, 1);
	if (rest.n >= 2 && two_digits(rest.p) >= 0) {
		minutes = two_digits(rest.p);
		rest = str_from(rest, 2);
	}
	if (hours > 23 || minutes > 59)
		return ZONE_WRONG;
	*ret_offset =
	    (west ? -1 : 1) * ((int64_t)hours * 3600 + (int64_t)minutes * 60);
	*s = rest;
	return ZONE_GIVEN;
}

bool time_parse_iso(struct str *s, utc_offset_fn *utc_offset, int64_t *ret)
{
	const char *p = s->p;
	struct civil c;
	struct str rest;
	int64_t t, offset = 0;
	int century;

	if (s->n < 19 || p[4] != '-' || p[7] != '-' ||
	    (p[10] != 'T' && p[10] != ' ' && p[10] != 't'))
		return false;
	century = two_digits(p);
	c.year = two_digits(p + 2);
	c.month = two_digits(p + 5);
	c.day = two_digits(p + 8);
	rest = str_from(*s, 11);
	if (century < 0 || c.year < 0 || !take_clock(&rest, &c))
		return false;
	c.year += (int64_t)century * 100;
	if (!civil_valid(&c))
		return false;
	t = time_from_civil(&c);
	switch (time_parse_zone(&rest, &offset)) {
	case ZONE_WRONG:
		return false;
	case ZONE_NONE:
		offset = utc_offset ? utc_offset(t) : 0;
		break;
	case ZONE_GIVEN:
		break;
	}
	*ret = t - offset * USEC_PER_SEC;
	*s = rest;
	return true;
}

/* 1 to 12, or 0. Case counts: programs write them in one way. */
static int month_of(const char *p)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (memcmp(p, names + 3 * (size_t)i, 3) == 0)
			return i + 1;
	return 0;
}

/*
 * " 2026" behind a time. Only years in which such logs can have been written,
 * since a host's name may be a number too.
 */
static int64_t take_year(struct str *s)
{
	struct str digits = str_upto(str_from(*s, 1), 4);
	uint64_t year;

	if (s->n < 5 || s->p[0] != ' ' || !str_u64(digits, &year) ||
	    year < 1970 || year > 2199)
		return 0;
	if (s->n > 5 && s->p[5] != ' ' && s->p[5] != ':')
		return 0;
	*s = str_from(*s, 5);
	return (int64_t)year;
}

/* "dd", " d" or "d" and the blank behind it. */
static int take_day(struct str *s)
{
	int day;

	str_skip(s, STR(" "));
	if (!s->p || s->n < 3 || !is_digit(s->p[0]))
		return -1;
	day = two_digits(s->p);
	if (day < 0)
		day = s->p[0] - '0';
	*s = str_from(*s, is_digit(s->p[1]) ? 2 : 1);
	return str_skip(s, STR(" ")) ? day : -1;
}

bool time_parse_bsd(struct str *s, struct civil *ret)
{
	struct str rest = str_from(*s, 4);
	struct civil c = {0};

	if (s->n < 14 || s->p[3] != ' ')
		return false;
	c.month = month_of(s->p);
	c.day = take_day(&rest);
	if (!take_clock(&rest, &c) || !civil_valid(&c))
		return false;
	c.year = take_year(&rest);
	if (c.year && !civil_valid(&c))
		return false;
	*ret = c;
	*s = rest;
	return true;
}

static void put_two(char *p, int v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
}

static void put_date_and_clock(char *p, char between, int64_t us)
{
	struct civil c;

	time_to_civil(us, &c);
	put_two(p, (int)(c.year / 100));
	put_two(p + 2, (int)(c.year % 100));
	p[4] = '-';
	put_two(p + 5, c.month);
	p[7] = '-';
	put_two(p + 8, c.day);
	p[10] = between;
	put_two(p + 11, c.hour);
	p[13] = ':';
	put_two(p + 14, c.minute);
	p[16] = ':';
	put_two(p + 17, c.second);
	put_two(p + 20, c.usec / 10000);
	put_two(p + 22, c.usec / 100 % 100);
	put_two(p + 24, c.usec % 100);
}

static int64_t clamp(int64_t us)
{
	if (us < TIME_MIN)
		return TIME_MIN;
	return us > TIME_MAX ? TIME_MAX : us;
}

void time_format_iso(int64_t us, char ret[static TIME_ISO_LEN])
{
	put_date_and_clock(ret, 'T', clamp(us));
	ret[19] = '.';
	ret[26] = 'Z';
	ret[27] = '\0';
}

void time_format_local(int64_t us, char ret[static TIME_LOCAL_LEN])
{
	char text[TIME_ISO_LEN];
	int64_t t = clamp(us);

	t += time_zone_at(t) * USEC_PER_SEC;
	put_date_and_clock(text, ' ', clamp(t));
	memcpy(ret, text, TIME_LOCAL_LEN - 1);
	ret[TIME_LOCAL_LEN - 1] = '\0';
}
