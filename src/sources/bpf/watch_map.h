/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Which files the programs in the kernel tell of, as the monitor writes it into
 * their maps (watch_fill.c) and they read it (watch_bpf.h).
 *
 * A file is compared by inode and device of the directories above it: that is
 * cheap, and no root, bind mount, link or way of writing its path hides it.
 */
#ifndef SOURCES_BPF_WATCH_MAP_H
#define SOURCES_BPF_WATCH_MAP_H

#include <stdint.h>

#define WATCH_DIRS_MAX	 4096
#define WATCH_NAMES_MAX	 1024
#define WATCH_PATH_MAX	 240
#define WATCH_NAME_BYTES 44
#define WATCH_ASKED_MAX	 252

enum watch_flag {
	WATCH_CHANGE = 1, /* changes; of a directory: of all below it, too */
	WATCH_READ = 2,	  /* reading; of a directory: of the files in it */
};

/* Map `dirs`. */
struct watch_inode {
	uint64_t ino;
	uint32_t dev; /* as the kernel has it: major << 20 | minor */
	uint32_t unused;
};

/* Where it is; without flags it is a mount, there for its path alone. */
struct watch_dir {
	uint32_t flags;
	uint32_t n;		   /* bytes of path */
	char path[WATCH_PATH_MAX]; /* names from the leaf, as in record.h */
};

/* Map `names`: a file of this name in this directory, or (ino 0) in any. */
struct watch_name {
	uint64_t ino;
	uint32_t dev;
	char name[WATCH_NAME_BYTES]; /* rest: zero */
};

/* Map `asked`, by prefix: what the name of a failed open begins with. */
struct watch_asked {
	uint32_t bits; /* of text that count */
	char text[WATCH_ASKED_MAX];
};

/* Map `sieve`: most files fall through it before anything is looked up. */
struct watch_sieve {
	uint64_t inodes[64];
	uint64_t names[64];
};

#define WATCH_BIT(word, n) ((word)[(n) >> 6 & 63] & (uint64_t)1 << ((n)&63))

/* Of the first eight bytes of a name, those that it has; the rest are zero. */
static inline uint64_t watch_begin(uint64_t bytes, uint32_t n)
{
	if (n >= 8)
		return bytes;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return bytes & (((uint64_t)1 << 8 * n) - 1);
#else
	return bytes & ~(UINT64_MAX >> 8 * n);
#endif
}

static inline uint32_t watch_hash(uint64_t v)
{
	return (uint32_t)(v * 0x9e3779b97f4a7c15u >> 52);
}

#endif
