/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lastlog(8): the last login of each user, one slot per uid, nothing but holes
 * in between. Slots are 292 bytes, or 296 where times have 64 bits.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "base/when.h"
#include "sources/source.h"
#include "sources/utmp/record.h"

#define NAME "lastlog"

#define LEN_LINE 32
#define LEN_HOST 256
#define SLOT_MAX 296

/* 2000-01-01 to 2106-02-07. */
#define SEC_MIN	    ((uint64_t)946684800)
#define SEC_MAX	    ((uint64_t)UINT32_MAX)
/* 2040-01-01: a later time is rather one of the other byte order. */
#define USEC_LIKELY ((int64_t)2208988800 * USEC_PER_SEC)

struct lastlog_layout {
	size_t size;
	size_t time_bytes;
	bool big_endian;
	const char *expected;
};

static const struct lastlog_layout layouts[] = {
    {292, 4, false, "a slot of 292 bytes: time, terminal, host"},
    {296, 8, false, "a slot of 296 bytes: time, terminal, host"},
    {296, 8, true, "a slot of 296 bytes, big endian: time, terminal, host"},
    {292, 4, true, "a slot of 292 bytes, big endian: time, terminal, host"},
};
#define N_LAYOUTS (sizeof layouts / sizeof layouts[0])

struct source_run {
	struct source_input in;
	const struct lastlog_layout *layout; /* NULL until a slot is in use */
};

struct slot {
	int64_t time;
	struct str line, host;
};

static const char zeros[4096];

/* Index of the first byte that is not zero; s.n when all are. */
static size_t zero_run(struct str s)
{
	size_t at = 0;

	while (s.n - at >= sizeof zeros &&
	       memcmp(s.p + at, zeros, sizeof zeros) == 0)
		at += sizeof zeros;
	while (at < s.n && s.p[at] == '\0')
		at++;
	return at;
}

/* Text, then nothing but zeros. */
static bool padded_text(const char *p, size_t n, struct str *ret)
{
	*ret = str_make(p, strnlen(p, n));
	for (size_t i = 0; i < ret->n; i++)
		if (p[i] < ' ' || p[i] > '~')
			return false;
	return zero_run(str_from(str_make(p, n), ret->n)) == n - ret->n;
}

static bool slot_read(
    const struct lastlog_layout *layout, const char *p, struct slot *ret)
{
	uint64_t sec = 0;

	for (size_t i = 0; i < layout->time_bytes; i++) {
		size_t at = layout->big_endian ? i : layout->time_bytes - 1 - i;

		sec = sec << 8 | (uint8_t)p[at];
	}
	p += layout->time_bytes;
	ret->time = (int64_t)(sec * USEC_PER_SEC);
	/* Text files are slots by chance: no terminal has such a name. */
	return sec >= SEC_MIN && sec <= SEC_MAX &&
	       padded_text(p, LEN_LINE, &ret->line) && ret->line.n < LEN_LINE &&
	       str_find_char(ret->line, ' ') == STR_NPOS &&
	       padded_text(p + LEN_LINE, LEN_HOST, &ret->host);
}

/* How many slots make sense, and how well the layout fits: 0 not at all. */
struct fit {
	unsigned n_good, n_bad;
	unsigned points;
};

/* `data` begins at `offset` of the file, its first byte in use is `first`. */
static struct fit layout_fit(const struct lastlog_layout *l, struct str data,
    uint64_t offset, size_t first)
{
	uint64_t start = (offset + first) / l->size * l->size;
	struct fit fit = {0, 0, 0};
	struct slot slot;

	if (start < offset)
		return fit;
	for (size_t at = (size_t)(start - offset); data.n - at >= l->size;
	     at += l->size) {
		if (memcmp(data.p + at, zeros, l->size) == 0)
			continue;
		if (slot_read(l, data.p + at, &slot)) {
			fit.n_good++;
			fit.points += slot.time < USEC_LIKELY ? 4 : 1;
		} else {
			fit.n_bad++;
		}
	}
	return fit;
}

static const struct lastlog_layout *layout_detect(
    struct str data, uint64_t offset, struct fit *ret)
{
	const struct lastlog_layout *best = NULL;
	size_t first = zero_run(data);

	*ret = (struct fit){0, 0, 0};
	for (size_t i = 0; i < N_LAYOUTS && first < data.n; i++) {
		struct fit fit = layout_fit(&layouts[i], data, offset, first);

		if (fit.points > ret->points) {
			*ret = fit;
			best = &layouts[i];
		}
	}
	return best;
}

static int lastlog_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	bool named = str_find(str_z(name), STR("lastlog")) != STR_NPOS;
	struct fit fit;

	if (head.n >= layouts[0].size && zero_run(head) == head.n)
		return named ? 60 : 0;
	layout_detect(head, 0, &fit);
	if (fit.n_good == 0 || (fit.n_bad > 0 && !named))
		return 0;
	return named ? 95 : fit.n_good > 1 ? 70 : 50;
}

static int lastlog_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->in = *in;
	*ret = run;
	return 0;
}

static void lastlog_close(struct source_run *run)
{
	free(run);
}

static int emit_slot(struct source_run *run, const struct slot *slot,
    uint64_t offset, struct source_sink *sink)
{
	uint64_t uid = offset / run->layout->size;
	uint64_t num[2] = {htole64(uid), htole64((uint64_t)slot->time)};
	struct str parts[5] = {STR("lastlog"), run->in.host,
	    str_make(num, sizeof num), slot->line, slot->host};
	struct str tty = slot->line;
	struct event ev;

	source_event_init(&ev, EVENT_ACCOUNT, NAME, &run->in, offset);
	ev.time = slot->time;
	event_set_str(&ev, F_OP, STR("last-login"));
	event_set_int(&ev, F_AUID, (int64_t)uid);
	str_skip(&tty, STR("/dev/"));
	source_set_str(&ev, F_TTY, tty);
	source_set_str(
	    &ev, utmp_host_remote(slot->host) ? F_ADDR : F_TEXT, slot->host);
	event_set_hex(&ev, F_ID, source_id(run->in.id_key, parts, 5));
	return sink->event(sink, &ev);
}

/*
 * Bytes at the front that hold no slot in use, whatever the layout is: whole
 * slots of each, so that a slot can still be told by its offset.
 */
static size_t holes(
    const struct source_run *run, struct str data, uint64_t offset)
{
	uint64_t end = offset + zero_run(data);
	uint64_t to = run->layout ? end / run->layout->size * run->layout->size
				  : (end > SLOT_MAX ? end - SLOT_MAX : 0);

	return to > offset ? (size_t)(to - offset) : 0;
}

/* Returns bytes taken: one slot, or 0 when it is not complete. */
static ssize_t take_slot(struct source_run *run, struct str data,
    uint64_t offset, struct source_sink *sink)
{
	struct str bytes = str_upto(data, run->layout->size);
	struct slot slot;
	int r = 0;

	if (data.n < run->layout->size)
		return 0;
	sink->lines++;
	if (slot_read(run->layout, bytes.p, &slot))
		r = emit_slot(run, &slot, offset, sink);
	else
		source_unparsed(sink, offset, bytes, run->layout->expected);
	return r < 0 ? r : (ssize_t)bytes.n;
}

/* With no layout: find it, or drop what has none once nothing else is left. */
static bool find_layout(
    struct source_run *run, struct str data, uint64_t offset, bool last)
{
	struct fit fit;

	if (run->layout || (!last && data.n < SOURCE_LINE_MAX))
		return run->layout != NULL;
	run->layout = layout_detect(data, offset, &fit);
	return run->layout != NULL;
}

static ssize_t lastlog_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	size_t at = holes(run, data, offset);
	bool found = find_layout(run, str_from(data, at), offset + at, last);
	ssize_t r = 0;

	while (found && at < data.n) {
		at += holes(run, str_from(data, at), offset + at);
		r = take_slot(run, str_from(data, at), offset + at, sink);
		if (r <= 0)
			break;
		at += (size_t)r;
	}
	if (r < 0)
		return r;
	if (!last && (found || data.n - at < SOURCE_LINE_MAX))
		return (ssize_t)at;
	if (zero_run(str_from(data, at)) < data.n - at) {
		sink->lines++;
		source_unparsed(sink, offset + at, str_from(data, at),
		    found ? run->layout->expected : layouts[0].expected);
	}
	return (ssize_t)data.n;
}

const struct source source_lastlog = {
    .name = NAME,
    .summary = "last login of each user: lastlog",
    .probe = lastlog_probe,
    .open = lastlog_open,
    .feed = lastlog_feed,
    .finish = source_finish_nothing,
    .held = source_held_nothing,
    .close = lastlog_close,
};
