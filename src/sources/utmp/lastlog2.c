/* SPDX-License-Identifier: Apache-2.0 */
/* lastlog2(8), which replaces lastlog on newer systems. */
#include <endian.h>

#include "base/when.h"
#include "sources/utmp/login_db.h"
#include "sources/utmp/record.h"

#define NAME "lastlog2"

enum column {
	COL_NAME,
	COL_TIME,
	COL_TTY,
	COL_HOST,
	COL_SERVICE,
};

static int lastlog2_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	return login_db_probe(head, "Lastlog2");
}

/* lastlog2 makes such rows, with a time of 0, and shows them so. */
static bool never_in(sqlite3_stmt *row)
{
	int type = sqlite3_column_type(row, COL_TIME);

	return type == SQLITE_NULL ||
	       (type == SQLITE_INTEGER &&
		   sqlite3_column_int64(row, COL_TIME) == 0);
}

static int take_row(
    struct source_run *run, sqlite3_stmt *row, struct source_sink *sink)
{
	struct str user = login_db_text(row, COL_NAME);
	struct str tty = login_db_text(row, COL_TTY);
	struct str host = login_db_text(row, COL_HOST);
	struct str service = login_db_text(row, COL_SERVICE);
	struct event ev;
	uint64_t num;

	if (user.n && never_in(row))
		return 0;
	source_event_init(&ev, EVENT_ACCOUNT, NAME, &run->in, 0);
	event_unset(&ev, F_OFFSET);
	if (user.n == 0 ||
	    !login_db_time(row, COL_TIME, USEC_PER_SEC, &ev.time))
		return 1;
	num = htole64((uint64_t)ev.time);
	event_set_hex(&ev, F_ID,
	    source_id(run->in.id_key,
		(struct str[]){STR(NAME), run->in.host, user,
		    str_make(&num, sizeof num), tty, host, service},
		7));
	str_skip(&tty, STR("/dev/"));
	event_set_str(&ev, F_OP, STR("last-login"));
	event_set_str(&ev, F_USER, user);
	source_set_str(&ev, F_TTY, tty);
	source_set_str(&ev, utmp_host_remote(host) ? F_ADDR : F_TEXT, host);
	source_set_str(&ev, F_SERVICE, service);
	return sink->event(sink, &ev);
}

static ssize_t lastlog2_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	static const struct login_table table = {
	    "Lastlog2",
	    "SELECT Name, Time, TTY, RemoteHost, Service "
	    "FROM main.Lastlog2 NOT INDEXED",
	    "a row of lastlog2: a name, and a time in seconds or 0",
	    take_row,
	};

	return login_db_feed(run, &table, data, last, sink);
}

const struct source source_lastlog2 = {
    .name = NAME,
    .summary = "last login of each user: database of lastlog2",
    .whole = true,
    .probe = lastlog2_probe,
    .beside_suffix = LOGIN_DB_BESIDE,
    .beside = login_db_beside,
    .open = login_db_open,
    .feed = lastlog2_feed,
    .finish = source_finish_nothing,
    .held = source_held_nothing,
    .close = login_db_close,
};
