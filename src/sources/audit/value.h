/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of fields: the two encodings of text, numbers that may be unset, and
 * names brought into one form.
 */
#ifndef SOURCES_AUDIT_VALUE_H
#define SOURCES_AUDIT_VALUE_H

#include "base/arena.h"
#include "sources/audit/fields.h"

/*
 * Text as the kernel writes what it does not trust: "literal" in quotes, or
 * the whole string in upper-case hex without quotes. STR_NONE for (null),
 * (none), ? and nothing. What is neither stays as it is. Decoded text lies in
 * `a`; without memory the undecoded value is returned.
 */
struct str value_text(
    struct arena *a, const struct fields *f, enum audit_key k);

/*
 * As value_text(), for fields that are written bare as well (acct): taken for
 * hex only when some byte of it would have had to be encoded.
 */
struct str value_name(
    struct arena *a, const struct fields *f, enum audit_key k);

/* A bare word, STR_NONE for (null), (none), ? and nothing. */
struct str value_word(const struct fields *f, enum audit_key k);

/* Hex digits to bytes; STR_NONE when it is not hex or there is no memory. */
struct str value_unhex(struct arena *a, struct str hex);

bool value_int(const struct fields *f, enum audit_key k, int64_t *ret);
bool value_hex(const struct fields *f, enum audit_key k, uint64_t *ret);
/* An id or session that is set: neither 4294967295, -1 nor ?. */
bool value_id(const struct fields *f, enum audit_key k, int64_t *ret);

/*
 * Name of a terminal without /dev/, the kernel's "pts0" as "pts/0"; STR_NONE
 * for what is no terminal (ssh, cron, ?, (none)).
 */
struct str value_tty(struct arena *a, struct str name);

/* Keys of rules, separated by 0x01 in the record, by commas here. */
struct str value_keys(struct arena *a, const struct fields *f);

#endif
