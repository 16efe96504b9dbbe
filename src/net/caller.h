/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of an HTTPS server: how long each may take for what it does,
 * and who gives way when there are too many. Bytes that come one by one keep a
 * connection open for any time otherwise, and one client could have them all.
 *
 * Who has shown a certificate, or is given an answer in pieces, never gives
 * way: it is known. Time in which the server itself did not look counts for
 * nobody.
 */
#ifndef NET_CALLER_H
#define NET_CALLER_H

#include "net/crowd.h"

enum caller_doing {
	CALLER_BEGINS,	/* who it is, and what it wants */
	CALLER_RESTS,	/* between two requests, known */
	CALLER_SENDS,	/* the body of a request */
	CALLER_READS,	/* an answer */
	CALLER_FOLLOWS, /* an answer without an end: no bound */
	CALLER_WAITS,	/* for more of an answer that is being made: none */
	CALLER_TAKES,	/* of that what there is; see caller_takes() */
};

struct caller {
	struct crowd_member member; /* first: it is cast back */
	int fd;
	bool known, cut;
	enum caller_doing doing;
	int64_t since; /* by the clock of `callers` */
	uint64_t n;    /* bytes of the body so far, the answer, or its part */
	struct caller *next, **place;
};

struct callers {
	struct crowd strangers;
	struct caller *first;
	size_t n, max;	   /* without those that were cut */
	int64_t patience;  /* microseconds, where there is a bound */
	int64_t rest;	   /* for CALLER_RESTS */
	uint64_t cut;	   /* so many were, since the start */
	int64_t clock;	   /* microseconds in which was looked ... */
	int64_t looked_at; /* ... last, loop_now() */
};

/*
 * Beside `patience` there is a second for so many bytes of a body or an answer:
 * slower is no line that ships what a host tells.
 */
#define CALLER_RATE	 512
/*
 * What is made ahead of who takes it holds a thread and a file or two: who
 * takes it is held to more, in each part of so many bytes.
 */
#define CALLER_TAKE_RATE ((int64_t)16 << 10)
#define CALLER_TAKE_PART ((uint64_t)1 << 20)

void callers_init(
    struct callers *cs, size_t max, int64_t patience, int64_t rest);
/* All have left. */
void callers_free(struct callers *cs);

/*
 * Somebody has connected; where it is one too many, one is cut. NULL: there is
 * no memory; such a one may be given to all of the following, for nothing.
 */
struct caller *caller_enter(
    struct callers *cs, int fd, const struct sockaddr *from);
void caller_leave(struct callers *cs, struct caller *c);

/* It does something else from now on. */
void caller_does(
    struct callers *cs, struct caller *c, enum caller_doing doing, uint64_t n);
/* n bytes more of the body. */
void caller_sent(struct caller *c, size_t n);
/* n bytes more of an answer that is being made; 0: all there is was taken. */
void caller_takes(const struct callers *cs, struct caller *c, size_t n);
/* The certificate of a request, or what it was answered, says so. */
void caller_is_known(struct callers *cs, struct caller *c);

/* Cut who takes too long. To be called every second or more often. */
void callers_look(struct callers *cs);

#endif
