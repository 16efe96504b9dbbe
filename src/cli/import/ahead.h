/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file read ahead: a thread of its own reads, decompresses and hashes the
 * next pieces while the caller parses the ones before.
 */
#ifndef CLI_IMPORT_AHEAD_H
#define CLI_IMPORT_AHEAD_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/import/file_event.h"

struct ahead;

/*
 * Begin to read fd, which stays the caller's and must stay open: up to `limit`
 * bytes of content. With `compressed` the bytes of the file are hashed, too,
 * not its content alone.
 */
int ahead_start(struct ahead **ret, int fd, bool compressed, uint64_t limit,
    struct err *err);

/*
 * The next piece of content, about a MiB, behind `rest`: the end of what the
 * call before gave, which is still needed. It holds until the next call.
 * 1, or 0 at the end: then *ret is `rest` alone, as with errors.
 * -EBADMSG and the like: what follows cannot be read; -ENOMEM.
 */
int ahead_next(
    struct ahead *a, struct str rest, struct str *ret, struct err *err);

/*
 * Of all that was read, ahead included; nothing more is read after it. `raw` is
 * of the file's first `size` bytes at least, also where damage keeps its
 * content from being read to their end: it names the file, not the good part.
 */
void ahead_digest(struct ahead *a, uint64_t size, struct file_digest *ret);

/* Waits for the read at work. NULL is fine. */
void ahead_stop(struct ahead *a);

#endif
