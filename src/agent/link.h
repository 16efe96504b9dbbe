/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the monitor and the collector say to each other: messages of a fixed
 * size with descriptors beside them (base/fdpass.h). Only
 * the monitor sends descriptors. When one end is gone the other one ends.
 */
#ifndef AGENT_LINK_H
#define AGENT_LINK_H

#include "sources/tap.h"

enum link_what {
	LINK_READY,    /* collector: the feeds are open, events are taken */
	LINK_REOPEN,   /* collector: open tap `index` anew, please */
	LINK_REOPENED, /* monitor: here it is, or `error` and why in `text` */
	LINK_WAITS,    /* collector: for who has the store, see `text` */
	LINK_GIVE,     /* collector: root wrote to the store, give it to me */
	LINK_GIVEN,    /* monitor: done, or `error` and why in `text` */
	LINK_STOP,     /* monitor: commit and end */
	LINK_LEAVE,    /* monitor: that, and leave what is open to the next */
	LINK_FAILED,   /* collector: ends because of `text` */
};

struct link_message {
	enum link_what what;
	unsigned index; /* of the tap, in taps[] */
	int error;	/* negative errno, or 0 */
	char text[512];
	struct tap_opened opened;
};

/* The sender keeps its descriptors. The socket must not block. */
int link_send(int fd, const struct link_message *m);
/*
 * 1 and a message, whose descriptors are the caller's; 0: nothing at hand;
 * -EPIPE: the other end is gone; -EBADMSG: not a message.
 */
int link_receive(int fd, struct link_message *ret);

#endif
