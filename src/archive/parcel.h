/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files to be handed to somebody: a directory, or one tar file (POSIX ustar)
 * that holds the same, or whatever somebody else makes of them. What is in it,
 * and the times that tar gives to it, are the caller's: the same calls make the
 * same bytes.
 */
#ifndef ARCHIVE_PARCEL_H
#define ARCHIVE_PARCEL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/file_sink.h"
#include "crypto/digest.h"

#define PARCEL_NAME_MAX 99

struct parcel {
	const char *path;	      /* the caller's */
	const struct file_sink *sink; /* NULL: it is on the disk */
	bool tar;
	int64_t seconds; /* since 1970, of all files */
	int dirfd;	 /* the directory; of tar -1 */
	int fd;		 /* of the file being written, or of the tar file */
	/* Of the file being written. */
	char name[PARCEL_NAME_MAX + 1];
	struct sha256_ctx digest;
	uint64_t size;
	int64_t header; /* its place in the tar file */
	struct buf waiting;
	struct buf list; /* JSON: {"name":,"size":,"sha256":} of each, commas */
	int error;	 /* the first; nothing is written behind it */
};

/*
 * Make it, mode 0700 or 0600. -EEXIST: there is something of that name. A name
 * that ends in ".tar" is that of a tar file.
 */
int parcel_create(
    struct parcel *p, const char *path, int64_t seconds, struct err *err);

/* To somebody else, who must stay. */
void parcel_hand_on(struct parcel *p, const struct file_sink *sink);

/*
 * One file at a time: "name" or "directory/name", whose directory is made. A
 * failure is kept, and told by parcel_end() and parcel_close().
 */
void parcel_begin(struct parcel *p, const char *name);
void parcel_add(struct parcel *p, struct str bytes);
int parcel_end(struct parcel *p, struct err *err);
/* All three of them. */
int parcel_file(
    struct parcel *p, const char *name, struct str bytes, struct err *err);

/* Durable when this returns 0; else all of it is removed, as it is for a
 * negative `result`, which is returned then. */
int parcel_close(struct parcel *p, int result, struct err *err);

#endif
