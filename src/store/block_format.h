/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block: up to BLOCK_ROWS_MAX events in columns, never changed once written.
 * All integers little-endian.
 *
 *   "SSTBLK" NUL version(1)   8 bytes
 *   rows, columns             u32 each
 *   least, greatest time      i64 each
 *   per column: id u16, pad u16, values u32, raw size u32, size u32,
 *               place in the file u64, CRC-32C of its bytes u32
 *   CRC-32C of all the above  u32
 *   the columns: one zstd frame each (raw size 0: stored as they are)
 *
 * Rows are sorted by (host, track, time, chain, seq). Which fields a row has,
 * its kind and its trust are its "shape"; shapes are few, so a row's shape
 * costs about a byte and columns need no bitmap of their own. Rows of one
 * track of one host are a "run".
 */
#ifndef STORE_BLOCK_FORMAT_H
#define STORE_BLOCK_FORMAT_H

#include "core/event.h"

#define BLOCK_MAGIC	"SSTBLK\0\1"
#define BLOCK_HEAD	32
#define BLOCK_ENTRY	28
#define BLOCK_ROWS_MAX	32768
#define EVENT_HAS_WORDS ((EVENT_N_FIELDS + 63) / 64)

enum block_column {
	COL_SHAPES, /* table of shapes */
	COL_SHAPE,  /* shape of each row: 1, 2 or 4 bytes each */
	COL_RUNS,   /* names of hosts, then host, track and rows of each run */
	COL_TIME,
	COL_SEQ,
	COL_CHAIN,
	COL_BOOT,
	COL_SOURCE,
	COL_GRAM_CMD, /* see store/gram.h: of commands */
	COL_GRAM_ALL, /* of all other texts */
	COL_FIELD,    /* + enum field */
	COL_N = COL_FIELD + EVENT_N_FIELDS
};

/* As in the file, where `has` is little-endian. */
struct shape {
	uint8_t kind, trust;
	uint64_t has[EVENT_HAS_WORDS];
};
#define SHAPE_BYTES (2 + 8 * EVENT_HAS_WORDS)

static inline bool shape_has(const struct shape *s, enum field f)
{
	return s->has[f / 64] >> (f % 64) & 1;
}

struct run {
	uint32_t host;	   /* among the block's hosts */
	uint32_t first, n; /* rows */
	uint64_t track;
};

static inline bool field_is_text(enum field f)
{
	return event_fields[f].type == FIELD_STR ||
	       event_fields[f].type == FIELD_LIST;
}

#endif
