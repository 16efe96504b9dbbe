/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings of script(1) of util-linux: a timing file, and what it says is
 * shown or typed when, in files of their own. Advanced (--log-timing): a line
 * an entry, of the letter H, O, I or S, the seconds since the entry before,
 * and what the letter needs. Classic: output only, seconds and bytes. The first
 * line of a file of bytes is not of the recording.
 */
#ifndef RECORD_SCRIPT_H
#define RECORD_SCRIPT_H

#include "record/format.h"

enum script_part { SCRIPT_TIMING, SCRIPT_OUTPUT, SCRIPT_INPUT, SCRIPT_N_PARTS };

extern const struct format_part script_parts[SCRIPT_N_PARTS];

int script_probe(struct str head, const char *name, unsigned *ret_part);
int script_probe_classic(struct str head, const char *name, unsigned *ret_part);
struct str script_named(struct str head, unsigned part);

extern const struct format_reader script_reader, script_reader_classic;

#endif
