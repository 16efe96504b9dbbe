/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was imported before, by content: so that the same file, renamed or
 * compressed by rotation, adds nothing, and a grown one only what is new.
 */
#ifndef CLI_IMPORT_KNOWN_H
#define CLI_IMPORT_KNOWN_H

#include "cli/import/files.h"
#include "crypto/digest.h"
#include "store/store.h"

struct known_content {
	uint64_t size;
	char sha256[65];
	uint64_t raw_size; /* of the file as it lay, compressed or damaged */
	char raw_sha256[65];
	uint64_t held;	    /* where an event was still incomplete; else size */
	const char *format; /* of the arena */
	const char *host;
};

struct known_contents {
	struct arena arena;
	struct known_content *v; /* by size, ascending */
	size_t n, cap;
};

struct known_prefix {
	bool all;	 /* the whole file is known */
	uint64_t size;	 /* bytes of content known from before; 0: none */
	uint64_t resume; /* events from this offset on may be new */
};

/* All that the store's import.end events say. */
int known_load(struct known_contents *k, struct store *store, struct err *err);
void known_free(struct known_contents *k);

/* Whether anything of its format and host is. */
bool known_may_be(const struct known_contents *k, const struct import_file *f);

/*
 * How much of file f is known. Reads it when that may be: for the same bytes,
 * which say the same again up to the same damage; else, decompressed, for the
 * same content.
 */
int known_check(const struct known_contents *k, const struct import_file *f,
    struct known_prefix *ret, struct err *err);

#endif
