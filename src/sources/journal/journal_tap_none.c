/* SPDX-License-Identifier: Apache-2.0 */
/* In place of journal_tap.c where there is no libsystemd. */
#include <errno.h>

#include "sources/tap.h"

static int journal_open(
    struct tap_opened *ret, const char *path, struct err *err)
{
	return err_set(err, -ENOENT,
	    "this program was built without libsystemd and cannot follow the "
	    "journal: follow auth.log, or build it with libsystemd-dev there");
}

const struct tap tap_journal = {
    .name = "journal",
    .source = "journal",
    .help = "the systemd journal (not built in)",
    .open = journal_open,
};
