/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings of several files: which of the files found belong together. The
 * first part of a format leads; the others are those that have their names
 * always, those that it names, or those of its directory that are such by
 * their content and whose names are most like its own, and it most like theirs.
 */
#ifndef CLI_IMPORT_COMPANIONS_H
#define CLI_IMPORT_COMPANIONS_H

#include "cli/import/files.h"

/* Set f->format, when the content is that of one, and what its head tells. */
void companions_detect(struct import_file *f, struct str head);

/*
 * Set `parts` of all files that lead. Parts go out of the list; one that
 * belongs to none is not read, and why_not says so.
 */
void companions_find(struct import_files *files);

#endif
