/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of wire/remote.h share. */
#ifndef WIRE_REMOTE_INSIDE_H
#define WIRE_REMOTE_INSIDE_H

#include "net/http_client.h"
#include "store/store.h"
#include "wire/ask.h"
#include "wire/profile.h"

struct remote {
	struct store base;
	struct profile profile;
	struct http_client *client;
	char authorization[256];
};

static inline struct remote *remote_of(struct store *s)
{
	return (struct remote *)s;
}

/* The URL of a question. -E2BIG. */
int remote_url(const struct remote *r, const char *path,
    const struct ask *question, struct buf *ret, struct err *err);
/* The error that an answer other than 200 stands for. */
int remote_refused(
    const struct remote *r, const struct http_answer *answer, struct err *err);
int remote_failed(
    const struct remote *r, int status, struct str why, struct err *err);
/* No hub that is sound answers so. */
int remote_not_understood(const struct remote *r, struct err *err);
/* The text of a member of a row, however long it is. */
struct str remote_row_text(struct str row, const char *key, struct arena *a);
/* A row that is an event, with what the hub derived; texts in `a`. */
int remote_event(struct event *ret, struct str row, struct arena *a,
    const struct remote *r, struct err *err);

/* See struct store_ops. */
int remote_follow(struct store *s, const struct query *q,
    const struct store_listener *listener, struct err *err);
int remote_evidence(struct store *s, const struct query *q,
    const struct file_sink *to, struct evidence_size *ret, struct err *err);
int remote_frames(struct store *s, struct str chain, uint64_t number,
    const struct file_sink *to, struct err *err);
int remote_moments(struct store *s, const struct query *q,
    const struct file_sink *to, struct err *err);

#endif
