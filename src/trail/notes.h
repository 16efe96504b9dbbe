/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checkpoints that lie beside a chain: `checkpoint`, and any file
 * *.checkpoint that was put there (kept elsewhere: by a hub, a SIEM, on paper).
 */
#ifndef TRAIL_NOTES_H
#define TRAIL_NOTES_H

#include "crypto/checkpoint.h"
#include "trail/verify.h"

#define NOTES_MAX     64
#define NOTE_NAME_MAX 255

struct note {
	uint64_t size;
	struct sha256 root;
	bool judged; /* compared with the frames */
	char name[NOTE_NAME_MAX + 1];
};

struct note_list {
	struct note v[NOTES_MAX]; /* good ones, ascending by size */
	size_t n;
	uint64_t max; /* largest size */
	bool any_file;
};

struct note_finder {
	const struct sign_public *pub;
	struct str origin;
	/* One that is not good. */
	void (*bad)(void *ctx, const char *name, int error, const char *why);
	void *ctx;
	/* `checkpoint` itself is there. */
	bool have_newest;
};

/* -E2BIG above NOTES_MAX files. */
int note_list_read(int dirfd, struct note_finder *finder, struct note_list *ret,
    struct err *err);

/* What it means that a note was refused with `error`. */
enum verdict note_verdict(int error);

#endif
