/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope of a line in a log: when, which host, which program. RFC 3164
 * in the variants that syslog daemons write, the same with an ISO 8601 time
 * (also journalctl -o short-iso), RFC 5424, and rsyslog's or syslog-ng's JSON,
 * one object a line.
 */
#ifndef SOURCES_AUTHLOG_LOG_LINE_H
#define SOURCES_AUTHLOG_LOG_LINE_H

#include "base/arena.h"
#include "base/when.h"

struct log_line {
	int64_t time;  /* microseconds; not set when `yearless` */
	bool yearless; /* only `civil` is known, and not its year */
	struct civil civil;
	struct str host;  /* empty: not said */
	struct str ident; /* program */
	int64_t pid;	  /* -1: not said */
	struct str msg;	  /* without blanks at its ends, which not all keep */
	struct str level; /* syslog's name of the severity, or empty */
	uint64_t repeat;  /* "message repeated N times: [ msg ]": N, else 0 */
	/* "last message repeated N times": the line before, `repeat` times. */
	bool repeats_last;
	/*
	 * The program's name was marked as syslog marks it: by a pid, a colon
	 * and a blank, or its place in the format. Other logs with a time and
	 * words behind it (dpkg.log) have no such mark.
	 */
	bool tagged;
};

enum line_kind {
	LINE_MESSAGE,
	LINE_CONTINUED, /* begins with a blank: belongs to the line before */
	LINE_NOISE,	/* empty, or journalctl's `-- Boot ... --` */
	LINE_BAD,
};

/*
 * Times without a zone are local by `utc_offset`. Strings are slices of `line`
 * or lie in `a` (JSON escapes).
 */
enum line_kind log_line_parse(struct str line, utc_offset_fn *utc_offset,
    struct arena *a, struct log_line *ret);

/* "info" for 6; empty when there is no such severity. */
struct str severity_name(uint64_t severity);

/* Set msg and repeat from the text behind the tag. */
void log_line_set_msg(struct log_line *l, struct str msg);

/* Used by log_line_parse(). `line` begins with '{'. */
bool log_line_parse_json(struct str line, utc_offset_fn *utc_offset,
    struct arena *a, struct log_line *ret);

bool log_line_parse_bsd_time(
    struct str *s, utc_offset_fn *utc_offset, struct log_line *ret);

/* "sshd[123]:": program and pid; `s` is moved behind it. */
bool log_tag_parse(struct str *s, struct log_line *ret);

#endif
