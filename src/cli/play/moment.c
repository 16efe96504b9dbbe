/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/play/moment.h"

#include "base/when.h"

#define NS_PER_US   INT64_C(1000)
#define NS_PER_SEC  UINT64_C(1000000000)
/* Hours, minutes, seconds. */
#define COLON_PARTS 3

/* "SECONDS[.FRACTION]", the fraction in thousandths. */
static bool take_thousandths(struct str s, uint64_t *ret)
{
	struct str whole, digits;
	uint64_t v, fraction = 0;
	bool point = str_cut(&s, '.', &whole);

	digits = str_upto(s, 3);
	if (!str_u64(whole, &v) || v > UINT32_MAX ||
	    (point && !str_u64(digits, &fraction)))
		return false;
	for (size_t i = digits.n; i < 3; i++)
		fraction *= 10;
	*ret = v * 1000 + fraction;
	return true;
}

/* "1:23", "1:02:03.5": nanoseconds. */
static bool parse_colons(struct str s, uint64_t *ret)
{
	uint64_t v = 0, part, thousandths;
	struct str text;
	unsigned n = 1;

	while (str_cut(&s, ':', &text)) {
		if (++n > COLON_PARTS || !str_u64(text, &part) ||
		    part > UINT32_MAX)
			return false;
		v = v * 60 + part;
	}
	if (n == 1 || !take_thousandths(text, &thousandths) ||
	    thousandths >= 60000)
		return false;
	*ret = v * 60 * NS_PER_SEC + thousandths * (NS_PER_SEC / 1000);
	return true;
}

static bool parse_offset(struct str s, uint64_t *ret)
{
	int64_t span;

	if (parse_colons(s, ret))
		return true;
	if (!time_parse_span(s, &span) || span < 0 ||
	    span > INT64_MAX / NS_PER_US)
		return false;
	*ret = (uint64_t)span * NS_PER_US;
	return true;
}

/* A time of the clock, as a moment. */
static bool parse_clock(struct str s, const struct player *p, uint64_t *ret)
{
	int64_t begin = player_time(p, p->begin) / NS_PER_US, time;

	if (!time_parse_when(s, begin, &time) || time > INT64_MAX / NS_PER_US ||
	    time < INT64_MIN / NS_PER_US)
		return false;
	/* Past midnight. */
	if (time < begin && begin - time < USEC_PER_DAY &&
	    str_find_char(s, '-') == STR_NPOS &&
	    (uint64_t)(time + USEC_PER_DAY - begin) <=
		(p->end - p->begin) / NS_PER_US)
		time += USEC_PER_DAY;
	*ret = player_moment(p, time * NS_PER_US);
	return true;
}

static uint64_t within(const struct player *p, uint64_t moment)
{
	if (moment < p->begin)
		return p->begin;
	return moment < p->end ? moment : p->end;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a < UINT64_MAX - b ? a + b : UINT64_MAX;
}

bool moment_parse(struct str s, const struct player *p, uint64_t *ret)
{
	uint64_t offset, clock;
	bool back;

	s = str_trim(s);
	back = str_starts(s, STR("-"));
	if (back || str_starts(s, STR("+"))) {
		if (!parse_offset(str_from(s, 1), &offset))
			return false;
		*ret = within(p, back ? (p->at > offset ? p->at - offset : 0)
				      : plus(p->at, offset));
		return true;
	}
	if (!parse_offset(s, &offset)) {
		if (!parse_clock(s, p, &clock))
			return false;
		*ret = within(p, clock);
		return true;
	}
	*ret = within(p, plus(p->begin, offset));
	if (offset > p->end - p->begin && parse_clock(s, p, &clock) &&
	    clock > p->begin && clock <= p->end)
		*ret = clock;
	return true;
}

void moment_add(struct buf *b, uint64_t ns)
{
	uint64_t s = ns / NS_PER_SEC;
	unsigned second = (unsigned)(s % 60), minute = (unsigned)(s / 60 % 60);

	if (s >= 3600)
		buf_printf(b, "%llu:%02u:%02u", (unsigned long long)(s / 3600),
		    minute, second);
	else
		buf_printf(b, "%u:%02u", minute, second);
}

bool speed_parse(struct str s, uint32_t *ret)
{
	uint64_t v;

	(void)str_chop(&s, STR("x"));
	if (!take_thousandths(s, &v) || v < SPEED_MIN || v > SPEED_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

void speed_add(struct buf *b, uint32_t speed)
{
	unsigned fraction = speed % 1000, digits = 3;

	buf_printf(b, "%u", speed / 1000);
	for (; fraction && fraction % 10 == 0; digits--)
		fraction /= 10;
	if (fraction)
		buf_printf(b, ".%0*u", (int)digits, fraction);
	buf_add_char(b, 'x');
}
