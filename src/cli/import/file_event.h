/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an import tells of the files that it reads: events of trust DAEMON, at
 * this moment, of the file's host. Their strings are those of the file and of
 * who calls.
 */
#ifndef CLI_IMPORT_FILE_EVENT_H
#define CLI_IMPORT_FILE_EVENT_H

#include "core/event.h"
#include "crypto/digest.h"

struct import_file;

struct file_digest {
	struct sha256 content, raw; /* the same when all is content */
	uint64_t content_bytes, raw_bytes;
};

/* import.start; `op`: open, next or beside. */
void file_event_start(
    struct event *ev, const struct import_file *f, struct str op);
/*
 * import.end of the file whose import.start has the number `src`. The digits
 * live in `hex`.
 */
void file_event_end(struct event *ev, const struct import_file *f, int64_t src,
    const struct file_digest *digest, char hex[static 2][65]);
/*
 * gap: what could not be read, from byte `offset` of the content on, is a loss
 * like any other.
 */
void file_event_gap(struct event *ev, const struct import_file *f, int64_t src,
    uint64_t offset, const char *why);

#endif
