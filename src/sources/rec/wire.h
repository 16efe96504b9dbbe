/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between sshtrail-rec (src/rec/) and the daemon: a stream socket for each
 * terminal. The daemon speaks first. It says words of 64 bits in the byte order
 * of the host: an enum wire_word, then, now and then, how many bytes of this
 * connection are kept for good, up to the end of a message. The recorder sends
 * messages, struct wire_message each with its bytes behind it. What is not kept
 * it may send again when the daemon is another one.
 *
 * Who is let in, and whose it is, the daemon learns from the kernel: the
 * recorder is the only program with the group WIRE_GROUP.
 */
#ifndef SOURCES_REC_WIRE_H
#define SOURCES_REC_WIRE_H

#include <stdint.h>

#define WIRE_SOCKET  "/run/sshtrail/rec"
#define WIRE_GROUP   "sshtrail-rec"
#define WIRE_SPOOL   "/var/lib/sshtrail-rec"
#define WIRE_VERSION 1

/* Bytes behind a message, at most. */
#define WIRE_BYTES_MAX ((uint32_t)64 << 10)
/* Of the arguments of a command; then they are cut. */
#define WIRE_ARGS_MAX  1024

/* The daemon's first word; no count is as small. */
enum wire_word {
	WIRE_RECORD = 1, /* go on: all is taken from here on */
	WIRE_KERNEL = 2, /* the kernel's programs record this terminal */
};

enum wire_type {
	WIRE_OPEN = 1, /* first, and only then */
	WIRE_SIZE,
	WIRE_OUTPUT,
	WIRE_INPUT,
	WIRE_MASKED, /* input while the terminal did not echo: not sent */
	WIRE_CLOSE,  /* last, and only then */
	WIRE_N_TYPES,
};

enum wire_flag {
	WIRE_LATE = 1,	  /* of OPEN: something was shown before it */
	WIRE_COMMAND = 2, /* of OPEN: no terminal, a command; see below */
	WIRE_CUT = 4,	  /* of OPEN: there are more arguments */
	WIRE_EXITED = 8,  /* of CLOSE: `status` says how */
	/*
	 * Of OPEN: what was shown before it was all sent to another daemon, or
	 * is in a file. Of CLOSE: what is shown from here on will be.
	 */
	WIRE_RESUMED = 16,
};

/*
 * Of a command only OPEN is sent, with its arguments, a NUL behind each, as its
 * bytes. The recorder's process becomes the command, and its end is the
 * command's.
 */
struct wire_message {
	uint16_t type;
	uint16_t flags;
	uint32_t n;	 /* bytes that follow: OUTPUT, INPUT and OPEN */
	uint64_t time;	 /* nanoseconds of CLOCK_BOOTTIME */
	uint64_t offset; /* bytes of output before it, sent or lost */
	uint32_t status; /* of CLOSE, as wait(2) tells it */
	uint32_t index;	 /* of OPEN: N of sshd's /dev/pts/N */
	uint16_t rows, cols;
	uint32_t version; /* of OPEN */
};

/*
 * What no daemon took lies in files of a directory that only WIRE_GROUP gets
 * into. Each begins so; then come the messages. It is locked by flock(2) while
 * there may be more; then it is the daemon's, which empties it, and removes
 * empty ones. Its owner is the user.
 */
#define WIRE_SPOOL_MAGIC 0x50527353u /* "SsRP" */

struct wire_spool {
	uint32_t magic, version;
	uint32_t pid, sshd;
	uint32_t auid, ses;
	int64_t real_offset; /* nanoseconds: CLOCK_REALTIME - CLOCK_BOOTTIME */
	char boot[32];	     /* boot id without dashes */
};

#endif
