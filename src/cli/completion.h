/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts for shells, made from the tables of options. */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include "cli/command.h"

void completion_bash(struct buf *b);
void completion_zsh(struct buf *b);
void completion_fish(struct buf *b);

/* The word a script asks 'sshtrail completion --words' for; NULL: none. */
const char *completion_words_name(enum opt_hint hint);

/* Append text, quoted for a POSIX shell within single quotes. */
void completion_add_quoted(struct buf *b, const char *text);

/* For each option of a command that is listed. */
#define completion_each_opt(groups, g, o)                                      \
	for (const struct opt_group *g = (groups); g->opts; g++)               \
		for (const struct opt *o = g->opts; o->name; o++)              \
			if (!o->hidden)

#endif
