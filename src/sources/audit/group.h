/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assembly: the records of one event (same node, time and serial), however
 * they lie in the stream. Mostly one behind the other; but records of several
 * events interleave, arrive late, repeat, or straddle files.
 *
 * A ring holds the last GROUPS_N events. An event is handed out when its
 * closing record was read and a record of another event follows; when
 * GROUPS_N events began after it; when the log's time is GROUPS_TIMEOUT past
 * its last record and some events began since; or at the end. It stays in the
 * ring afterwards, so that a late record hands the event out again, whole.
 */
#ifndef SOURCES_AUDIT_GROUP_H
#define SOURCES_AUDIT_GROUP_H

#include "base/buf.h"
#include "sources/audit/line.h"
#include "sources/audit/names.h"

#define GROUPS_N	     256
#define GROUPS_TIMEOUT	     ((int64_t)2000000) /* microseconds of log time */
#define GROUPS_MIN_BEHIND    8 /* events begun since, before time counts */
/* Limits of one event: records; bytes of EXECVE records, of all others. */
#define GROUP_MAX_RECORDS    1024
#define GROUP_MAX_EXECVE     ((size_t)768 << 10)
#define GROUP_MAX_OTHERS     ((size_t)1 << 20)
/* An event of more text than this is not remembered after it is out. */
#define GROUP_MAX_REMEMBERED ((size_t)64 << 10)
/* Text of unfinished events kept from one feed to the next. */
#define GROUPS_MAX_OPEN	     ((size_t)16 << 20)

/* Small: those of the whole ring should stay in the processor's cache. */
struct group_record {
	const char *line;
	uint16_t len;
	uint16_t
	    body; /* where in the line it begins; it ends where that does */
	uint16_t type;
	uint8_t role; /* enum audit_role */
};

static inline struct str record_line(const struct group_record *r)
{
	return str_make(r->line, r->len);
}

static inline struct str record_body(const struct group_record *r)
{
	return str_from(record_line(r), r->body);
}

struct group {
	enum { GROUP_FREE, GROUP_OPEN, GROUP_DONE } state;
	bool closing;  /* its last record was probably read */
	bool emitted;  /* was handed out before: now it is amended */
	bool late;     /* its first part was handed out and is forgotten */
	bool cut;      /* records beyond the limits were dropped */
	uint16_t next; /* in the hash chain */
	uint32_t serial;
	int64_t time;	 /* microseconds */
	int64_t clock;	 /* of the log, at its last record */
	uint64_t roles;	 /* bit per role seen */
	struct str node; /* host, of the record or of who passed it on */
	uint64_t node_hash;
	struct str id; /* a slice of the first record */
	size_t n;
	size_t n_owned; /* of the records, those whose text is in `text` */
	size_t bytes, execve_bytes;
	uint64_t offset; /* of its first record in the current file */
	bool has_offset; /* it has a record in the current file */
	/* Memory that stays with its place when another event takes that. */
	struct group_record *rec;
	size_t cap;
	struct buf text;
};

#define GROUP_HAS(g, role) ((g)->roles >> (role)&1)

struct groups;

struct groups_sink {
	/*
	 * An event. With `force` it must be taken (return 0); else 1 says
	 * that records are missing and it should wait. Negative errno stops.
	 */
	int (*event)(void *ctx, const struct group *g, bool force);
	void *ctx;
};

/* What the stream of serial numbers tells. */
struct groups_stats {
	uint64_t events;   /* different ids */
	uint64_t amended;  /* handed out again */
	uint64_t repeated; /* records that came twice */
	uint64_t missing;  /* serial numbers never seen: a hint, not a proof */
};

int groups_new(struct groups **ret);
void groups_free(struct groups *gs);

/*
 * One record; `type` and `role` are those of line->type. Slices of line must
 * stay until groups_keep(). Returns 0, or a negative errno; *expected is set
 * when the id of the line is none (then nothing happened).
 */
int groups_add(struct groups *gs, const struct audit_line *line, unsigned type,
    enum audit_role role, uint64_t offset, const struct groups_sink *sink,
    const char **expected);

/*
 * The memory of the lines goes away: copy what is still needed. May hand out
 * events where GROUPS_MAX_OPEN is exceeded.
 */
int groups_keep(struct groups *gs, const struct groups_sink *sink);

/* A new file begins: offsets count from 0. */
void groups_next_file(struct groups *gs);

/* The end: hand out all that is open. */
int groups_flush(struct groups *gs, const struct groups_sink *sink);

/* Lowest offset in this file of a record of an open event, else `end`. */
uint64_t groups_held(const struct groups *gs, uint64_t end);

/* Time of the newest record so far; 0 before the first. */
int64_t groups_clock(const struct groups *gs);

const struct groups_stats *groups_stats(const struct groups *gs);

#endif
