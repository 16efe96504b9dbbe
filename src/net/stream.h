/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to one server: datagrams, TCP, or TLS 1.2 and newer over TCP,
 * whose certificate must be of the name that was asked for. Every call ends
 * within the timeout. Not for several threads at a time.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include "base/err.h"
#include "base/str.h"

enum stream_kind { STREAM_UDP, STREAM_TCP, STREAM_TLS };

struct stream_config {
	enum stream_kind kind;
	const char *host, *port;
	int64_t timeout; /* microseconds */
	/* TLS; files in PEM. */
	const char *ca_file;   /* NULL: the authorities of the system */
	const char *cert_file; /* of this client; with key_file; or NULL */
	const char *key_file;
	const char *server_name; /* NULL: host */
};

struct stream;

/*
 * Connect. -EHOSTUNREACH: no address for the name; -EKEYREJECTED: the server
 * is not who it should be, or refuses us; -ETIMEDOUT, -ECONNREFUSED and the
 * like. The texts of cfg need not stay.
 */
int stream_open(
    struct stream **ret, const struct stream_config *cfg, struct err *err);
/* NULL is fine. */
void stream_close(struct stream *s);

/*
 * Hand over all of it. 0 does not say that anybody has it: see stream_settle().
 * After an error nothing can be done but to close.
 */
int stream_write(struct stream *s, struct str data, struct err *err);

/*
 * Wait until the other host has confirmed all bytes, though not yet the
 * program on it. -EPIPE: the other side has closed. Datagrams: at once.
 */
int stream_settle(struct stream *s, struct err *err);

/* -EPIPE: the other side has closed; cheap, does not wait. */
int stream_check(struct stream *s, struct err *err);

#endif
