/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: an SQLite file in WAL mode beside the directory of blocks. */
#ifndef STORE_CATALOGUE_H
#define STORE_CATALOGUE_H

#include "store/block.h"
#include "store/sql.h"
#include "store/store.h"

#define CATALOGUE_FILE	 "catalogue.db"
#define CATALOGUE_BLOCKS "blocks"
#define CATALOGUE_FORMAT 8
/* "%016x.blk" */
#define BLOCK_NAME_LEN	 24

/*
 * Open DIR/catalogue.db; for writing it is made when new. -ENOENT, -EPROTO,
 * -EBADMSG as store_ops.open().
 */
int catalogue_open(
    struct sql *s, const char *dir, enum store_mode mode, struct err *err);

/* Numbers of hosts and of names (users, addresses, persons, fingerprints). */
int catalogue_host(
    struct sql *s, struct str name, int64_t *ret, struct err *err);
int catalogue_name(
    struct sql *s, struct str name, int64_t *ret, struct err *err);
/* The same without making new ones: 0 when there is none. */
int catalogue_find_host(
    struct sql *s, struct str name, int64_t *ret, struct err *err);
int catalogue_find_name(
    struct sql *s, struct str name, int64_t *ret, struct err *err);
/* Text of a number, copied to `a`; the empty string when there is none. */
int catalogue_host_text(struct sql *s, int64_t id, struct arena *a,
    struct str *ret, struct err *err);
int catalogue_name_text(struct sql *s, int64_t id, struct arena *a,
    struct str *ret, struct err *err);

void block_name(int64_t id, char ret[static BLOCK_NAME_LEN]);

/* Open block `id`, from its file or from the catalogue (image kept in `b`). */
int catalogue_block(struct sql *s, int blocks_fd, int64_t id,
    struct block **ret, struct err *err);

#endif
