/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal's own file: known by its magic only, to say how to read it. The
 * format is journald's to read (compressed, with hash tables, and growing).
 */
#include <errno.h>

#include "sources/source.h"

static int file_probe(
    struct str head, const char *name, struct str *ret_host, int64_t *ret_time)
{
	return str_starts(head, STR("LPKSHHRH")) ? 100 : 0;
}

static int file_open(
    struct source_run **ret, const struct source_input *in, struct err *err)
{
	return err_set(err, -EOPNOTSUPP,
	    "%s is a journal file, which only journalctl reads: "
	    "journalctl --file %s -o export | sshtrail import -",
	    in->name, in->name);
}

static ssize_t file_feed(struct source_run *run, struct str data,
    uint64_t offset, bool last, struct source_sink *sink)
{
	return (ssize_t)data.n;
}

static void file_close(struct source_run *run)
{
}

const struct source source_journal_file = {
    .name = "journal-file",
    .summary = "journal files (known, to say that journalctl reads them)",
    .probe = file_probe,
    .open = file_open,
    .feed = file_feed,
    .finish = source_finish_nothing,
    .held = source_held_nothing,
    .close = file_close,
};
