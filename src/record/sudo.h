/* SPDX-License-Identifier: Apache-2.0 */
/*
 * I/O logs of sudo (sudo_logsrv.proto and iolog in its sources): a directory.
 * `timing` has an entry a line: a number, the seconds since the entry before,
 * and what the number needs. 0 to 4 are bytes of the files stdin, stdout,
 * stderr, ttyin and ttyout, 5 is a size, 7 a signal that stopped or continued
 * it. `log`, and `log.json` beside or instead of it, say whose it is. Each file
 * may be compressed by gzip under the same name.
 */
#ifndef RECORD_SUDO_H
#define RECORD_SUDO_H

#include "record/format.h"

enum sudo_part {
	SUDO_TIMING,
	SUDO_LOG,
	SUDO_LOG_JSON,
	SUDO_STDIN,
	SUDO_STDOUT,
	SUDO_STDERR,
	SUDO_TTYIN,
	SUDO_TTYOUT,
	SUDO_N_PARTS
};

/* Numbers of entries. */
enum sudo_entry {
	SUDO_ENTRY_STDIN,
	SUDO_ENTRY_STDOUT,
	SUDO_ENTRY_STDERR,
	SUDO_ENTRY_TTYIN,
	SUDO_ENTRY_TTYOUT,
	SUDO_ENTRY_SIZE,
	SUDO_ENTRY_OLD_SUSPEND, /* never valid */
	SUDO_ENTRY_SUSPEND,
	SUDO_N_ENTRIES
};

extern const struct format_part sudo_parts[SUDO_N_PARTS];

int sudo_probe(struct str head, const char *name, unsigned *ret_part);

extern const struct format_reader sudo_reader;

#endif
