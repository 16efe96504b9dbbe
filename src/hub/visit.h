/* SPDX-License-Identifier: Apache-2.0 */
/* A connection of a sender. It costs two windows of 64 KiB at most. */
#ifndef HUB_VISIT_H
#define HUB_VISIT_H

#include "hub/inputs.h"
#include "net/crowd.h"
#include "wire/syslog_frame.h"

struct visit {
	struct crowd_member member; /* first: it is cast back */
	struct inputs *inputs;
	struct visit *next, **place;
	struct loop_watch watch;
	struct guest *guest;
	enum input_kind kind;
	struct sender *sender; /* NULL: not known yet who it is */
	char address[NETWORK_TEXT_MAX];
	int64_t since; /* loop_now() */
	uint64_t read; /* bytes */
	struct syslog_frames frames;
	struct buf window;  /* the begin of a message */
	struct buf answers; /* to what is not on the disk yet */
	struct buf out;	    /* to what is */
};

/*
 * Take over the connection fd. A failure is counted, and so is who is one too
 * many: the oldest of the address that has most, or this one, where its own has
 * as many.
 */
void visit_begin(struct inputs *in, enum input_kind kind, int fd,
    const struct sockaddr_storage *from);
void visit_end(struct visit *v);
/* Read on, where it waited for credit; end what takes too long to begin. */
void visit_tick(struct visit *v);
/* The hub ends: take what is at hand, a megabyte at most. */
void visit_drain(struct visit *v);
/* All that it sent is on the disk: tell it. */
void visit_answer(struct visit *v);

#endif
