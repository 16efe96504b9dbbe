/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From log entries to events: what text logs and the journal share. An entry
 * is a line with its envelope read, and what the journal vouches for.
 */
#ifndef SOURCES_AUTHLOG_LOG_READER_H
#define SOURCES_AUTHLOG_LOG_READER_H

#include "sources/authlog/log_line.h"
#include "sources/source.h"

struct log_entry {
	struct log_line line;
	struct str raw; /* for examples of what was not understood */
	struct str source;
	uint64_t offset;
	const char *inferred; /* a note, or NULL */
	struct str host_note; /* why the host is only concluded, or empty */
	bool escaped;	      /* control characters are written as #ooo */
	/* Of the journal; NULL for a text log. */
	const struct log_trusted *trusted;
};

/* Trusted fields of the journal: strings may be empty, numbers -1. */
struct log_trusted {
	struct str boot, comm, exe, unit;
	int64_t pid, uid, gid, ses, auid;
};

struct log_reader;

int log_reader_new(struct log_reader **ret, const uint8_t *id_key);
void log_reader_free(struct log_reader *r);

/*
 * Emit what the entry says: nothing for programs that are not read. Lines are
 * counted by the caller. 0 or a negative errno from the sink; -ENOMEM.
 */
int log_reader_take(
    struct log_reader *r, const struct log_entry *e, struct source_sink *sink);

/* A line that continues the one before. */
int log_reader_continue(
    struct log_reader *r, const struct log_entry *e, struct source_sink *sink);

#endif
