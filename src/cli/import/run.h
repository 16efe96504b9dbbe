/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of `sshtrail import`: streams of files through their source into
 * the archive.
 */
#ifndef CLI_IMPORT_RUN_H
#define CLI_IMPORT_RUN_H

#include "archive/archive.h"
#include "cli/import/files.h"
#include "cli/import/known.h"

#define IMPORT_EXAMPLES_MAX 10

struct import_example {
	char *path;
	uint64_t line;	 /* 0: what is read has no lines */
	uint64_t offset; /* then: the byte */
	const char *expected;
	char text[200];
	size_t n;
};

/* What was done, for the summary. */
struct import_totals {
	uint64_t files_read, files_known, bytes;
	uint64_t lines, unparsed, events, seen_again, completed, gaps;
	uint64_t by_kind[EVENT_N_KINDS];
	struct import_example examples[IMPORT_EXAMPLES_MAX];
	size_t n_examples;
	uint64_t n_damaged;
	/* How often what was typed and not shown is left out, in how many
	 * recordings. */
	uint64_t masked, masked_in;
};

struct vouchers;
struct screening;

struct import_run {
	struct archive *archive;
	struct known_contents known;
	const char *chain; /* of the events, as archive_begin() has it */
	struct vouchers *vouchers;   /* of recordings; NULL: there were none */
	struct screening *screening; /* of those that were added, or NULL */
	utc_offset_fn *utc_offset;   /* for times without a zone */
	int64_t pause_at;	     /* loop_now(): time to mind others */
	bool keep_unechoed; /* recordings as they are: record/unechoed.h */
	/* Called now and then, for progress; `warn` when a file is damaged. */
	void (*progress)(void *ctx, const struct import_file *f,
	    const struct import_totals *t);
	void (*warn)(void *ctx, const struct import_file *f, const char *text);
	void *ctx;
	struct import_totals totals;
};

/*
 * Import all recognised files (sorted by import_files_sort()). Stops at the
 * first error that concerns the store: what was committed before stays, and a
 * repeat goes on. Files that cannot be read are warned of and passed over.
 */
int import_run(
    struct import_run *run, struct import_files *files, struct err *err);

void import_run_free(struct import_run *run);

/* For the parts of an import. */

/* An event came into the store. */
void import_count(struct import_run *run, const struct event *ev);
/* Not all of the file can be read: counted, and warned of. */
void import_damaged(
    struct import_run *run, const struct import_file *f, const char *why);

#endif
