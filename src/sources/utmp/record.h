/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record of utmp, wtmp and btmp as glibc lays it out (utmp(5), and the
 * bits/utmp.h of each architecture). 384 bytes with 32-bit times where 32-bit
 * programs had to share the file: x86, x86-64, arm, ppc64, riscv; 400 bytes
 * with 64-bit times on aarch64 and s390x. Nothing in the file says which, and
 * files travel, so the layout is told from the content.
 */
#ifndef SOURCES_UTMP_RECORD_H
#define SOURCES_UTMP_RECORD_H

#include "base/str.h"

enum utmp_type {
	UTMP_EMPTY,
	UTMP_RUN_LVL,
	UTMP_BOOT_TIME,
	UTMP_NEW_TIME,
	UTMP_OLD_TIME,
	UTMP_INIT_PROCESS,
	UTMP_LOGIN_PROCESS,
	UTMP_USER_PROCESS,
	UTMP_DEAD_PROCESS,
	UTMP_ACCOUNTING,
	UTMP_N_TYPES
};

struct utmp_layout {
	const char *expected; /* what a record must be, for messages */
	size_t size;
	size_t time;	   /* offset of the seconds, microseconds behind */
	size_t time_bytes; /* 4 or 8, of either */
	size_t addr;	   /* 16 bytes, network order; unused bytes behind */
	bool big_endian;
};

struct utmp_record {
	enum utmp_type type;
	int64_t pid;
	struct str line, id, user, host; /* slices, up to the first NUL */
	int64_t time;			 /* microseconds since 1970 */
	int64_t signal, exit;
	const char *addr; /* 16 bytes */
};

/* Largest size of all layouts. */
#define UTMP_SIZE_MAX 400

/*
 * Decode the record at p, layout->size bytes. False when it cannot be one:
 * impossible type or time, or a terminal name that is not text.
 */
bool utmp_record_read(
    const struct utmp_layout *layout, const char *p, struct utmp_record *ret);

/* Whether all its bytes are zero. */
bool utmp_record_zero(const struct utmp_layout *layout, const char *p);

/*
 * Whether what was read from p into rec may be the beginning of a torn record
 * and a part of the next: it has no type, or no time.
 */
bool utmp_record_doubtful(const struct utmp_layout *layout, const char *p,
    const struct utmp_record *rec);

/*
 * Bytes from p on to the first place, other than p, where two records follow
 * each other that cannot be anything else, or the last one stands: `last`, no
 * more comes behind the `n` bytes at hand. 0 when there is none within one
 * record.
 */
size_t utmp_record_resync(
    const struct utmp_layout *layout, const char *p, size_t n, bool last);
/* Bytes that utmp_record_resync() looks at. */
#define UTMP_RESYNC_BYTES ((size_t)3 * UTMP_SIZE_MAX)

/*
 * The layout that fits best to the records in `head`, NULL when none does.
 * *ret_score: 0 to 100, how well.
 */
const struct utmp_layout *utmp_layout_detect(struct str head, int *ret_score);

/*
 * Remote address of 16 bytes as text, "" when all are zero. IPv4 lies in the
 * first four, or is mapped into IPv6.
 */
#define UTMP_ADDR_LEN 46
void utmp_addr_format(const char *addr, char ret[static UTMP_ADDR_LEN]);

/*
 * Whether a host field names a remote host. Terminal emulators, multiplexers
 * and display managers put ":0", "tmux(1234).%0" and such there.
 */
bool utmp_host_remote(struct str host);

const char *utmp_type_name(enum utmp_type type);

#endif
