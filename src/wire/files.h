/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in an answer of a hub, one behind the other, none of whose sizes is
 * known before it is there; lines, and the bytes behind some of them:
 *
 *   file NAME            the next file begins: letters, digits, and ". _ -",
 *                        with one directory before it at most
 *   bytes N              N bytes of it follow
 *   wait                 nothing: a sign of life
 *   whole E R M          the end, if all is there: numbers of events and of
 *                        recordings, and of recordings that are missing
 *   failed STATUS WHY    the end, if it is not; STATUS as of an answer (400
 * ...)
 *
 * What ends without either of the last two was cut off.
 */
#ifndef WIRE_FILES_H
#define WIRE_FILES_H

#include "base/buf.h"
#include "base/err.h"
#include "base/file_sink.h"
#include "store/store.h"

#define FILES_BYTES_MAX ((size_t)1 << 20) /* behind one line */
#define FILES_NAME_MAX	99

void files_write_name(struct buf *b, const char *name);
/* At most FILES_BYTES_MAX. */
void files_write_bytes(struct buf *b, struct str bytes);
void files_write_wait(struct buf *b);
void files_write_whole(struct buf *b, const struct evidence_size *size);
void files_write_failed(struct buf *b, int status, const char *why);

/* All zero but what is said: new. */
struct files_reader {
	struct file_sink to; /* the caller's */
	char line[1024];     /* that has no end yet */
	size_t n;
	uint64_t left; /* bytes of the file that follow */
	bool begun;    /* a file */
	bool ended;
	int status; /* of "failed"; 0: whole, if it has ended */
	char why[768];
	struct evidence_size size;
};

/*
 * Read the next part. -EBADMSG: it is not as above, or it had ended; or what
 * the sink returned.
 */
int files_read(struct files_reader *r, struct str part);

#endif
