/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write-ahead log of SQLite: pages that were committed and not yet moved
 * into the database. Format: https://www.sqlite.org/fileformat2.html, section
 * 4. Nothing in it is believed but what its checksums cover.
 */
#ifndef SOURCES_UTMP_WAL_H
#define SOURCES_UTMP_WAL_H

#include "base/str.h"

struct wal {
	struct str bytes;
	bool little; /* byte order of its checksums */
	size_t page_size;
	size_t n_frames;  /* up to the last commit; 0: it changes nothing */
	uint64_t db_size; /* bytes of the database then */
};

/*
 * Read the log as far as it is whole. Returns NULL, or what keeps commits in it
 * from being read (a static string); what lies before still counts.
 */
const char *wal_open(struct wal *ret, struct str bytes);

/*
 * Bytes of a database, not empty, with what its log holds. 0: they do not
 * belong together.
 */
uint64_t wal_db_size(const struct wal *w, struct str db);

/* Put its pages into the database, which has w->db_size bytes. */
void wal_apply(const struct wal *w, unsigned char *db);

#endif
