/* SPDX-License-Identifier: Apache-2.0 */
/* What an import tells people: progress while it runs, a summary at its end. */
#ifndef CLI_IMPORT_REPORT_H
#define CLI_IMPORT_REPORT_H

#include "cli/import/run.h"

/* Progress on one line of a terminal, once it took longer than a second. */
struct import_progress {
	int fd;		/* the terminal, or -1: say nothing */
	uint64_t total; /* bytes to read */
	int64_t started;
	int64_t shown; /* last time a line was written; 0: none */
};

void import_progress_start(
    struct import_progress *p, int fd, const struct import_files *files);
void import_progress_show(struct import_progress *p,
    const struct import_file *f, const struct import_totals *t);
/* Of archive_settle(), behind the files. */
void import_progress_settle(
    struct import_progress *p, uint64_t done, uint64_t total);
/* Take the line away again. */
void import_progress_end(struct import_progress *p);

/* The summary as text; recorded text in it is escaped. */
void import_summary_text(struct buf *b, const struct import_totals *t,
    const struct import_files *files);
/* The same as one JSON object and a newline. */
void import_summary_json(struct buf *b, const struct import_totals *t,
    const struct import_files *files);

#endif
