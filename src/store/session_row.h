/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions as rows of the catalogue: only what they are found by. All other
 * facts are merged from their tracks when they are read.
 */
#ifndef STORE_SESSION_ROW_H
#define STORE_SESSION_ROW_H

#include "store/writer.h"

/*
 * Where a track stands in the order in which they are joined: sessions first,
 * so that what joins these is looked at once.
 */
struct track_place {
	enum track_joins joins;
	int64_t start;
	uint64_t id; /* compared as the catalogue has it: signed */
};

/* The tracks of one session, sorted by id. */
struct session_group {
	struct track_row *v;
	size_t n;
	int64_t host;
	struct track_place last; /* dirty tracks up to it are settled */
};

/*
 * Write (or remove, when nobody logged in) the session of a group, and note
 * in its tracks what changed.
 */
int session_write(
    struct writer *w, const struct session_group *g, struct err *err);
int session_remove(struct writer *w, uint64_t id, struct err *err);

/* Names of sessions after accounts and persons became known. */
int sessions_name(struct writer *w, struct err *err);

/*
 * Read a session: its tracks merged, with the name and the person that the
 * catalogue gave it. Strings lie in `a`. -ENOENT.
 */
int session_read(struct sql *s, uint64_t id, struct session *ret,
    struct track_rows *rows, struct arena *a, struct err *err);

/* Shortest length at which all ids differ. */
int session_id_width(struct sql *s, unsigned *ret, struct err *err);

#endif
