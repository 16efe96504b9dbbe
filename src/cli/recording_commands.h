/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that were typed while something was recorded, as its marks. */
#ifndef CLI_RECORDING_COMMANDS_H
#define CLI_RECORDING_COMMANDS_H

#include "cli/recordings.h"
#include "record/piece.h"

struct recording_commands {
	struct command_mark {
		int64_t time; /* nanoseconds since 1970 */
		struct str text;
	} * v; /* n of them, by time; strings in mem */
	size_t n, cap;
	size_t next; /* that was not told yet */
	struct arena mem;
};

/*
 * Those of the recording's session and terminal; none of a command that had
 * no terminal. At most 100,000. A negative errno, told in err.
 */
int recording_commands_find(struct recording_commands *ret, struct store *s,
    const struct recording *r, struct err *err);

/* The next mark that comes before p; false: none does. */
bool recording_commands_next(
    struct recording_commands *c, const struct piece *p, struct piece *ret);

/*
 * The recording in which the event's command was typed, and when, nanoseconds
 * since that began; NULL: it is no command that was typed, or in none. For
 * that, ask for F_TTY and F_INTERACTIVE.
 */
const struct recording *recordings_where(
    const struct recordings *all, const struct event *ev, uint64_t *ret_at);

void recording_commands_free(struct recording_commands *c);

#endif
