/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json_string.h"

size_t utf8_decode(const uint8_t *p, size_t n, uint32_t *ret)
{
	static const struct {
		uint8_t lead, mask, low, high;
	} forms[] = {
	    /* low and high: range of the second byte, by the first byte */
	    {0xe0, 0xff, 0xa0, 0xbf},
	    {0xed, 0xff, 0x80, 0x9f},
	    {0xe0, 0xf0, 0x80, 0xbf},
	    {0xf0, 0xff, 0x90, 0xbf},
	    {0xf4, 0xff, 0x80, 0x8f},
	    {0xf0, 0xfc, 0x80, 0xbf},
	};
	size_t len, i;
	uint32_t cp;

	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf) {
		if (n < 2 || (p[1] & 0xc0) != 0x80)
			return 0;
		*ret = (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
		return 2;
	}
	for (i = 0; i < sizeof forms / sizeof *forms; i++)
		if ((p[0] & forms[i].mask) == forms[i].lead)
			break;
	len = p[0] < 0xf0 ? 3 : 4;
	if (i == sizeof forms / sizeof *forms || n < len ||
	    p[1] < forms[i].low || p[1] > forms[i].high)
		return 0;
	cp = p[0] & (len == 3 ? 0x0f : 0x07);
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	*ret = cp;
	return len;
}

size_t utf8_encode(uint32_t cp, char *p)
{
	if (cp < 0x80) {
		p[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		p[0] = (char)(0xc0 | cp >> 6);
		p[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		p[0] = (char)(0xe0 | cp >> 12);
		p[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		p[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	p[0] = (char)(0xf0 | cp >> 18);
	p[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	p[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	p[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/*
 * Years are counted from March, so that the leap day is the last one; eras of
 * 400 years have 146097 days.
 */
#define ERA_DAYS   146097
#define EPOCH_DAYS 719468 /* from 0000-03-01 to 1970-01-01 */
#define DAY_USEC   ((int64_t)86400 * 1000000)

static void put_digits(char *p, unsigned v, unsigned n)
{
	while (n) {
		p[--n] = (char)('0' + v % 10);
		v /= 10;
	}
}

bool json_time_format(int64_t us, char ret[static JSON_TIME_LEN])
{
	int64_t day = us / DAY_USEC - (us % DAY_USEC < 0);
	uint64_t rest = (uint64_t)(us - day * DAY_USEC);
	unsigned sec, doe, yoe, doy, march, year, month;

	/* 0000-03-01 to 9999-12-31 */
	if (day < -EPOCH_DAYS || day > 2932896)
		return false;
	day += EPOCH_DAYS;
	doe = (unsigned)(day % ERA_DAYS);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	march = (5 * doy + 2) / 153;
	month = march < 10 ? march + 3 : march - 9;
	year = yoe + 400 * (unsigned)(day / ERA_DAYS) + (month <= 2);
	sec = (unsigned)(rest / 1000000);
	memcpy(ret, "0000-00-00T00:00:00.000000Z", JSON_TIME_LEN);
	put_digits(ret, year, 4);
	put_digits(ret + 5, month, 2);
	put_digits(ret + 8, doy - (153 * march + 2) / 5 + 1, 2);
	put_digits(ret + 11, sec / 3600, 2);
	put_digits(ret + 14, sec / 60 % 60, 2);
	put_digits(ret + 17, sec % 60, 2);
	put_digits(ret + 20, (unsigned)(rest % 1000000), 6);
	return true;
}

/* The number of n digits at p; *bad gets a bit set when they are none. */
static unsigned get_digits(const char *p, unsigned n, unsigned *bad)
{
	unsigned v = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned d = (unsigned)(uint8_t)p[i] - '0';

		*bad |= d > 9;
		v = v * 10 + d;
	}
	return v;
}

bool json_time_parse(struct str s, int64_t *ret)
{
	static const uint8_t month_days[] = {
	    31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned bad = 0, year, month, day, h, m, sec, us, y, doy;
	bool leap;

	if (s.n != JSON_TIME_LEN || s.p[4] != '-' || s.p[7] != '-' ||
	    s.p[10] != 'T' || s.p[13] != ':' || s.p[16] != ':' ||
	    s.p[19] != '.' || s.p[26] != 'Z')
		return false;
	year = get_digits(s.p, 4, &bad);
	month = get_digits(s.p + 5, 2, &bad);
	day = get_digits(s.p + 8, 2, &bad);
	h = get_digits(s.p + 11, 2, &bad);
	m = get_digits(s.p + 14, 2, &bad);
	sec = get_digits(s.p + 17, 2, &bad);
	us = get_digits(s.p + 20, 6, &bad);
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (bad || month - 1 > 11 || day - 1 >= month_days[month - 1] ||
	    (month == 2 && day == 29 && !leap) || h > 23 || m > 59 || sec > 59)
		return false;
	if (month <= 2 && year == 0)
		return false;
	y = month <= 2 ? year - 1 : year;
	doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	*ret =
	    ((int64_t)365 * y + y / 4 - y / 100 + y / 400 + doy - EPOCH_DAYS) *
		DAY_USEC +
	    ((int64_t)h * 3600 + m * 60 + sec) * 1000000 + us;
	return true;
}
