/* SPDX-License-Identifier: Apache-2.0 */
#include "store/recording.h"

#include <errno.h>

#include "store/catalogue.h"
#include "store/writer.h"

/* Of a command's so much, for people to know it by. */
#define COMMAND_MAX 200

/* As the catalogue holds it: never NULL. */
static struct str text_of(const struct event *ev, enum field f)
{
	struct str text = event_str(ev, f);

	return text.n ? text : STR("");
}

static int learn_open(
    struct writer *w, const struct event *ev, int64_t host, struct err *err)
{
	struct buf command = BUF_INIT;
	int r;

	event_command(ev, &command);
	r = sql_run(&w->sql,
	    "INSERT OR REPLACE INTO recording(host, chain, number, track, tty,"
	    " size, command, format, start, stop, partial, bytes, input, lost,"
	    " left_out, masked, last, sha256) VALUES(?1, ?9, ?2, ?3, ?4, ?5, "
	    "?6,"
	    " ?10, ?7, NULL, ?8, 0, 0, 0, 0, 0, 0, x'')",
	    err, "iiusssiiss", host, ev->v[F_RECORDING].i, ev->track,
	    event_str(ev, F_TTY), event_str(ev, F_SIZE),
	    str_upto(buf_str(&command), COMMAND_MAX), ev->time,
	    event_int(ev, F_PARTIAL, 0), text_of(ev, F_RECORDING_CHAIN),
	    text_of(ev, F_FORMAT));
	buf_free(&command);
	return r;
}

static int learn_close(
    struct writer *w, const struct event *ev, int64_t host, struct err *err)
{
	return sql_run(&w->sql,
	    "UPDATE recording SET stop = ?3, bytes = ?4, input = ?5,"
	    " lost = ?6, last = ?7, sha256 = ?8, partial = partial OR ?9,"
	    " left_out = ?10, masked = ?12"
	    " WHERE host = ?1 AND chain = ?11 AND number = ?2",
	    err, "iiiiiiisiisi", host, ev->v[F_RECORDING].i, ev->time,
	    event_int(ev, F_BYTES_READ, 0) - event_int(ev, F_LEFT_OUT, 0),
	    event_int(ev, F_BYTES_WRITTEN, 0), event_int(ev, F_LOST, 0),
	    event_int(ev, F_RECORDING_END, 0), event_str(ev, F_SHA256),
	    event_int(ev, F_PARTIAL, 0), event_int(ev, F_LEFT_OUT, 0),
	    text_of(ev, F_RECORDING_CHAIN), event_int(ev, F_MASKED, 0));
}

int recording_learn(struct writer *w, const struct event *ev, struct err *err)
{
	int64_t host;
	int r;

	/*
	 * Text that anybody could have written vouches for nothing; but what
	 * was imported is vouched for by the import, whoever wrote it.
	 */
	if (!event_has(ev, F_RECORDING) ||
	    (ev->trust > TRUST_DAEMON && !event_has(ev, F_RECORDING_CHAIN)) ||
	    (ev->kind != EVENT_CHANNEL_OPEN && ev->kind != EVENT_CHANNEL_CLOSE))
		return 0;
	r = writer_host(w, ev->host, &host, err);
	if (r < 0)
		return r;
	return ev->kind == EVENT_CHANNEL_OPEN ? learn_open(w, ev, host, err)
					      : learn_close(w, ev, host, err);
}

static void get_row(sqlite3_stmt *st, struct recording *r)
{
	*r = (struct recording){
	    .host = sql_str(st, 0),
	    .number = (uint64_t)sqlite3_column_int64(st, 1),
	    .track = id_from_sql(sqlite3_column_int64(st, 2)),
	    .session = id_from_sql(sqlite3_column_int64(st, 3)),
	    .tty = sql_str(st, 4),
	    .size = sql_str(st, 5),
	    .start = sqlite3_column_int64(st, 6),
	    .end = sqlite3_column_type(st, 7) == SQLITE_NULL
		       ? -1
		       : sqlite3_column_int64(st, 7),
	    .partial = sqlite3_column_int(st, 8) != 0,
	    .bytes = sqlite3_column_int64(st, 9),
	    .input = sqlite3_column_int64(st, 10),
	    .lost = sqlite3_column_int64(st, 11),
	    .last = (uint64_t)sqlite3_column_int64(st, 12),
	    .sha256 = sql_str(st, 13),
	    .command = sql_str(st, 14),
	    .left_out = sqlite3_column_int64(st, 15),
	    .chain = sql_str(st, 16),
	    .format = sql_str(st, 17),
	    .masked = sqlite3_column_int64(st, 18),
	};
	if (r->chain.n == 0)
		r->chain = r->host;
}

int recording_rows(struct sql *s, const struct recording_query *q,
    const struct recording_sink *sink, struct err *err)
{
	struct recording row;
	int r, stop = 0;
	sqlite3_stmt *st = sql_get(s,
	    "SELECT h.name, r.number, r.track, coalesce(t.session, r.track),"
	    " r.tty, r.size, r.start, r.stop, r.partial, r.bytes, r.input,"
	    " r.lost, r.last, r.sha256, r.command, r.left_out, r.chain,"
	    " r.format, r.masked"
	    " FROM recording r"
	    " JOIN host h ON h.id = r.host"
	    " LEFT JOIN track t ON t.id = r.track"
	    " WHERE (?1 = 0 OR coalesce(t.session, r.track) = ?2)"
	    " AND (?3 = x'' OR h.name = ?3)"
	    " AND (?4 = 0 OR (r.stop IS NULL AND r.chain = x''))"
	    " ORDER BY r.start, r.number",
	    &r, err);

	if (!st)
		return r;
	sql_bind(st, "iusi", (int64_t)(q->session != 0), q->session,
	    q->host.n ? q->host : STR(""), (int64_t)q->open_only);
	while (stop == 0 && (r = sql_step(s, st, err)) > 0) {
		get_row(st, &row);
		stop = sink->row(sink->ctx, &row);
	}
	sqlite3_reset(st);
	return r < 0 ? r : stop;
}
