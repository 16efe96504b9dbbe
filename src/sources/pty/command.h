/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a command without a terminal: as terminal_begin() and its like,
 * for records with PTY_COMMAND. Before any of its output is handed on it is
 * decided whether that may be kept (payload.h); what may not is counted. A
 * command of which nothing is kept has no recording.
 */
#ifndef SOURCES_PTY_COMMAND_H
#define SOURCES_PTY_COMMAND_H

#include "sources/pty/terminal.h"

int command_begin(struct work *w);
int command_follow(struct work *w);

#endif
