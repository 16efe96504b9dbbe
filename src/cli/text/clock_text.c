/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text/clock_text.h"

#include <time.h>

/* Every zone's offset changes on a quarter hour of UTC, if at all. */
#define BLOCK (900 * USEC_PER_SEC)

static void learn_offset(struct clock_text *c, int64_t us)
{
	time_t seconds = (time_t)(us / USEC_PER_SEC);
	struct tm tm;

	c->block = us / BLOCK;
	c->offset = localtime_r(&seconds, &tm) ? tm.tm_gmtoff : 0;
	c->known = true;
}

static void put_digits(char *at, int64_t v, size_t n)
{
	for (size_t i = n; i-- > 0; v /= 10)
		at[i] = (char)('0' + v % 10);
}

struct str clock_format(
    struct clock_text *c, int64_t us, char ret[static TIME_LOCAL_LEN])
{
	struct civil t;

	if (!c->known || us / BLOCK != c->block)
		learn_offset(c, us);
	time_to_civil(us + c->offset * USEC_PER_SEC, &t);
	if (t.year < 0 || t.year > 9999)
		return STR("?");
	memcpy(ret, "0000-00-00 00:00:00", TIME_LOCAL_LEN);
	put_digits(ret, t.year, 4);
	put_digits(ret + 5, t.month, 2);
	put_digits(ret + 8, t.day, 2);
	put_digits(ret + 11, t.hour, 2);
	put_digits(ret + 14, t.minute, 2);
	put_digits(ret + 17, t.second, 2);
	return str_make(ret, TIME_LOCAL_LEN - 1);
}
