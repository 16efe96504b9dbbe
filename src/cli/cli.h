/* SPDX-License-Identifier: Apache-2.0 */
/* What a running subcommand works with: the store, the output, the clock. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/text/clock_text.h"
#include "cli/text/out.h"
#include "cli/text/pager.h"
#include "cli/text/term.h"
#include "store/store.h"

/* Exit status of the program; documented in sshtrail(1). */
enum cli_exit {
	CLI_FOUND = 0,	 /* found, or sound, or done */
	CLI_NOTHING = 1, /* nothing found */
	CLI_USAGE = 2,
	CLI_UNSOUND = 3, /* evidence does not verify */
	CLI_FAILED = 4,	 /* could not do it */
};

struct archive;

struct cli {
	struct out out;
	struct term term;
	struct clock_text clock;
	struct pager pager;
	int err_fd;
	int64_t now;
	struct buf dir;		 /* the store directory, or a hub's profile */
	bool hub;		 /* the store is that of a hub: no archive */
	struct archive *archive; /* NULL: not open */
	struct store *store;	 /* NULL: not open */
	bool json;
	/* Opens `dir` for reading into archive and store; main and tests set
	 * it. */
	int (*open)(struct cli *c, struct err *err);
};

/*
 * Tell the user on stderr, as "sshtrail: TEXT", escaped. The sentence is
 * "what: why; what to do". Returns CLI_FAILED, CLI_USAGE or CLI_FOUND.
 */
int cli_fail(struct cli *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int cli_usage(struct cli *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int cli_note(struct cli *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * "what: why" for a failed call; the advice follows from `code` where that
 * tells enough. What mends a damaged or foreign file, its own message says.
 */
int cli_fail_code(struct cli *c, int code, const struct err *err);

/*
 * The store directory: `given`, else SSHTRAIL_STORE, else the system's for
 * root and that of the user for others. 0, -ENOMEM, or -ENOENT: no HOME.
 */
int cli_find_dir(struct cli *c, struct str given);

/* Open the store for reading, once. CLI_FOUND, or the failure was told. */
int cli_open(struct cli *c);

/* The session meant by an id, a beginning of one, or "last". */
int cli_find_session(struct cli *c, const char *text, uint64_t *ret);

/* The rest of a command that printed `n` rows: exit code, notes. */
int cli_found(struct cli *c, uint64_t n, const char *what);

#endif
