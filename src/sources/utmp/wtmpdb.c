/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wtmpdb(8), which replaces wtmp on newer systems: one row per login or boot,
 * completed with its end.
 */
#include <endian.h>

#include "sources/utmp/login_db.h"
#include "sources/utmp/record.h"

#define NAME "wtmpdb"

enum column {
	COL_TYPE,
	COL_USER,
	COL_LOGIN,
	COL_LOGOUT,
	COL_TTY,
	COL_HOST,
	COL_SERVICE,
};

/* Values of the column Type. */
enum wtmpdb_type {
	WTMPDB_BOOT = 1,
	WTMPDB_USER = 3,
};

static int wtmpdb_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	return login_db_probe(head, "wtmp");
}

static void fill_user(struct event *ev, sqlite3_stmt *row)
{
	struct str tty = login_db_text(row, COL_TTY);
	struct str host = login_db_text(row, COL_HOST);

	str_skip(&tty, STR("/dev/"));
	event_set_str(ev, F_TYPE, STR("USER_PROCESS"));
	source_set_str(ev, F_USER, login_db_text(row, COL_USER));
	source_set_str(ev, F_TTY, tty);
	source_set_str(ev, F_SERVICE, login_db_text(row, COL_SERVICE));
	source_set_str(ev, utmp_host_remote(host) ? F_ADDR : F_TEXT, host);
}

/* Logins are known by their content: rotation gives rows new numbers. */
static uint64_t row_id(const struct source_run *run, sqlite3_stmt *row,
    enum event_kind kind, int64_t time)
{
	uint64_t num[3] = {htole64(kind), htole64((uint64_t)time),
	    htole64((uint64_t)sqlite3_column_int64(row, COL_LOGIN))};
	struct str parts[] = {STR(NAME), run->in.host,
	    str_make(num, sizeof num), login_db_text(row, COL_USER),
	    login_db_text(row, COL_TTY), login_db_text(row, COL_HOST),
	    login_db_text(row, COL_SERVICE)};

	return source_id(run->in.id_key, parts, sizeof parts / sizeof parts[0]);
}

static int emit(struct source_run *run, sqlite3_stmt *row, bool open,
    int64_t time, struct source_sink *sink)
{
	bool boot = sqlite3_column_int64(row, COL_TYPE) == WTMPDB_BOOT;
	enum event_kind kind = open ? EVENT_SESSION_OPEN : EVENT_SESSION_CLOSE;
	struct event ev;

	source_event_init(&ev, kind, NAME, &run->in, 0);
	event_unset(&ev, F_OFFSET);
	ev.time = time;
	event_set_hex(&ev, F_ID, row_id(run, row, kind, time));
	if (boot) {
		ev.kind = EVENT_HOST_BOOT;
		event_set_str(&ev, F_OP, open ? STR("boot") : STR("shutdown"));
		event_set_str(&ev, F_TYPE, STR("BOOT_TIME"));
		source_set_str(&ev, F_TEXT, login_db_text(row, COL_HOST));
	} else {
		fill_user(&ev, row);
	}
	return sink->event(sink, &ev);
}

static int take_row(
    struct source_run *run, sqlite3_stmt *row, struct source_sink *sink)
{
	int64_t type = sqlite3_column_int64(row, COL_TYPE), login, logout;
	int r;

	if ((type != WTMPDB_BOOT && type != WTMPDB_USER) ||
	    !login_db_time(row, COL_LOGIN, 1, &login))
		return 1;
	r = emit(run, row, true, login, sink);
	if (r < 0 || sqlite3_column_type(row, COL_LOGOUT) == SQLITE_NULL)
		return r;
	if (!login_db_time(row, COL_LOGOUT, 1, &logout))
		return 1;
	return emit(run, row, false, logout, sink);
}

static ssize_t wtmpdb_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	static const struct login_table table = {
	    "wtmp",
	    "SELECT Type, User, Login, Logout, TTY, RemoteHost, Service "
	    "FROM main.wtmp NOT INDEXED",
	    "a row of wtmpdb: Type 1 or 3, times in microseconds",
	    take_row,
	};

	return login_db_feed(run, &table, data, last, sink);
}

const struct source source_wtmpdb = {
    .name = NAME,
    .summary = "logins and boots: database of wtmpdb",
    .whole = true,
    .probe = wtmpdb_probe,
    .beside_suffix = LOGIN_DB_BESIDE,
    .beside = login_db_beside,
    .open = login_db_open,
    .feed = wtmpdb_feed,
    .finish = source_finish_nothing,
    .held = source_held_nothing,
    .close = login_db_close,
};
