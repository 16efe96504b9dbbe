/* SPDX-License-Identifier: Apache-2.0 */
/* A recording written for other programs. */
#ifndef CLI_RECORDING_EXPORT_H
#define CLI_RECORDING_EXPORT_H

#include "cli/masks.h"
#include "cli/recordings.h"
#include "record/format.h"

/* What a terminal shows is one stream, of which this is all. */
enum recording_stream { RECORDING_BOTH, RECORDING_STDOUT, RECORDING_STDERR };

struct recording_view {
	const struct format *format;
	enum recording_stream stream;
	const char *dir;     /* of a format of several files, which is made */
	struct masks *masks; /* NULL: nothing is hidden */
};

/*
 * Write one, with the commands of the session as marks where the format has
 * these, to the output, or, where the format has several files, into the
 * directory. An enum cli_exit: CLI_UNSOUND, told, where what was read is not
 * what its events vouch for.
 */
int recording_export(struct cli *c, const struct recording *r,
    const struct recording_view *view);

#endif
