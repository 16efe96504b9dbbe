/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/utmp/record.h"

#include <arpa/inet.h>

#include "base/when.h"

/* Common to all layouts. */
#define OFF_TYPE   0
#define OFF_PAD	   2
#define OFF_PID	   4
#define OFF_LINE   8
#define LEN_LINE   32
#define OFF_ID	   40
#define LEN_ID	   4
#define OFF_USER   44
#define LEN_USER   32
#define OFF_HOST   76
#define LEN_HOST   256
#define OFF_SIGNAL 332
#define OFF_EXIT   334
#define LEN_ADDR   16
#define LEN_UNUSED 20

static const struct utmp_layout layouts[] = {
    {"a login record of 384 bytes, little endian", 384, 340, 4, 348, false},
    {"a login record of 400 bytes, little endian", 400, 344, 8, 360, false},
    {"a login record of 400 bytes, big endian", 400, 344, 8, 360, true},
    {"a login record of 384 bytes, big endian", 384, 340, 4, 348, true},
};
#define N_LAYOUTS (sizeof layouts / sizeof layouts[0])

static const char zeros[UTMP_SIZE_MAX];

/* 2000-01-01: before it, the clock of the host was not set. */
#define SEC_SET ((uint64_t)946684800)
#define SEC_MAX ((uint64_t)UINT32_MAX)

static uint64_t number(
    const struct utmp_layout *layout, const char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		size_t at = layout->big_endian ? i : n - 1 - i;

		v = v << 8 | (uint8_t)p[at];
	}
	return v;
}

static struct str field(const char *p, size_t n)
{
	return str_make(p, strnlen(p, n));
}

static bool is_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return true;
}

bool utmp_record_read(
    const struct utmp_layout *layout, const char *p, struct utmp_record *ret)
{
	const char *t = p + layout->time;
	uint64_t type = number(layout, p + OFF_TYPE, 2);
	uint64_t sec = number(layout, t, layout->time_bytes);
	uint64_t usec =
	    number(layout, t + layout->time_bytes, layout->time_bytes);

	if (type >= UTMP_N_TYPES || sec > SEC_MAX || usec >= USEC_PER_SEC)
		return false;
	ret->line = field(p + OFF_LINE, LEN_LINE);
	if (!is_text(ret->line))
		return false;
	ret->type = (enum utmp_type)type;
	ret->pid = (int32_t)number(layout, p + OFF_PID, 4);
	ret->id = field(p + OFF_ID, LEN_ID);
	ret->user = field(p + OFF_USER, LEN_USER);
	ret->host = field(p + OFF_HOST, LEN_HOST);
	ret->time = (int64_t)(sec * USEC_PER_SEC + usec);
	ret->signal = (int16_t)number(layout, p + OFF_SIGNAL, 2);
	ret->exit = (int16_t)number(layout, p + OFF_EXIT, 2);
	ret->addr = p + layout->addr;
	return true;
}

bool utmp_record_zero(const struct utmp_layout *layout, const char *p)
{
	return memcmp(p, zeros, layout->size) == 0;
}

static bool has_time(const struct utmp_record *rec)
{
	return (uint64_t)(rec->time / USEC_PER_SEC) >= SEC_SET;
}

bool utmp_record_doubtful(const struct utmp_layout *layout, const char *p,
    const struct utmp_record *rec)
{
	if (rec->type == UTMP_EMPTY)
		return !utmp_record_zero(layout, p);
	return !has_time(rec);
}

/* A record that is hardly anything else by chance. */
static bool record_sure(const struct utmp_layout *layout, const char *p)
{
	struct utmp_record rec;

	return utmp_record_read(layout, p, &rec) && rec.type != UTMP_EMPTY &&
	       has_time(&rec) && memcmp(p + OFF_PAD, zeros, 2) == 0 &&
	       memcmp(rec.addr + LEN_ADDR, zeros, LEN_UNUSED) == 0;
}

size_t utmp_record_resync(
    const struct utmp_layout *layout, const char *p, size_t n, bool last)
{
	size_t size = layout->size;

	for (size_t d = 1; d < size && d + size <= n; d++) {
		/* Room for no more than the last of the file. */
		bool only = last && n - d < 2 * size;

		if (record_sure(layout, p + d) &&
		    (only || (d + 2 * size <= n &&
				 record_sure(layout, p + d + size))))
			return d;
	}
	return 0;
}

static int layout_score(const struct utmp_layout *layout, struct str head)
{
	unsigned total = 0, points = 0;
	struct utmp_record rec;

	for (size_t at = 0; head.n - at >= layout->size; at += layout->size) {
		const char *p = head.p + at;

		if (utmp_record_zero(layout, p))
			continue;
		total++;
		if (record_sure(layout, p))
			points += 4;
		else if (utmp_record_read(layout, p, &rec) &&
			 rec.type != UTMP_EMPTY)
			points++;
	}
	return total ? (int)(points * 25 / total) : 0;
}

const struct utmp_layout *utmp_layout_detect(struct str head, int *ret_score)
{
	const struct utmp_layout *best = NULL;

	*ret_score = 0;
	for (size_t i = 0; i < N_LAYOUTS; i++) {
		int score = layout_score(&layouts[i], head);

		if (score > *ret_score) {
			*ret_score = score;
			best = &layouts[i];
		}
	}
	return best;
}

void utmp_addr_format(const char *addr, char ret[static UTMP_ADDR_LEN])
{
	static const char mapped[12] = "\0\0\0\0\0\0\0\0\0\0\xff\xff";
	char a[LEN_ADDR];

	ret[0] = '\0';
	/* A copy, since gcc 12 at -O1 takes the argument for empty. */
	memcpy(a, addr, LEN_ADDR);
	if (memcmp(a, zeros, LEN_ADDR) == 0)
		return;
	if (memcmp(a + 4, zeros, 12) == 0)
		inet_ntop(AF_INET, a, ret, UTMP_ADDR_LEN);
	else if (memcmp(a, mapped, 12) == 0)
		inet_ntop(AF_INET, a + 12, ret, UTMP_ADDR_LEN);
	else
		inet_ntop(AF_INET6, a, ret, UTMP_ADDR_LEN);
}

bool utmp_host_remote(struct str host)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789.-_:%";

	if (host.n == 0 || (host.p[0] == ':' && !str_starts(host, STR("::"))))
		return false;
	for (size_t i = 0; i < host.n; i++)
		if (!memchr(allowed, host.p[i], sizeof allowed - 1))
			return false;
	return true;
}

const char *utmp_type_name(enum utmp_type type)
{
	static const char *const names[UTMP_N_TYPES] = {
	    [UTMP_EMPTY] = "EMPTY",
	    [UTMP_RUN_LVL] = "RUN_LVL",
	    [UTMP_BOOT_TIME] = "BOOT_TIME",
	    [UTMP_NEW_TIME] = "NEW_TIME",
	    [UTMP_OLD_TIME] = "OLD_TIME",
	    [UTMP_INIT_PROCESS] = "INIT_PROCESS",
	    [UTMP_LOGIN_PROCESS] = "LOGIN_PROCESS",
	    [UTMP_USER_PROCESS] = "USER_PROCESS",
	    [UTMP_DEAD_PROCESS] = "DEAD_PROCESS",
	    [UTMP_ACCOUNTING] = "ACCOUNTING",
	};

	return names[type];
}
