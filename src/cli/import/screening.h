/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keyframes and filters (archive/screens.h) of recordings that were imported,
 * so that they are found and jumped in at once. Derived: an import is no less
 * whole without them.
 */
#ifndef CLI_IMPORT_SCREENING_H
#define CLI_IMPORT_SCREENING_H

#include "cli/import/run.h"

/* A recording was added to the run's chain: its first and last frame. */
int screening_add(struct import_run *run, uint64_t number, uint64_t last);
/* Makes those of all that were added. All is committed. */
int screening_make(struct import_run *run, struct err *err);
void screening_close(struct screening *s);

#endif
