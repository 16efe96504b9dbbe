/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of a log: the events that one stream of an import added, from its
 * first import.start to the next, or those of one run of the daemon, from its
 * agent.start on, and likewise of what a hub takes from one `sender`. The index
 * is what comes of reading the parts of each log in the order in which they
 * were written.
 */
#ifndef ARCHIVE_PART_H
#define ARCHIVE_PART_H

#include "core/event.h"

bool part_begins(const struct event *ev);

/*
 * Append the log that the part is of, which its first event tells: format and
 * name of the file, without what rotation, compression or whoever collected
 * the files did to it. "audit.log.3" and "b/audit.log-20261101.gz" are parts of
 * the same log. Never empty.
 */
void part_log(const struct event *start, struct buf *ret);

/* It adds to a file that was imported before. */
bool part_goes_on(const struct event *start);

struct part {
	struct str chain; /* its name */
	uint64_t first;	  /* frame, ... */
	uint64_t end;	  /* ... and the one behind its last */
	uint64_t log;	  /* hash of log and host */
	int64_t begun;	  /* time of its first event */
	bool goes_on;
	size_t place; /* in the order of the trails */
};

struct parts {
	struct part *v;
	size_t n, cap;
	struct arena arena;
};

/*
 * All parts that the trails below dirfd hold, in the order of the trails but
 * that those of one log, on one host, follow each other as they were written:
 * by time, which a clock may have told wrong, but where one goes on.
 * Damaged segments are passed over.
 */
int parts_find(struct parts *ret, int dirfd, struct err *err);
void parts_free(struct parts *parts);

#endif
