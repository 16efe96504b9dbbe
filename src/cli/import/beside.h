/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are part of the one they lie beside: what a database wrote and did
 * not move into itself yet.
 */
#ifndef CLI_IMPORT_BESIDE_H
#define CLI_IMPORT_BESIDE_H

#include "base/buf.h"
#include "cli/import/files.h"
#include "crypto/digest.h"

/*
 * What the first n bytes of f, at `head`, do not tell: the source whose format
 * they have with what lies beside it, or NULL. Behind them is room for it, up
 * to `max` bytes in all.
 */
const struct source *beside_detect(
    const struct import_file *f, char *head, size_t n, size_t max);

/* Set `beside` of all files whose format has such; takes it out of the list. */
void beside_find(struct import_files *files);

/*
 * The file beside f as one of the same format and host; its strings are those
 * of f. False when there is none now, or an empty one.
 */
bool beside_file(const struct import_file *f, struct import_file *ret);

/* All of it, at most `max` bytes. 0, or a negative errno: -EFBIG, -ENOMEM. */
int beside_read(const struct import_file *part, size_t max, struct buf *ret,
    struct sha256 *ret_sha, struct err *err);

#endif
