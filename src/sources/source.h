/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source turns the bytes of one format into events. It never opens, waits or
 * asks the clock: whoever drives it does. One descriptor per format, listed in
 * sources/source.c; nothing outside this folder knows any format.
 */
#ifndef SOURCES_SOURCE_H
#define SOURCES_SOURCE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/when.h"
#include "core/event.h"
#include "record/piece.h"

/* Lines of this many bytes and more (without newline) are cut and counted. */
#define SOURCE_LINE_MAX ((size_t)64 << 10)

/*
 * What the driver knows about the input and the format does not say. All that
 * it points to lives until close().
 */
struct source_input {
	const char *name;	   /* for messages, and hints as ".../wtmp" */
	int64_t mtime;		   /* microseconds; 0 when not known */
	const char *mtime_is;	   /* NULL: "the file's modification time" */
	utc_offset_fn *utc_offset; /* for times without a zone; NULL: UTC */
	struct str host;	   /* host for formats that name none */
	const char *host_inferred; /* why `host` is only concluded, or NULL */
	const uint8_t *id_key;	   /* 16 bytes for source_id() */
};

/*
 * Where events go. `event` returns 0 or a negative errno, which the source
 * must return at once. The event and its strings are the source's, valid
 * during the call.
 */
struct source_sink {
	int (*event)(struct source_sink *sink, struct event *ev);
	/*
	 * For sources of recordings: a piece of the recording `terminal`, a
	 * number that is not used again in the stream. The first piece of each
	 * is PIECE_BEGIN, the last PIECE_END; with these two `ev` is the
	 * channel.open or channel.close that goes with it, else NULL: it is the
	 * receiver's to complete and to hand on as an event. NULL: there is
	 * nobody to take pieces, and the two are told as events.
	 */
	int (*piece)(struct source_sink *sink, uint64_t terminal,
	    const struct piece *p, struct event *ev);
	uint64_t lines;	   /* lines or records read; counted by the source */
	uint64_t unparsed; /* of them not understood */
	/* Up to 10 examples of lines not understood, cut at 200 bytes. */
	struct {
		uint64_t offset;
		uint64_t line;
		char text[200];
		size_t n;
		const char *expected; /* what was expected, static */
	} examples[10];
	size_t n_examples;
};

struct source_run; /* state of one run, made by the source */

struct source {
	const char *name; /* "auth-log"; also `source` of its events */
	const char *summary;
	/*
	 * How sure, 0 to 100, that `head` (the first up to 64 KiB of the
	 * content, decompressed) is this format; `name` is the file's name.
	 * When the format names the host, *ret_host is set to it (a slice of
	 * head), when it tells its first time, *ret_time (else 0).
	 */
	int (*probe)(struct str head, const char *name, struct str *ret_host,
	    int64_t *ret_time);
	/*
	 * Sources with `joins` read the rotated parts of one log as one
	 * stream: an event may begin in one file and end in the next.
	 */
	bool joins;
	/* The whole content is needed at once (a database file). */
	bool whole;
	/*
	 * Optional, only with `whole`: FILE with this behind its name holds
	 * what was not moved into FILE yet. beside() gets its content before
	 * the first feed(), and it stays until the last one; it is not called
	 * when there is no such file. A FILE that nothing is sure of is probed
	 * once more with the beginning of that content behind its own.
	 */
	const char *beside_suffix;
	void (*beside)(struct source_run *run, struct str content);
	int (*open)(struct source_run **ret, const struct source_input *in,
	    struct err *err);
	/*
	 * A new file of the same stream (only with `joins`), oldest first.
	 * Offsets count from 0 again.
	 */
	int (*next)(struct source_run *run, const struct source_input *in);
	/*
	 * Optional: a first pass over a file's whole content, in pieces as for
	 * feed(), after open() or next() and before its first feed(), for what
	 * only the whole tells (the year of times without one). Returns how
	 * much was taken, or -1 when it needs to see no more. A driver that
	 * cannot read twice leaves it out: then the source concludes less.
	 */
	ssize_t (*prescan)(struct source_run *run, struct str data, bool last);
	/*
	 * Take from `data`, which begins at byte `offset` of the content, as
	 * much as can be read; returns how many bytes were taken, or a
	 * negative errno from the sink (-ENOMEM otherwise; malformed input is
	 * never an error: it is counted in the sink). With `last`, all of data
	 * is taken and there is no more in this file. Without `last`, the
	 * driver comes again with the rest and more behind it; a source must
	 * take something when data holds SOURCE_LINE_MAX bytes or more.
	 * Events that wait for more records may be held back, see `finish`.
	 */
	ssize_t (*feed)(struct source_run *run, struct str data,
	    uint64_t offset, bool last, struct source_sink *sink);
	/* End of the stream: emit what was held back. */
	int (*finish)(struct source_run *run, struct source_sink *sink);
	/*
	 * Offset in the current file of the earliest byte that belongs to an
	 * event still held back; `end` when there is none. From there reading
	 * must start again when the file has grown.
	 */
	uint64_t (*held)(const struct source_run *run, uint64_t end);
	/*
	 * Optional: what it knows of its stream (plain data), for a run of
	 * another process of this program that goes on with it, if what is open
	 * in it is to stay so. take_up() comes before the first feed();
	 * -EBADMSG, and nothing is known, when keep() never said that; or
	 * -ENOMEM.
	 */
	void (*keep)(const struct source_run *run, struct buf *to);
	int (*take_up)(struct source_run *run, struct str kept);
	void (*close)(struct source_run *run);
};

/* finish() and held() of sources that hold nothing back. */
int source_finish_nothing(struct source_run *run, struct source_sink *sink);
uint64_t source_held_nothing(const struct source_run *run, uint64_t end);

/*
 * All sources, best guess first, ended by NULL. One listed as `x` is defined as
 * `const struct source source_x`.
 */
extern const struct source *const sources[];

/* The source that is surest of `head`, or NULL when none is. */
const struct source *source_detect(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time);

/* By its name, or NULL. */
const struct source *source_find(struct str name);

/*
 * Identity of a fact (field `id`): a keyed hash, so that nobody can write a
 * line that passes for another. Parts are delimited by their lengths.
 */
uint64_t source_id(
    const uint8_t key[static 16], const struct str *parts, size_t n);

/*
 * Count a line that was not understood, keeping it as an example. Its number
 * is sink->lines: count the line before. `expected` must be static.
 */
void source_unparsed(struct source_sink *sink, uint64_t offset, struct str line,
    const char *expected);

/*
 * Begin an event of the source named `source`: host, and why it is only
 * concluded, from `in`; trust is TRUST_DAEMON; `offset` is that of the line or
 * first record. Time and identity are left to the caller.
 */
void source_event_init(struct event *ev, enum event_kind kind,
    const char *source, const struct source_input *in, uint64_t offset);

/* As event_set_str(), but an empty string sets nothing either. */
static inline void source_set_str(struct event *ev, enum field f, struct str s)
{
	if (s.n)
		event_set_str(ev, f, s);
}

/*
 * Cut the next line out of `data` at *at. Returns 1 and the line without its
 * newline (and CR), 0 when the line is not complete yet: what is then left of
 * data from *at on must come again. A line of SOURCE_LINE_MAX bytes or more is
 * returned cut to SOURCE_LINE_MAX - 1, with *ret_cut set; *at then stands
 * behind what is at hand of it, and *skip tells the next call to drop its rest.
 * With `last`, a final line without newline is complete. *skip is false at the
 * start of each file.
 */
int source_line(struct str data, size_t *at, bool last, bool *skip,
    struct str *ret_line, bool *ret_cut);

#endif
