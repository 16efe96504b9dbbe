/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page of a subcommand, made from its descriptor. */
#ifndef CLI_MDOC_H
#define CLI_MDOC_H

#include "cli/command.h"

/* Append sshtrail-NAME(1) in mdoc(7). */
void mdoc_page(const struct command *command, struct buf *b);

#endif
