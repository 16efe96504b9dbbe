/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file in which a session waits for the daemon (sources/rec/wire.h). It is
 * the user's, but lies where only the recorder's group gets in. It is locked
 * while there may be more of it.
 */
#ifndef REC_SPOOL_H
#define REC_SPOOL_H

#include "base/str.h"
#include "sources/rec/settings.h"
#include "sources/rec/wire.h"

struct spool {
	int fd; /* -1: there is none */
	int64_t n;
};

#define SPOOL_INIT ((struct spool){.fd = -1})

/* Bytes that it may still have; but what has no output goes there beyond. */
size_t spool_room(const struct spool *spool, const struct settings *s);

/*
 * Append whole messages, to a new file behind `open`. 0, or a negative errno
 * and nothing was added.
 */
int spool_add(struct spool *spool, const struct settings *s,
    const struct wire_message *open, struct str messages);

/* It is the daemon's from here on. */
void spool_close(struct spool *spool);

#endif
