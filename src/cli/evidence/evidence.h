/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle of events and recordings that proves itself: docs/evidence.md. */
#ifndef CLI_EVIDENCE_EVIDENCE_H
#define CLI_EVIDENCE_EVIDENCE_H

#include "cli/reveal.h"

/*
 * Write what the query finds, with the recordings that it tells of, to the
 * directory or tar file `output`, which must not be there yet. Nothing is
 * masked in it: that it is made is recorded first, as `of` says. An enum
 * cli_exit.
 */
int evidence_export(struct cli *c, const struct query *q, const char *output,
    const struct reveal *of);

#endif
