/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of syslog within a stream of bytes, by either way of RFC 6587, which
 * RFC 5425 (TLS) takes over. Each message tells by its first byte which it is:
 *
 *   octet counting     "123 <34>1 ...": a length in bytes, a blank, and so many
 *   non-transparent    "<34>...\n": up to a line feed or NUL
 *
 * Pure: it keeps no bytes, waits for nothing and knows of no connection. What a
 * sender says costs no more memory than SYSLOG_WINDOW_MAX of the caller's.
 */
#ifndef WIRE_SYSLOG_FRAME_H
#define WIRE_SYSLOG_FRAME_H

#include <stdbool.h>

#include "base/buf.h"

/* Of a longer message there is only the begin, the rest is passed over. */
#define SYSLOG_MESSAGE_MAX (((size_t)64 << 10) - 1)
/* Digits of a length: no honest sender needs more. */
#define SYSLOG_DIGITS_MAX  9
/* With so many bytes at hand syslog_next() never asks for more. */
#define SYSLOG_WINDOW_MAX  (SYSLOG_MESSAGE_MAX + SYSLOG_DIGITS_MAX + 1)

/* Of one stream; zero at its begin. */
struct syslog_frames {
	uint64_t skip;	/* bytes of a long message that are passed over */
	bool skip_line; /* likewise, up to its end */
	size_t seen;	/* bytes at hand that were looked at: no end in them */
};

/*
 * Take the next message from the begin of *data, which moves behind what was
 * taken. 1: *ret is a message, a slice of data that may be empty, and *ret_cut
 * tells whether it is only the begin of one; 0: what is left of *data must come
 * again with more behind it. Where the stream ends then, it ended within a
 * message, of which nothing should be believed: see syslog_is_torn().
 */
int syslog_next(
    struct syslog_frames *f, struct str *data, struct str *ret, bool *ret_cut);

/* Whether the stream must not end here; `data` is what is left of it. */
bool syslog_is_torn(const struct syslog_frames *f, struct str data);

/*
 * Append a message, also that of a datagram, as a line of a log, with its line
 * feed: what would break the line is written as rsyslog writes it (#012), and
 * blanks at its ends go, which would make it the continuation of another. So
 * does a byte order mark in front, which RFC 5424 has before the text alone,
 * and some devices before all. An empty message appends nothing.
 */
void syslog_line(struct str message, struct buf *ret);

#endif
