/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utmp (who is logged in), wtmp (logins and boots) and btmp (failed logins).
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/when.h"
#include "sources/source.h"
#include "sources/utmp/record.h"

#define NAME "utmp"

enum login_file {
	FILE_UNKNOWN,
	FILE_UTMP, /* one slot per terminal, overwritten */
	FILE_WTMP, /* appended only */
	FILE_BTMP, /* appended only, failures */
};

struct source_run {
	struct source_input in;
	const struct utmp_layout *layout; /* NULL until told from content */
	enum login_file file;
	struct map same; /* id to count, of one second */
	int64_t same_sec;
	int64_t last_time; /* of the record before, or 0 */
	uint64_t zero_n;   /* zeroed records just passed */
	uint64_t zero_at;
	char addr[UTMP_ADDR_LEN];
	char text[32];
};

static enum login_file file_by_name(const char *name)
{
	static const struct {
		const char *part;
		enum login_file file;
	} names[] = {
	    {"btmp", FILE_BTMP},
	    {"wtmp", FILE_WTMP},
	    {"utmp", FILE_UTMP},
	};
	struct str base = str_z(name);
	size_t slash = str_rfind_char(base, '/');

	if (slash != STR_NPOS)
		base = str_from(base, slash + 1);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_find(base, str_z(names[i].part)) != STR_NPOS)
			return names[i].file;
	return FILE_UNKNOWN;
}

/* Failed logins are written as LOGIN_PROCESS, and nothing else is in btmp. */
static enum login_file file_by_content(
    const struct utmp_layout *layout, struct str head)
{
	struct utmp_record rec;
	unsigned n_login = 0, n_other = 0;

	for (size_t at = 0; head.n - at >= layout->size; at += layout->size) {
		if (!utmp_record_read(layout, head.p + at, &rec) ||
		    rec.type == UTMP_EMPTY)
			continue;
		if (str_eqz(rec.line, "ssh:notty"))
			return FILE_BTMP;
		if (rec.type == UTMP_LOGIN_PROCESS)
			n_login++;
		else
			n_other++;
	}
	return n_login && !n_other ? FILE_BTMP : FILE_WTMP;
}

static int utmp_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	int score;
	const struct utmp_layout *layout = utmp_layout_detect(head, &score);
	bool named = file_by_name(name) != FILE_UNKNOWN;
	struct utmp_record rec;

	if (!layout)
		return 0;
	for (size_t at = 0; head.n - at >= layout->size; at += layout->size)
		if (utmp_record_read(layout, head.p + at, &rec) &&
		    rec.type != UTMP_EMPTY) {
			*ret_time = rec.time;
			break;
		}
	if (score < 25)
		return named ? 20 : 0;
	return score >= 75 ? 95 : named ? 80 : 40;
}

static int utmp_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	struct source_run *run = calloc(1, sizeof *run);

	if (!run)
		return err_set(err, -ENOMEM, "out of memory");
	run->in = *in;
	run->file = file_by_name(in->name);
	*ret = run;
	return 0;
}

static void utmp_close(struct source_run *run)
{
	map_free(&run->same);
	free(run);
}

/*
 * What is equal for the same entry in utmp and wtmp: their ends of a session
 * are written some microseconds apart, and one of them lacks the address.
 */
static uint64_t login_id(
    const struct source_run *run, const struct utmp_record *rec, const char *p)
{
	uint64_t num[3] = {htole64(rec->type), htole64((uint64_t)rec->pid),
	    htole64((uint64_t)(rec->time / USEC_PER_SEC))};
	struct str parts[5] = {STR("utmp"), run->in.host, rec->line, rec->user,
	    str_make(num, sizeof num)};

	if (run->file != FILE_BTMP)
		return source_id(run->in.id_key, parts, 5);
	parts[0] = STR("btmp");
	parts[2] = str_make(p, run->layout->size);
	return source_id(run->in.id_key, parts, 3);
}

/* Of one second. More are no log of logins: their numbers begin anew. */
#define SAME_MAX  65536
/* Slots that are quicker cleared than made again. */
#define SAME_KEPT 64

static void forget_same(struct source_run *run)
{
	if (run->same.cap > SAME_KEPT)
		map_free(&run->same);
	else
		map_clear(&run->same);
}

/*
 * Several failures of one second are byte for byte the same record and yet
 * several facts: the n-th of them is told by its number.
 */
static int number_same(struct source_run *run, int64_t time, uint64_t *id)
{
	struct str parts[2] = {str_make(id, sizeof *id)};
	uint64_t *count, n;

	if (time / USEC_PER_SEC != run->same_sec || run->same.n >= SAME_MAX) {
		forget_same(run);
		run->same_sec = time / USEC_PER_SEC;
	}
	count = map_put(&run->same, *id);
	if (!count)
		return -ENOMEM;
	n = htole64((*count)++);
	parts[1] = str_make(&n, sizeof n);
	if (n)
		*id = source_id(run->in.id_key, parts, 2);
	return 0;
}

static void set_positive(struct event *ev, enum field f, int64_t v)
{
	if (v > 0)
		event_set_int(ev, f, v);
}

static void fill_login(
    struct source_run *run, const struct utmp_record *rec, struct event *ev)
{
	struct str tty = rec->line;
	struct str addr;

	str_skip(&tty, STR("/dev/"));
	source_set_str(ev, F_USER, rec->user);
	source_set_str(ev, F_TTY, tty);
	set_positive(ev, F_PID, rec->pid);
	utmp_addr_format(rec->addr, run->addr);
	addr = str_z(run->addr);
	if (addr.n == 0 && utmp_host_remote(rec->host))
		addr = rec->host;
	source_set_str(ev, F_ADDR, addr);
	if (!str_eq(addr, rec->host))
		source_set_str(ev, F_TEXT, rec->host);
}

static void fill_close(
    struct source_run *run, const struct utmp_record *rec, struct event *ev)
{
	fill_login(run, rec, ev);
	set_positive(ev, F_EXIT, rec->exit);
	set_positive(ev, F_SIGNAL, rec->signal);
}

static void fill_boot(
    struct source_run *run, const struct utmp_record *rec, struct event *ev)
{
	event_set_str(ev, F_OP, STR("boot"));
	source_set_str(ev, F_TEXT, rec->host);
}

static void fill_run_level(
    struct source_run *run, const struct utmp_record *rec, struct event *ev)
{
	char level = (char)(rec->pid & 0x7f);

	if (str_eqz(rec->user, "shutdown")) {
		ev->kind = EVENT_HOST_BOOT;
		event_set_str(ev, F_OP, STR("shutdown"));
		source_set_str(ev, F_TEXT, rec->host);
		return;
	}
	snprintf(run->text, sizeof run->text, "runlevel %c",
	    level > ' ' && level <= '~' ? level : '?');
	event_set_str(ev, F_TEXT, str_z(run->text));
}

static void fill_clock(
    struct source_run *run, const struct utmp_record *rec, struct event *ev)
{
	event_set_str(ev, F_OP,
	    rec->type == UTMP_OLD_TIME ? STR("before") : STR("after"));
}

static const struct {
	enum event_kind kind;
	void (*fill)(struct source_run *run, const struct utmp_record *rec,
	    struct event *ev);
} types[UTMP_N_TYPES] = {
    [UTMP_EMPTY] = {EVENT_OTHER, fill_login},
    [UTMP_RUN_LVL] = {EVENT_OTHER, fill_run_level},
    [UTMP_BOOT_TIME] = {EVENT_HOST_BOOT, fill_boot},
    [UTMP_NEW_TIME] = {EVENT_CLOCK, fill_clock},
    [UTMP_OLD_TIME] = {EVENT_CLOCK, fill_clock},
    [UTMP_INIT_PROCESS] = {EVENT_OTHER, fill_login},
    [UTMP_LOGIN_PROCESS] = {EVENT_OTHER, fill_login},
    [UTMP_USER_PROCESS] = {EVENT_SESSION_OPEN, fill_login},
    [UTMP_DEAD_PROCESS] = {EVENT_SESSION_CLOSE, fill_close},
    [UTMP_ACCOUNTING] = {EVENT_OTHER, fill_login},
};

/*
 * wtmp and btmp only grow, so zeroed records in them were overwritten (what
 * tools for hiding a login do) or lost in a crash.
 */
static int emit_zeroed(
    struct source_run *run, int64_t until, struct source_sink *sink)
{
	int64_t since = run->last_time;
	uint64_t num[4] = {htole64(run->file), htole64(run->zero_n),
	    htole64((uint64_t)since), htole64((uint64_t)until)};
	struct str parts[3] = {
	    STR("utmp-zeroed"), run->in.host, str_make(num, sizeof num)};
	struct event ev;

	if (run->zero_n == 0)
		return 0;
	source_event_init(&ev, EVENT_GAP, NAME, &run->in, run->zero_at);
	ev.time = since ? since : until ? until : run->in.mtime;
	event_set_int(&ev, F_LOST, (int64_t)run->zero_n);
	if (since)
		event_set_int(&ev, F_SINCE, since);
	if (until)
		event_set_int(&ev, F_UNTIL, until);
	event_set_str(&ev, F_REASON,
	    STR("zeroed records where records are only appended: "
		"erased, or lost in a crash"));
	event_set_hex(&ev, F_ID, source_id(run->in.id_key, parts, 3));
	run->zero_n = 0;
	return sink->event(sink, &ev);
}

static int emit_record(struct source_run *run, const struct utmp_record *rec,
    struct str bytes, uint64_t offset, struct source_sink *sink)
{
	uint64_t id = login_id(run, rec, bytes.p);
	struct event ev;
	int r = number_same(run, rec->time, &id);

	if (r < 0)
		return r;
	source_event_init(&ev, types[rec->type].kind, NAME, &run->in, offset);
	ev.time = rec->time;
	event_set_str(&ev, F_TYPE, str_z(utmp_type_name(rec->type)));
	event_set_hex(&ev, F_ID, id);
	if (run->file == FILE_BTMP) {
		ev.kind = EVENT_AUTH_FAIL;
		fill_login(run, rec, &ev);
	} else {
		types[rec->type].fill(run, rec, &ev);
	}
	return sink->event(sink, &ev);
}

static int take_record(struct source_run *run, const struct utmp_record *rec,
    struct str bytes, uint64_t offset, struct source_sink *sink)
{
	bool grows = run->file != FILE_UTMP;
	int r;

	sink->lines++;
	if (rec->type == UTMP_EMPTY) {
		if (!grows)
			return 0;
		if (utmp_record_zero(run->layout, bytes.p)) {
			if (run->zero_n++ == 0)
				run->zero_at = offset;
			return 0;
		}
		source_unparsed(sink, offset, bytes, run->layout->expected);
		return 0;
	}
	/* No program writes such: what is left of a record that was torn. */
	if (rec->time == 0) {
		source_unparsed(sink, offset, bytes, run->layout->expected);
		return 0;
	}
	r = emit_zeroed(run, rec->time, sink);
	if (r == 0)
		r = emit_record(run, rec, bytes, offset, sink);
	run->last_time = rec->time;
	return r;
}

/*
 * Layout and kind are told from as much as can be had. A named file that is
 * being written must not wait for more once its first records are clear.
 */
static bool find_layout(struct source_run *run, struct str data, bool last)
{
	bool enough = last || data.n >= SOURCE_LINE_MAX;
	const struct utmp_layout *layout;
	int score;

	if (run->file == FILE_UNKNOWN && !enough)
		return false;
	layout = utmp_layout_detect(data, &score);
	if (!layout || (score < 50 && !enough))
		return false;
	run->layout = layout;
	if (run->file == FILE_UNKNOWN)
		run->file = file_by_content(layout, data);
	return true;
}

/* A multiple of all record sizes: what comes behind still starts a record. */
#define UNKNOWN_STEP 9600

/* Nothing that looks like any record: count it in pieces, find no events. */
static ssize_t feed_unknown(
    struct str data, uint64_t offset, bool last, struct source_sink *sink)
{
	if (!last && data.n < SOURCE_LINE_MAX)
		return 0;
	if (!last)
		data = str_upto(data, data.n - data.n % UNKNOWN_STEP);
	if (data.n) {
		sink->lines++;
		source_unparsed(
		    sink, offset, data, "login records of 384 or 400 bytes");
	}
	return (ssize_t)data.n;
}

/* A place that holds no record: how many bytes to pass over, 0: wait. */
static size_t skip_garbage(const struct source_run *run, struct str rest,
    uint64_t offset, bool last, struct source_sink *sink)
{
	size_t size = run->layout->size, skip;

	if (!last && rest.n < UTMP_RESYNC_BYTES)
		return 0;
	skip = utmp_record_resync(run->layout, rest.p, rest.n, last);
	if (skip == 0)
		skip = size < rest.n ? size : rest.n;
	sink->lines++;
	source_unparsed(
	    sink, offset, str_upto(rest, skip), run->layout->expected);
	return skip;
}

/*
 * Whether a record stands there: 1, or 0; -1: wait. What could be read is none
 * where records follow each other from another place on; utmp has unused slots
 * that are not zero.
 */
static int record_at(const struct source_run *run, struct str rest, bool last,
    struct utmp_record *ret)
{
	if (!utmp_record_read(run->layout, rest.p, ret))
		return 0;
	if ((ret->type == UTMP_EMPTY && run->file == FILE_UTMP) ||
	    !utmp_record_doubtful(run->layout, rest.p, ret))
		return 1;
	if (!last && rest.n < UTMP_RESYNC_BYTES)
		return -1;
	return utmp_record_resync(run->layout, rest.p, rest.n, last) == 0;
}

static ssize_t utmp_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	size_t at = 0;
	struct utmp_record rec;

	if (!run->layout && !find_layout(run, data, last))
		return feed_unknown(data, offset, last, sink);
	while (data.n - at >= run->layout->size) {
		struct str bytes = str_make(data.p + at, run->layout->size);

		int r = record_at(run, str_from(data, at), last, &rec);

		if (r < 0)
			break;
		if (r > 0) {
			r = take_record(run, &rec, bytes, offset + at, sink);
			if (r < 0)
				return r;
			at += bytes.n;
		} else {
			size_t skip = skip_garbage(
			    run, str_from(data, at), offset + at, last, sink);

			if (skip == 0)
				break;
			at += skip;
		}
	}
	if (last && at < data.n) {
		sink->lines++;
		source_unparsed(sink, offset + at, str_from(data, at),
		    run->layout->expected);
		at = data.n;
	}
	return (ssize_t)at;
}

static int utmp_finish(struct source_run *run, struct source_sink *sink)
{
	return emit_zeroed(run, 0, sink);
}

static uint64_t utmp_held(const struct source_run *run, uint64_t end)
{
	return run->zero_n ? run->zero_at : end;
}

const struct source source_utmp = {
    .name = NAME,
    .summary = "login records: utmp, wtmp, btmp",
    .probe = utmp_probe,
    .open = utmp_open,
    .feed = utmp_feed,
    .finish = utmp_finish,
    .held = utmp_held,
    .close = utmp_close,
};
