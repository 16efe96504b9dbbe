/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three or four bytes can have every cell of the screen written, and a flood of
 * them would keep who looks at it busy for hours. So who is recorded has credit
 * for that: each byte of output gives some, up to a limit. No program that
 * means something comes near it. What is not afforded is passed over: it erases
 * or moves what stands there, so nothing that was shown is hidden.
 */
#include "record/screen_inside.h"

#define CREDIT_MAX  ((int64_t)8 << 20) /* cells */
#define CREDIT_BYTE 64		       /* that a byte gives */
/* A snapshot tells it from this on, as it may have to begin below nothing. */
#define CREDIT_ZERO ((int64_t)1 << 20)

static int64_t credit_now(const struct screen *s)
{
	uint64_t bytes = s->parser.taken - s->credit_at;
	uint64_t room = (uint64_t)(CREDIT_MAX - s->credit);

	return bytes > room / CREDIT_BYTE
		   ? CREDIT_MAX
		   : s->credit + (int64_t)bytes * CREDIT_BYTE;
}

static void set(struct screen *s, int64_t credit)
{
	s->credit = credit;
	s->credit_at = s->parser.taken;
}

void screen_credit_reset(struct screen *s)
{
	set(s, CREDIT_MAX);
}

bool screen_afford(struct screen *s, unsigned cells)
{
	int64_t left = credit_now(s) - cells;

	if (left < 0)
		return false;
	set(s, left);
	return true;
}

void screen_credit_lower(struct screen *s, int32_t to)
{
	int64_t credit = to - CREDIT_ZERO;

	if (credit >= -CREDIT_ZERO && credit < credit_now(s))
		set(s, credit);
}

void screen_write_credit(const struct screen *s, size_t behind, struct buf *out)
{
	int64_t credit = credit_now(s);

	if (credit == CREDIT_MAX)
		return;
	credit -= (int64_t)behind * CREDIT_BYTE;
	buf_printf(out, "\033[=%lldz", (long long)(credit + CREDIT_ZERO));
}
