/* SPDX-License-Identifier: Apache-2.0 */
/* One file of a recording: read as it is asked for, hashed as it is read. */
#ifndef CLI_IMPORT_MEMBER_H
#define CLI_IMPORT_MEMBER_H

#include "cli/import/file_event.h"
#include "cli/import/files.h"

struct member {
	struct import_file file; /* strings are those of the recording's */
	int fd;			 /* -1: it is not there */
	struct input *in;
	struct buf window; /* read and not used up */
	size_t used;	   /* of the window */
	struct sha256_ctx raw, content;
	uint64_t raw_bytes, content_bytes;
	bool end;
	struct err damage; /* empty text: none */
};

/* Part k of f; 0 is f itself. Where it cannot be opened, `err` says why. */
int member_open(
    struct member *p, const struct import_file *f, size_t k, struct err *err);

/* As take() of a format_sink. */
struct str member_take(struct member *p, size_t n);

/* More of the content, behind what is in the window; p->end at its end. */
int member_fill(struct member *p, struct err *err);

/* All of it, to its end, so that the digests are of the whole file. */
int member_drain(struct member *p, struct err *err);

/* Of what was read so far. */
void member_digest(const struct member *p, struct file_digest *ret);

void member_close(struct member *p);

#endif
