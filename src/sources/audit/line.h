/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of an audit log: [node=N ]type=T msg=audit(SEC.MMM:SERIAL): BODY.
 * Also taken: no "msg=", no colon after the parenthesis, milliseconds of one
 * or two digits.
 */
#ifndef SOURCES_AUDIT_LINE_H
#define SOURCES_AUDIT_LINE_H

#include "base/str.h"

struct audit_line {
	struct str all;	 /* the whole line */
	struct str node; /* empty when the line names none */
	struct str type; /* "SYSCALL", "UNKNOWN[1420]", "1400" */
	struct str id;	 /* "SEC.MMM:SERIAL" as written */
	struct str body; /* what follows, with the enriched tail */
};

/*
 * Find the parts of a line; numbers are not looked at. Returns NULL, or, when
 * it is no audit record, what was expected (a static string).
 */
const char *line_split(struct str line, struct audit_line *ret);

/* The numbers of an id; time in microseconds. As line_split(). */
const char *line_id(struct str id, int64_t *ret_time, uint32_t *ret_serial);

#endif
