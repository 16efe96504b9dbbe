/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a journal entry that are wanted, and what becomes of them. */
#ifndef SOURCES_JOURNAL_ENTRY_H
#define SOURCES_JOURNAL_ENTRY_H

#include "sources/authlog/log_reader.h"

/* X(C name, the journal's name) */
#define JOURNAL_FIELDS(X)                                                      \
	X(MESSAGE, "MESSAGE")                                                  \
	X(PRIORITY, "PRIORITY")                                                \
	X(IDENTIFIER, "SYSLOG_IDENTIFIER")                                     \
	X(SYSLOG_PID, "SYSLOG_PID")                                            \
	X(TRANSPORT, "_TRANSPORT")                                             \
	X(HOSTNAME, "_HOSTNAME")                                               \
	X(BOOT_ID, "_BOOT_ID")                                                 \
	X(PID, "_PID")                                                         \
	X(UID, "_UID")                                                         \
	X(GID, "_GID")                                                         \
	X(COMM, "_COMM")                                                       \
	X(EXE, "_EXE")                                                         \
	X(UNIT, "_SYSTEMD_UNIT")                                               \
	X(SESSION, "_AUDIT_SESSION")                                           \
	X(LOGINUID, "_AUDIT_LOGINUID")                                         \
	X(SOURCE_TIME, "_SOURCE_REALTIME_TIMESTAMP")                           \
	X(TIME, "__REALTIME_TIMESTAMP")

enum journal_field {
#define X(c, name) JOURNAL_##c,
	JOURNAL_FIELDS(X)
#undef X
	    JOURNAL_N_FIELDS
};

struct journal_entry {
	struct str v[JOURNAL_N_FIELDS]; /* p NULL: not there */
	uint64_t offset;
	bool any; /* something of it was read, if only a field not wanted */
};

/* JOURNAL_N_FIELDS for a field that is not wanted. */
enum journal_field journal_field_find(struct str name);

/*
 * Emit what the entry says; counts it in sink->lines. 0 or a negative errno
 * from the sink; -ENOMEM.
 */
int journal_entry_take(struct log_reader *r, const struct journal_entry *e,
    const struct source_input *in, struct source_sink *sink);

/* When the entry was written: by its sender's clock if known; 0: not said. */
int64_t journal_entry_time(const struct journal_entry *e);

#endif
