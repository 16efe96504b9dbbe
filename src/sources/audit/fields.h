/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of one record, found in one pass: slices of the line, nothing
 * decoded. Unknown keys are passed over, the record stays at hand as text.
 */
#ifndef SOURCES_AUDIT_FIELDS_H
#define SOURCES_AUDIT_FIELDS_H

#include "base/str.h"

/* X(C name, key). Upper-case keys are those of the enriched tail. */
#define AUDIT_KEYS(X)                                                          \
	X(A0, "a0")                                                            \
	X(A1, "a1")                                                            \
	X(A2, "a2")                                                            \
	X(A3, "a3")                                                            \
	X(ACCT, "acct")                                                        \
	X(ADDR, "addr")                                                        \
	X(ARCH, "arch")                                                        \
	X(ARGC, "argc")                                                        \
	X(AUID, "auid")                                                        \
	X(AUID_NAME, "AUID")                                                   \
	X(CMD, "cmd")                                                          \
	X(COMM, "comm")                                                        \
	X(CWD, "cwd")                                                          \
	X(DATA, "data")                                                        \
	X(DEV, "dev")                                                          \
	X(DIRECTION, "direction")                                              \
	X(EUID, "euid")                                                        \
	X(EUID_NAME, "EUID")                                                   \
	X(EXE, "exe")                                                          \
	X(EXIT, "exit")                                                        \
	X(FP, "fp")                                                            \
	X(GID, "gid")                                                          \
	X(GRP, "grp")                                                          \
	X(HOSTNAME, "hostname")                                                \
	X(ID, "id")                                                            \
	X(ID_NAME, "ID")                                                       \
	X(INODE, "inode")                                                      \
	X(ITEM, "item")                                                        \
	X(ITEMS, "items")                                                      \
	X(KEY, "key")                                                          \
	X(KIND, "kind")                                                        \
	X(LADDR, "laddr")                                                      \
	X(LPORT, "lport")                                                      \
	X(MAJOR, "major")                                                      \
	X(MINOR, "minor")                                                      \
	X(MODE, "mode")                                                        \
	X(MSG, "msg")                                                          \
	X(NAME, "name")                                                        \
	X(NAMETYPE, "nametype")                                                \
	X(NEW_GROUP, "new_group")                                              \
	X(OBJTYPE, "objtype")                                                  \
	X(OFLAG, "oflag")                                                      \
	X(OLD_AUID, "old-auid")                                                \
	X(OLD_SES, "old-ses")                                                  \
	X(OP, "op")                                                            \
	X(PID, "pid")                                                          \
	X(PPID, "ppid")                                                        \
	X(PROCTITLE, "proctitle")                                              \
	X(REASON, "reason")                                                    \
	X(RES, "res")                                                          \
	X(RESULT, "result")                                                    \
	X(RPORT, "rport")                                                      \
	X(SADDR, "saddr")                                                      \
	X(SES, "ses")                                                          \
	X(SIG, "sig")                                                          \
	X(SUCCESS, "success")                                                  \
	X(SYSCALL, "syscall")                                                  \
	X(TERMINAL, "terminal")                                                \
	X(TTY, "tty")                                                          \
	X(UID, "uid")                                                          \
	X(UID_NAME, "UID")                                                     \
	X(UNIT, "unit")                                                        \
	X(URING_OP, "uring_op")

/*
 * Keys of every SYSCALL and PATH record that no event tells: no value is kept
 * of them, but what follows them is guessed by them. Their numbers begin at
 * K_N.
 */
#define AUDIT_UNUSED_KEYS(X)                                                   \
	X("suid")                                                              \
	X("fsuid")                                                             \
	X("egid")                                                              \
	X("sgid")                                                              \
	X("fsgid")                                                             \
	X("ouid")                                                              \
	X("ogid")                                                              \
	X("rdev")                                                              \
	X("ARCH")                                                              \
	X("SYSCALL")

enum audit_key {
#define X(c, key) K_##c,
	AUDIT_KEYS(X)
#undef X
	    K_N
};

struct fields {
	uint64_t has;	 /* bit per key */
	uint64_t quoted; /* the value stood in double quotes */
	bool cut;	 /* a quote is not closed: the record was cut */
	/* Where `has` says so; without the quotes. The last is of no key. */
	struct str v[K_N + 1];
};

_Static_assert(K_N <= 64, "one word holds a bit for each key");

/* Keys to look for; fields_parse() stops when it has them all. */
#define KEY_BIT(k) ((uint64_t)1 << (k))
#define KEYS_ALL   (~(uint64_t)0)

/* The table of keys, and what it has learned of their order. */
struct keys;

int keys_new(struct keys **ret);
void keys_free(struct keys *k);

static inline bool fields_has(const struct fields *f, enum audit_key k)
{
	return f->has >> k & 1;
}

/* STR_NONE when it is not there. */
static inline struct str fields_get(const struct fields *f, enum audit_key k)
{
	return fields_has(f, k) ? f->v[k] : STR_NONE;
}

/*
 * Find the fields of a body. Of keys that come twice the first counts, but
 * for addr, hostname, terminal, res and AUID the last: free text that somebody
 * else chose may stand before them. msg='...' is not looked into: its inside
 * is the value of K_MSG, for a second call. Reading ends when all of `wanted`
 * are there. Empties *ret first.
 */
void fields_parse(
    struct keys *k, struct str body, uint64_t wanted, struct fields *ret);

#endif
