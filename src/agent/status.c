/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/status.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "archive/space.h"
#include "base/when.h"
#include "core/event_json.h"

/* Of the open sessions, those listed. */
#define SESSIONS_MAX 100

static const unsigned spans[] = {10, RATES_SECONDS};

#define N_SPANS (sizeof spans / sizeof *spans)

/* --- sessions --- */

struct open_sessions {
	struct buf *b;
	bool json;
	uint64_t n;
};

static void session_text(struct buf *b, const struct track *t)
{
	char since[TIME_ISO_LEN];

	time_format_iso(t->login >= 0 ? t->login : t->start, since);
	buf_printf(b, "  %.*s from %.*s since %s, session %016llx\n",
	    STR_ARG(t->user), STR_ARG(t->addr), since,
	    (unsigned long long)t->id);
}

static void session_json(struct buf *b, const struct track *t)
{
	char since[TIME_ISO_LEN];

	time_format_iso(t->login >= 0 ? t->login : t->start, since);
	buf_printf(b, "{\"session\":\"%016llx\",\"since\":\"%s\",\"user\":",
	    (unsigned long long)t->id, since);
	json_add_string(b, t->user);
	buf_add_z(b, ",\"addr\":");
	json_add_string(b, t->addr);
	buf_add_char(b, '}');
}

static void add_session(struct open_sessions *o, const struct track *t)
{
	if (o->n++ >= SESSIONS_MAX)
		return;
	if (!o->json) {
		session_text(o->b, t);
		return;
	}
	if (o->n > 1)
		buf_add_char(o->b, ',');
	session_json(o->b, t);
}

static int each_session(const struct status *s, struct open_sessions *o)
{
	struct store *store = archive_store(ledger_archive(s->ledger));
	const struct query q = {.since = INT64_MIN,
	    .until = INT64_MAX,
	    .host = {ledger_host(s->ledger)},
	    .n_host = 1,
	    .open_only = true,
	    .ssh_only = true};
	struct store_cursor *cursor;
	struct session row;
	struct err ignored;
	int r =
	    store ? store->ops->sessions(store, &q, &cursor, &ignored) : -EBUSY;

	if (r < 0)
		return r;
	while ((r = store->ops->next_session(cursor, &row, &ignored)) > 0)
		add_session(o, &row.sum);
	store->ops->cursor_close(cursor);
	return r;
}

static void sessions_text(const struct status *s, struct buf *b)
{
	struct buf list = BUF_INIT;
	struct open_sessions o = {.b = &list};

	int r = each_session(s, &o);

	if (r == -EBUSY)
		buf_add_z(b, "sessions: the index is lent to an import\n");
	else if (r < 0)
		buf_add_z(b, "sessions: the index does not answer\n");
	else
		buf_printf(b, "%llu sessions open%s\n", (unsigned long long)o.n,
		    o.n ? ":" : "");
	buf_add_str(b, buf_str(&list));
	if (o.n > SESSIONS_MAX)
		buf_add_z(b, "  and more: see sshtrail who\n");
	buf_free(&list);
}

static void sessions_json(const struct status *s, struct buf *b)
{
	struct open_sessions o = {.b = b, .json = true};

	buf_add_z(b, "\"sessions\":[");
	each_session(s, &o);
	buf_printf(b, "],\"sessions_open\":%llu,", (unsigned long long)o.n);
}

/* --- what comes, and what it takes --- */

static void rates_text(const struct status *s, struct buf *b)
{
	const char *sep = "";

	for (size_t i = 0; i < N_SPANS; i++) {
		const struct rate r = rates_over(s->rates, spans[i]);

		if (r.seconds <= 0)
			continue;
		buf_printf(b, "%s%.1f events/s, %.1f KiB/s in %.0f s", sep,
		    r.events, r.bytes / 1024, r.seconds);
		sep = "; ";
	}
	buf_add_z(b, *sep ? "\n" : "");
}

static void rates_json(const struct status *s, struct buf *b)
{
	buf_add_z(b, "\"rates\":[");
	for (size_t i = 0; i < N_SPANS; i++) {
		const struct rate r = rates_over(s->rates, spans[i]);

		buf_printf(b,
		    "%s{\"seconds\":%.1f,\"events\":%.2f,\"bytes\":%.1f}",
		    i ? "," : "", r.seconds, r.events, r.bytes);
	}
	buf_add_z(b, "],");
}

static void space_text(const struct status *s, struct buf *b)
{
	struct space space;

	if (space_measure(s->agent->store, &space) < 0)
		return;
	buf_printf(b,
	    "trail %.1f MiB in %llu segments, index %.1f MiB; %.1f of %.1f GiB "
	    "free\n",
	    (double)space.trail_bytes / (1 << 20),
	    (unsigned long long)space.segments,
	    (double)space.index_bytes / (1 << 20),
	    (double)space.disk.free / (1 << 30),
	    (double)space.disk.size / (1 << 30));
}

static void space_json(const struct status *s, struct buf *b)
{
	struct space space;

	if (space_measure(s->agent->store, &space) < 0)
		return;
	buf_printf(b,
	    "\"spool\":{\"segments\":%llu,\"bytes\":%llu,\"index\":%llu},"
	    "\"disk\":{\"free\":%llu,\"size\":%llu},",
	    (unsigned long long)space.segments,
	    (unsigned long long)space.trail_bytes,
	    (unsigned long long)space.index_bytes,
	    (unsigned long long)space.disk.free,
	    (unsigned long long)space.disk.size);
}

struct cost {
	double cpu;    /* seconds, of this process */
	uint64_t peak; /* bytes of memory, at most */
};

static struct cost cost(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) < 0)
		return (struct cost){0};
	return (struct cost){
	    (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6,
	    (uint64_t)u.ru_maxrss * 1024};
}

/* --- taps and recordings --- */

static uint64_t lost(const struct status *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->agent->n_taps; i++) {
		struct feed_stats stats = {.lost = 0};

		if (s->feeds[i])
			feed_stats(s->feeds[i], &stats);
		sum += stats.lost;
	}
	return sum;
}

static void tap_text(
    struct buf *b, const struct agent_tap *t, const struct feed *f)
{
	struct feed_stats s;

	buf_printf(b, "tap %-10s ", t->tap->name);
	if (!f) {
		buf_printf(b, "not captured: %s\n", t->why.text);
		return;
	}
	feed_stats(f, &s);
	buf_printf(b,
	    "%llu events of %llu records, %llu not understood, %llu bytes, "
	    "%llu lost\n",
	    (unsigned long long)s.events, (unsigned long long)s.records,
	    (unsigned long long)s.unparsed, (unsigned long long)s.bytes,
	    (unsigned long long)s.lost);
	if (s.left_out)
		buf_printf(b,
		    "               %llu events left out: another tap tells "
		    "them\n",
		    (unsigned long long)s.left_out);
	if (s.name[0])
		buf_printf(b, "               %s\n", s.name);
	if (s.note[0])
		buf_printf(b, "               %s%s%s\n", s.note,
		    s.doing ? "; " : "", s.doing ? s.doing : "");
}

static void tap_json(
    struct buf *b, const struct agent_tap *t, const struct feed *f)
{
	struct feed_stats s = {.name = "", .note = ""};

	if (f)
		feed_stats(f, &s);
	buf_add_z(b, "{\"tap\":");
	json_add_string(b, str_z(t->tap->name));
	buf_printf(b,
	    ",\"open\":%s,\"events\":%llu,\"records\":%llu,\"unparsed\":%llu,"
	    "\"left_out\":%llu,\"bytes\":%llu,\"lost\":%llu,\"name\":",
	    f ? "true" : "false", (unsigned long long)s.events,
	    (unsigned long long)s.records, (unsigned long long)s.unparsed,
	    (unsigned long long)s.left_out, (unsigned long long)s.bytes,
	    (unsigned long long)s.lost);
	json_add_string(b, str_z(s.name));
	buf_add_z(b, ",\"note\":");
	json_add_string(b, str_z(f ? s.note : t->why.text));
	buf_add_z(b, ",\"doing\":");
	json_add_string(b, str_z(s.doing ? s.doing : ""));
	buf_add_char(b, '}');
}

static void recordings_text(struct buf *b, const struct recorder_stats *r)
{
	if (r->trouble)
		buf_printf(b, "nothing is recorded: %s\n", r->trouble);
	buf_printf(b, "%llu recordings, %llu going on, %llu bytes\n",
	    (unsigned long long)r->recordings, (unsigned long long)r->open,
	    (unsigned long long)r->bytes);
}

static void recordings_json(struct buf *b, const struct recorder_stats *r)
{
	buf_printf(b,
	    "\"recordings\":{\"begun\":%llu,\"open\":%llu,\"bytes\":%llu,"
	    "\"trouble\":",
	    (unsigned long long)r->recordings, (unsigned long long)r->open,
	    (unsigned long long)r->bytes);
	json_add_string(b, str_z(r->trouble ? r->trouble : ""));
	buf_add_z(b, "},");
}

/* --- all of it: the monitor is whose process ends the daemon --- */

static void write_json(const struct status *s, struct buf *b, const char *last)
{
	const struct agent *a = s->agent;
	const struct ledger_stats *l = ledger_stats(s->ledger);
	const struct cost c = cost();
	struct recorder_stats recordings;

	buf_printf(b,
	    "{\"version\":\"" SSHTRAIL_VERSION "\",\"pid\":%d,\"host\":",
	    (int)getppid());
	json_add_string(b, str_z(a->host));
	buf_add_z(b, ",\"store\":");
	json_add_string(b, str_z(a->store));
	buf_printf(b,
	    ",\"events\":%llu,\"logins\":%llu,\"repeated\":%llu,"
	    "\"lost\":%llu,\"last\":\"%s\",\"cpu\":%.3f,\"memory\":%llu,"
	    "\"sandbox\":",
	    (unsigned long long)l->events, (unsigned long long)l->logins,
	    (unsigned long long)l->repeated, (unsigned long long)lost(s), last,
	    c.cpu, (unsigned long long)c.peak);
	json_add_string(
	    b, str_z(s->sandbox->note[0] ? s->sandbox->note : "complete"));
	buf_add_char(b, ',');
	rates_json(s, b);
	sessions_json(s, b);
	space_json(s, b);
	recorder_stats(s->recorder, &recordings);
	recordings_json(b, &recordings);
	buf_add_z(b, "\"taps\":[");
	for (size_t i = 0; i < a->n_taps; i++) {
		if (i)
			buf_add_char(b, ',');
		tap_json(b, &a->taps[i], s->feeds[i]);
	}
	buf_add_z(b, "]}\n");
}

static void write_text(const struct status *s, struct buf *b, const char *last)
{
	const struct agent *a = s->agent;
	const struct ledger_stats *l = ledger_stats(s->ledger);
	const struct cost c = cost();
	struct recorder_stats recordings;

	buf_printf(b,
	    "sshtraild " SSHTRAIL_VERSION " on %s, process %d, store %s\n",
	    a->host, (int)getppid(), a->store);
	buf_printf(b, "%llu events, %llu logins, %llu lost; newest %s\n",
	    (unsigned long long)l->events, (unsigned long long)l->logins,
	    (unsigned long long)lost(s), last[0] ? last : "none yet");
	rates_text(s, b);
	sessions_text(s, b);
	recorder_stats(s->recorder, &recordings);
	recordings_text(b, &recordings);
	space_text(s, b);
	buf_printf(b, "collector: %.1f s of CPU, %.0f MiB at most\n", c.cpu,
	    (double)c.peak / (1 << 20));
	if (s->sandbox->note[0])
		buf_printf(b, "sandbox: %s\n", s->sandbox->note);
	for (size_t i = 0; i < a->n_taps; i++)
		tap_text(b, &a->taps[i], s->feeds[i]);
}

void status_write(const struct status *s, struct buf *b, bool json)
{
	const int64_t newest = ledger_stats(s->ledger)->last;
	char last[TIME_ISO_LEN] = "";

	if (newest)
		time_format_iso(newest, last);
	if (json)
		write_json(s, b, last);
	else
		write_text(s, b, last);
}
