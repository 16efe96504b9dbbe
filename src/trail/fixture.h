/* SPDX-License-Identifier: Apache-2.0 */
/* A directory with a chain in it, for tests. */
#ifndef TRAIL_FIXTURE_H
#define TRAIL_FIXTURE_H

#include "trail/trail.h"

struct fixture {
	char path[64];
	int dirfd;
	struct sign_key key;
	struct trail_config cfg;
};

/* For cmocka; *state is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Remove all files of the directory. */
void fixture_clear(const struct fixture *fx);

/* Open, append n frames of about `size` bytes, checkpoint or not, close. */
void fixture_fill(const struct fixture *fx, unsigned n, size_t size);

/* The payload of frame `seq` as fixture_append() makes it. */
void fixture_payload(uint64_t seq, size_t size, struct buf *b);
void fixture_append(struct trail *t, unsigned n, size_t size);

/* Read the chain: frames read whose payload is right; stops at damage. */
uint64_t fixture_count(const struct fixture *fx, size_t size);

/* A whole file, and back. */
void fixture_get(const struct fixture *fx, const char *name, struct buf *b);
void fixture_put(const struct fixture *fx, const char *name, struct str bytes);
/* Number of names that contain `part`. */
unsigned fixture_files(const struct fixture *fx, const char *part);

#endif
