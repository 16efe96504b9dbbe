/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hops: which session's client was a process of another session, on another
 * host or on the same one. All sessions are added first, then events of these
 * hosts are noted in any order, then hops_finish() decides. Pure: the result
 * follows from what was given.
 *
 * An address and a port are proof: a connection that a session opened, with
 * the local end that a login elsewhere names as its client. Without the port
 * (audit rules without connect, logs alone) a hop can only be concluded: a
 * session ran ssh just before, on the host whose address the client had, or
 * naming the host that was logged in to. Where several sessions did so, none
 * is chosen.
 */
#ifndef CORE_HOP_H
#define CORE_HOP_H

#include "base/map.h"
#include "core/track.h"

/* How far apart the clocks of two hosts may be; seconds a login may take. */
#define HOP_CLOCKS_MAX ((int64_t)600 * 1000000)
/* How long before a login, by its own clock, its ssh may have been run. */
#define HOP_RUN_REACH  ((int64_t)120 * 1000000)
/* And after: clocks kept by NTP differ by less. */
#define HOP_RUN_AHEAD  ((int64_t)2 * 1000000)

#define HOP_NOWHERE SIZE_MAX

enum hop_why {
	HOP_NONE,
	HOP_PORT,    /* proven: both ends of the connection are known */
	HOP_ADDRESS, /* concluded: ssh ran where the client's address is */
	HOP_NAME,    /* concluded: ssh ran, naming the host logged in to */
};

struct hop {
	uint64_t id; /* of the session */
	struct str host, addr;
	int64_t port, start, end; /* end: INT64_MAX while it is open */
	size_t from;		  /* index of the session it came from */
	enum hop_why why;
	/* HOP_PORT: login minus connection, each by its host's clock; else
	 * login minus start of ssh. Microseconds. */
	int64_t later;
};

struct hop_run;

struct hops {
	struct hop *v;
	size_t n, cap;
	struct map by_id;     /* id: index + 1 */
	struct map by_client; /* hash of address and port: index + 1 */
	size_t *next_client;  /* index + 1 of the next with that hash */
	struct map addresses; /* hash of an address: host's number + 1 */
	struct intern hosts;
	struct hop_run *runs; /* of ssh and its like */
	size_t n_runs, cap_runs;
	struct arena text;
};

void hops_init(struct hops *h);
void hops_free(struct hops *h);

/* Its strings are copied. -ENOMEM. */
int hops_add(struct hops *h, const struct session *s);
/*
 * What hops_note() wants to see: events of these kinds, and EXEC of programs
 * that log in elsewhere: their names, NULL behind the last. The fields of them
 * that it looks at.
 */
#define HOP_KINDS_NET                                                          \
	((uint64_t)1 << EVENT_NET_CONNECT | (uint64_t)1 << EVENT_CONN_OPEN)
const char *hops_program(size_t i);
void hops_want(uint64_t want[(EVENT_N_FIELDS + 63) / 64]);
/* -ENOMEM. */
int hops_note(struct hops *h, const struct event *ev);
void hops_finish(struct hops *h);

/* Index of a session, or HOP_NOWHERE. */
size_t hops_find(const struct hops *h, uint64_t id);

#endif
