/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hands a message to a mail server (RFC 5321), over TLS from the start or from
 * STARTTLS on. The server may be hostile: what it says is bounded.
 */
#ifndef NET_MAIL_H
#define NET_MAIL_H

#include "net/http_client.h"

#define MAIL_TO_MAX 16

/* Texts stay the caller's. */
struct mail_server {
	const char *url; /* smtp://HOST[:PORT] or smtps://HOST[:PORT] */
	struct http_tls tls;
	bool plain;		   /* of smtp: no STARTTLS; else it is a must */
	const char *user, *secret; /* NULL: nobody logs in */
	int64_t timeout;	   /* microseconds, of it all */
};

struct mail {
	const char *from; /* addresses: see mail_is_address() */
	const char *const *to;
	size_t n_to;
	struct str text; /* of RFC 5322, lines end with CRLF */
};

/*
 * LOCAL@DOMAIN of printable ASCII without blanks and "<>(),;:\"\\[]": what can
 * stand in a header and a command as it is.
 */
bool mail_is_address(const char *text);

/*
 * 0: the server has taken it, for all whom it goes to. -EBADMSG: it has read
 * this message and refuses it for good, another may pass. Else what is wrong
 * may pass: errors as of http_client_send(), -EREMOTEIO where the server says
 * no. What it said is in err.
 */
int mail_send(
    const struct mail_server *server, const struct mail *mail, struct err *err);

#endif
