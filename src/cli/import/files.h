/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is to import: the files found below the paths that were named,
 * what each is by its content, whose host it tells of, and which of them are
 * parts of one rotated log.
 */
#ifndef CLI_IMPORT_FILES_H
#define CLI_IMPORT_FILES_H

#include "base/input.h"
#include "base/map.h"
#include "record/format.h"
#include "sources/source.h"

#define IMPORT_HEAD_MAX ((size_t)64 << 10)

struct import_file {
	char *path;    /* absolute, where it could be told */
	int fd;	       /* kept open for standard input, else -1 */
	uint64_t size; /* bytes on disk */
	int64_t mtime; /* microseconds */
	uint64_t dev, inode;
	const struct source *source; /* of events, or NULL */
	/* Of recordings, or NULL; then which of its files this is, and where
	 * the others are: files of their own no more. */
	const struct format *format;
	unsigned part;
	bool taken;		       /* it is a part of another one */
	char *parts[FORMAT_PARTS_MAX]; /* NULL: not there; [0] is not used */
	const char *why_not; /* neither: a reason to show; static, or damage */
	char *damage;	     /* of compressed data, or NULL */
	bool named;	     /* on the command line, not found below */
	int64_t first_time;  /* 0 when the format does not say */
	char *host;	     /* NULL until known */
	const char *host_inferred; /* why it is only concluded, static */
	char *beside; /* a file that is part of it, may be missing; or NULL */
	bool compressed;
	bool unreadable; /* by permission or damage */
};

struct import_files {
	struct import_file *v;
	size_t n, cap;
	struct map by_inode; /* to its number, while files are added */
};

/*
 * Add PATH, or all regular files below it when it is a directory; "-" is
 * standard input, copied to an unlinked file in `spool_dir` first. Symbolic
 * links below a directory are not followed; a file reached twice is taken
 * once. A path that cannot be read is an error for named paths (`err`, < 0)
 * and noted in why_not for those found, also where a directory cannot be
 * searched or lies too deep; so are links and what is no regular file.
 */
int import_files_add(struct import_files *files, const char *path,
    const char *spool_dir, struct err *err);

/* Look into every file; sets source, host, first_time or why_not. */
void import_files_detect(struct import_files *files);

/*
 * Give a host to files that are read and whose format names none: `host` when
 * it is given, this machine's name for its own logs, else the host that the
 * nearest file names.
 */
void import_files_hosts(struct import_files *files, const char *host);

/*
 * Order them for reading: streams one after the other, in each the oldest part
 * first.
 */
void import_files_sort(struct import_files *files);

/* What it is read as; NULL: it is not read. */
static inline const char *import_file_format(const struct import_file *f)
{
	return f->source ? f->source->name : f->format ? f->format->name : NULL;
}

/* Whether b continues the stream of a (they are parts of one rotated log). */
bool import_file_continues(
    const struct import_file *a, const struct import_file *b);

/* A new descriptor at the start of the file. -EINVAL: it is none any more. */
int import_file_open(const struct import_file *f, int *ret_fd, struct err *err);

/*
 * How much of its content is to be read: of a log that is being written what
 * was there when it was found. Who else takes it from there has what came later
 * (see cmd_import.c).
 */
static inline uint64_t import_file_limit(const struct import_file *f)
{
	return f->compressed || f->source->whole ? UINT64_MAX : f->size;
}

void import_file_free(struct import_file *f); /* of one that is taken out */
void import_files_free(struct import_files *files);

#endif
