/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors and files. All return 0 or a negative errno. */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <limits.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Closes *fd unless negative and sets it to -1; errno is kept. */
void fd_close(int *fd);
/* For `__attribute__((cleanup(fd_close)))`. */
#define CLEANUP_FD __attribute__((cleanup(fd_close)))

/* All n bytes, however many calls it takes. */
int fd_write_all(int fd, const void *p, size_t n);
int fd_pwrite_all(int fd, const void *p, size_t n, off_t at);
/* Up to n bytes until end of file; the count, or a negative errno. */
ssize_t fd_read_full(int fd, void *p, size_t n);
ssize_t fd_pread_full(int fd, void *p, size_t n, off_t at);
/* A whole small file, at most max bytes (-EFBIG beyond). */
int fd_read_file(int dirfd, const char *name, size_t max, struct buf *ret);
/* The number in a file, as in /proc; UINT32_MAX where there is none. */
uint32_t fd_read_u32(const char *path);

/*
 * Put a file in place so that a crash leaves the old or the new content whole:
 * temporary name, fsync, rename, fsync of the directory.
 */
int fd_replace_file(
    int dirfd, const char *name, mode_t mode, const void *p, size_t n);
/* The same with what `fill` writes to fd; its errors are returned. */
int fd_replace_file_by(int dirfd, const char *name, mode_t mode,
    int (*fill)(void *ctx, int fd), void *ctx);

/* The same in two steps: writing costs a processor, the rest waits for disks.
 */
struct fd_draft {
	int dirfd; /* the caller's */
	int fd;
	size_t name_len;
	char tmp[PATH_MAX]; /* begins with the name */
};

/* Writes it under a temporary name. After a failure there is nothing to end. */
int fd_draft_write(struct fd_draft *d, int dirfd, const char *name, mode_t mode,
    const void *p, size_t n);
/*
 * Puts n of one directory in place, durable, in this order; several together
 * cost a journal two commits instead of two each. After a failure those that
 * are not in place are gone.
 */
int fd_drafts_settle(struct fd_draft *d, size_t n);
/* Removes it. */
void fd_draft_drop(struct fd_draft *d);

/* Open directory NAME below dirfd, made with `mode` when it is not there. */
int fd_open_dir(int dirfd, const char *name, mode_t mode, int *ret);

/*
 * Remove a directory with all that is in it; links are not followed. Stops at
 * what cannot be removed. -ENOENT: it is not there.
 */
int fd_remove_tree(const char *path);

#endif
