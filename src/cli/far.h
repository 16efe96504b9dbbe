/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recordings of a hub: each is fetched whole when it is asked for first, to
 * a file without a name, and those used last are kept as long as the archive.
 */
#ifndef CLI_FAR_H
#define CLI_FAR_H

#include "archive/archive.h"

/* `s` has store_ops.frames, and stays until the archive is closed. */
int far_open(struct archive **ret, struct store *s, struct err *err);

#endif
