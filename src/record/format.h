/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats in which other programs keep recordings of terminals: a descriptor
 * each, listed in FORMATS. A reader turns the bytes of files into
 * pieces, a writer the other way; neither opens, waits or asks the clock.
 *
 * A format may need several files. They are its `parts`; the first one leads:
 * a reader is fed its bytes as they come, and asks for as many bytes of the
 * others as the first one says (a timing file says which bytes were shown
 * when). Where they lie is for the driver to find.
 */
#ifndef RECORD_FORMAT_H
#define RECORD_FORMAT_H

#include <sys/types.h>

#include "record/head.h"
#include "record/piece.h"

#define FORMAT_PARTS_MAX 8

struct format_part {
	const char *name; /* of its file in a directory of its own */
	bool fixed;	  /* it is always named so, whatever it holds */
	bool optional;	  /* the others are of use without it */
};

/* What could not be used, and where: a sentence can be made of it. */
struct format_skip {
	unsigned part;
	uint64_t offset;      /* byte of the part's content */
	uint64_t line;	      /* from 1; 0: the part has no lines */
	const char *expected; /* what had to stand there, static */
	struct str text;      /* what does, or empty */
};

/*
 * Who reads a recording. Functions return 0 or a negative errno, which the
 * reader returns at once. Strings are the reader's, valid during the call.
 * A file may hold several recordings, told apart by `id`: for each begin()
 * comes before its pieces. `boot` of a piece counts from the begin; `time` is
 * not set. Neither PIECE_BEGIN nor PIECE_END is told.
 */
struct format_sink {
	int (*begin)(
	    struct format_sink *sink, uint64_t id, const struct head *head);
	int (*piece)(
	    struct format_sink *sink, uint64_t id, const struct piece *p);
	void (*skipped)(
	    struct format_sink *sink, const struct format_skip *skip);
	/*
	 * The next bytes of a part, n or, at its end, fewer; they live until
	 * the next take() of this part. p is NULL: the part is not there.
	 */
	struct str (*take)(struct format_sink *sink, unsigned part, size_t n);
	int64_t time; /* where the format does not say when it began */
};

struct format_reader {
	size_t size; /* of the state, which begins as zeros */
	/*
	 * Take what can be read off the front of `data`: its length, or a
	 * negative errno of the sink. With `last` there is no more, and all is
	 * taken. A reader must take something of FORMAT_HELD_MAX bytes.
	 */
	ssize_t (*feed)(
	    void *state, struct str data, bool last, struct format_sink *sink);
	void (*free)(void *state); /* NULL: nothing is to be freed */
};

#define FORMAT_HELD_MAX ((size_t)64 << 20)
/* A part is not asked for more at once. */
#define FORMAT_TAKE_MAX ((size_t)1 << 20)

/*
 * A buffer for each part; look at buf_error() now and then. Whoever drives the
 * writer may take bytes off their fronts.
 */
struct format_files {
	struct buf part[FORMAT_PARTS_MAX];
};

struct format_writer {
	size_t size; /* of the state, which begins as zeros */
	/* `boot` is that of the first piece: the begin. */
	void (*begin)(void *state, struct format_files *files,
	    const struct head *head, uint64_t boot);
	/* In order; of any type. */
	void (*piece)(
	    void *state, struct format_files *files, const struct piece *p);
	/* NULL: nothing is left to be written. */
	void (*end)(void *state, struct format_files *files);
	void (*free)(void *state); /* NULL: nothing is to be freed */
};

struct format {
	const char *name; /* as --format takes it, and F_FORMAT tells it */
	const char *help; /* half a sentence: whose it is */
	/* The writer's files; NULL: one, whose name does not matter. */
	const struct format_part *parts;
	size_t n_parts;
	bool marks;   /* it holds texts for people as well */
	bool several; /* a file of it may hold several recordings */
	bool hostile; /* what it writes acts on a terminal when shown there */
	/* Files are root's: who is recorded cannot write them as he likes. */
	bool guarded;
	/*
	 * How sure, 0 to 100, that `head`, the first up to 64 KiB of a file's
	 * content, is part *ret_part of this format; `name` is the file's.
	 * NULL where nothing is read.
	 */
	int (*probe)(struct str head, const char *name, unsigned *ret_part);
	/*
	 * Which file is part `part`, as the head of the first one names it;
	 * empty: it does not. May be NULL.
	 */
	struct str (*named)(struct str head, unsigned part);
	const struct format_reader *reader; /* may be NULL */
	const struct format_writer *writer; /* may be NULL */
};

/*
 * All of them. BOTH(x, name) for those that are written as well, READ(x, name)
 * for the others; one listed as `x` is defined as
 * `const struct format format_x`.
 */
#define FORMATS(BOTH, READ)                                                    \
	BOTH(asciicast, "asciicast")                                           \
	BOTH(asciicast_3, "asciicast-v3")                                      \
	READ(asciicast_1, "asciicast-v1")                                      \
	BOTH(script, "script")                                                 \
	BOTH(script_classic, "script-classic")                                 \
	BOTH(ttyrec, "ttyrec")                                                 \
	BOTH(tlog, "tlog")                                                     \
	BOTH(sudo, "sudo")                                                     \
	BOTH(raw, "raw")                                                       \
	BOTH(html, "html")

#define FORMAT_DECLARE(symbol, name) extern const struct format format_##symbol;
FORMATS(FORMAT_DECLARE, FORMAT_DECLARE)
#undef FORMAT_DECLARE

/* The same, ended by NULL. */
extern const struct format *const formats[];

/* By its name, or NULL. */
const struct format *format_find(struct str name);

/* The one that is surest of `head` (at least 50), or NULL. */
const struct format *format_detect(
    struct str head, const char *name, unsigned *ret_part);

static inline size_t format_n_parts(const struct format *f)
{
	return f->n_parts ? f->n_parts : 1;
}

#endif
