/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tap: where the bytes of a source come from while a host runs. It has two
 * halves in two processes: `open` runs as root in the monitor and only opens
 * descriptors; the rest runs in the collector, which has no privileges, no
 * network and no access to the files itself. What a tap reads is given to the
 * struct source it names, unchanged or wrapped as that source expects.
 *
 * One descriptor per tap, listed in sources/tap.c.
 */
#ifndef SOURCES_TAP_H
#define SOURCES_TAP_H

#include "base/buf.h"
#include "base/err.h"
#include "core/event.h"

#define TAP_FDS_MAX    64
#define TAP_NAME_MAX   256
#define TAP_NOTE_MAX   512
#define TAP_PLACE_MAX  512
#define TAP_LOSSES_MAX 3

/* What root opened. Plain data: it crosses a socket, fd[] beside it. */
struct tap_opened {
	int fd[TAP_FDS_MAX];
	unsigned n_fd;
	char name[TAP_NAME_MAX]; /* the file, for messages and `file_name` */
	char note[TAP_NOTE_MAX]; /* what is captured, and why not more */
	int64_t kept[4];	 /* of open(), for all that come after it */
	bool yields; /* the tap that this one yields to is open, too */
};

/* Append to its note; what has no room there is cut off. */
void tap_note(struct tap_opened *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Close its descriptors; its texts stay. */
void tap_opened_close(struct tap_opened *o);

struct tap_run;

/* Bytes that the same call appended come before what the state says. */
enum tap_state {
	TAP_IDLE, /* nothing more at hand */
	TAP_MORE, /* there is more: call again */
	/*
	 * There may be more, but not at this moment: call again after
	 * TAP_INTERVAL_MS, whatever fd() says.
	 */
	TAP_LATER,
	TAP_NEXT, /* what comes next belongs to a new file: call again */
	/*
	 * Nothing more at hand, and the file was rotated or replaced: to be
	 * opened anew by the monitor. Said at each call until reopened(). When
	 * open() fails (the new file is not there yet), go on as for TAP_IDLE
	 * and ask again, not more often than every TAP_INTERVAL_MS.
	 */
	TAP_REOPEN,
	TAP_END, /* no more comes; err says why */
};

/*
 * What must be done as root while a tap runs, in the monitor: a program in the
 * kernel that is attached only when it is needed.
 */
struct tap_tending;

struct tap_tender {
	/*
	 * With what open() gave; its descriptors stay open until stop(). Sets
	 * *ret to NULL where nothing is to be done.
	 */
	int (*start)(struct tap_tending **ret, const struct tap_opened *opened,
	    struct err *err);
	/* To be polled for input; then tend() is due. */
	int (*fd)(const struct tap_tending *t);
	/* A failure ends neither the tap nor what it captures otherwise. */
	int (*tend)(struct tap_tending *t, struct err *err);
	void (*stop)(struct tap_tending *t); /* NULL is fine */
};

/* One way in which records are lost, since start. */
struct tap_loss {
	uint64_t n;	   /* only grows; of unknown size: counts as one */
	const char *where; /* static */
};

struct tap {
	const char *name;   /* "audit" */
	const char *source; /* name of the struct source that reads its bytes */
	const char *help;
	/*
	 * Monitor, as root. `path` is what the configuration says (for bpf: a
	 * list of files, see bpf/watch.h), or NULL for where this host keeps
	 * it. 0; -ENOENT: this host has no such thing (err says what was looked
	 * for); another error: err says what an administrator can do.
	 */
	int (*open)(struct tap_opened *ret, const char *path, struct err *err);
	/*
	 * Monitor, as root, when a collector is ready and every TAP_REFRESH_S:
	 * look again at what the opened tap was told by names that may mean
	 * something else by now. NULL: there is nothing of that kind.
	 */
	void (*refresh)(const struct tap_opened *opened, const char *path);
	/*
	 * Monitor, as root, with what open() gave (its descriptors may be
	 * closed), when the collector has ended: undo what open() changed in
	 * this host. NULL: open() changes nothing.
	 */
	void (*release)(const struct tap_opened *opened);
	/*
	 * The name of a tap before it in the list that tells the same and
	 * better: while that one is open, `yields` is set in what this one
	 * opened, and it is read before this one. NULL: there is none.
	 */
	const char *yields_to;
	const struct tap_tender *tender; /* NULL: nothing to be done */
	/* Nobody else can read what it reads, so that no import tells it. */
	bool alone;
	/*
	 * Collector. Takes over the descriptors, also when it fails. `place` is
	 * what place() said when events were committed last, or NULL: begin
	 * with what comes now; then place() is worth keeping at once.
	 */
	int (*start)(struct tap_run **ret, const struct tap_opened *opened,
	    const char *place, struct err *err);
	/* To be polled for input; -1: to be read every TAP_INTERVAL_MS. */
	int (*fd)(const struct tap_run *run);
	/*
	 * Append bytes to `to`, at most about a megabyte, or one file that
	 * its source must have whole; never waits. Returns an enum tap_state or
	 * a negative errno.
	 */
	int (*read)(struct tap_run *run, struct buf *to, struct err *err);
	/*
	 * After TAP_REOPEN: go on with what the monitor opened; takes over the
	 * descriptors, also when it fails. fd() may be another one from now on.
	 * NULL: read() never says TAP_REOPEN.
	 */
	int (*reopened)(struct tap_run *run, const struct tap_opened *opened,
	    struct err *err);
	/*
	 * Where to go on when all bytes read so far, but for the last
	 * `unread` ones, are events in the trail; these may lie in the file
	 * before the last TAP_NEXT, not in an older one. Empty: there is no
	 * such place. Less than TAP_PLACE_MAX bytes, printable ASCII.
	 */
	void (*place)(
	    const struct tap_run *run, size_t unread, struct buf *ret);
	/*
	 * What was lost, as far as it can be known, by each way of losing it;
	 * how many ways there are: as many each time, no loss in two of them.
	 */
	unsigned (*lost)(
	    struct tap_run *run, struct tap_loss ret[static TAP_LOSSES_MAX]);
	/*
	 * Whether this tap tells, too, what `ev` of another one tells of a
	 * process with a `ses`, or of a loss: it is left out then. Each event
	 * is asked about once. NULL: it never does.
	 */
	bool (*tells)(struct tap_run *run, const struct event *ev);
	/*
	 * Whether `ev`, which its source told, is news: a tap whose file is
	 * read whole each time has most of it from before. Each event is asked
	 * about once, in its order. NULL: all are.
	 */
	bool (*news)(struct tap_run *run, const struct event *ev);
	/* What it does that `note` could not say yet; NULL: nothing. */
	const char *(*doing)(const struct tap_run *run);
	void (*stop)(struct tap_run *run);
};

#define TAP_INTERVAL_MS 200
#define TAP_REFRESH_S	10

/*
 * Words of the `path` of the tap "terminals", with a blank between: input is to
 * be told, too; of commands without a terminal so many bytes of output each.
 */
#define TAP_TERMINALS_INPUT    "input"
#define TAP_TERMINALS_COMMANDS "commands="

/*
 * The `path` of the tap "rec": that of its socket, or "auto", a newline, and
 * the directory of its spool.
 */

/* The `path` of the tap "audit": words, joined by commas. */
#define TAP_AUDIT_REGISTER "register" /* in auditd's place */
#define TAP_AUDIT_RULES	   "rules"    /* load rules of our own */

/* All taps, ended by NULL. */
extern const struct tap *const taps[];

/* By its name, or NULL. */
const struct tap *tap_find(struct str name);

#endif
