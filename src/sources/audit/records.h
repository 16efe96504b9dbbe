/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the lines of audit records to events, wherever the lines were found: in
 * the audit log, or behind what syslog writes before each.
 */
#ifndef SOURCES_AUDIT_RECORDS_H
#define SOURCES_AUDIT_RECORDS_H

#include "sources/source.h"

struct records;

struct records_line {
	struct str text;
	struct str node; /* whose line it is when it names none; may be empty */
	int64_t time;	 /* of a line that is no record; 0: the newest one's */
	const char *inferred; /* why `time` is only concluded, or NULL */
	uint64_t offset;
};

/*
 * `vouched`: nobody but the kernel and auditd writes to this log. Else all
 * events have trust `text`. `in` is copied. -ENOMEM.
 */
int records_new(
    struct records **ret, const struct source_input *in, bool vouched);
void records_free(struct records *r);

/* A new file begins: offsets count from 0. */
void records_next_file(struct records *r, const struct source_input *in);

/*
 * One line, whose strings must stay until records_keep(). *expected: NULL, or
 * what was expected when it is no record and no word of the kernel on lost
 * ones. 0, or a negative errno.
 */
int records_take(struct records *r, const struct records_line *line,
    struct source_sink *sink, const char **expected);

/* The memory of the lines goes away. 0, or a negative errno. */
int records_keep(struct records *r, struct source_sink *sink);

/* The end of the stream: emit what was held back. */
int records_flush(struct records *r, struct source_sink *sink);

/* As the source's held(). */
uint64_t records_held(const struct records *r, uint64_t end);

/* Whether the kernel says here, outside of records, that some were lost. */
bool records_tell_loss(struct str text);

#endif
