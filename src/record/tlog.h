/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tlog (github.com/Scribery/tlog, doc/log_format.md): messages of JSON, one a
 * line. A message holds text of the input and of the output, bytes that are no
 * UTF-8 apart from it, and a `timing` that says when which of it came:
 * "=80x24+12>5[1/2" is a size, 12 milliseconds, 5 characters of output, and
 * one replaced character of input that stands for 2 bytes. One file may hold
 * several recordings, told apart by `rec`.
 */
#ifndef RECORD_TLOG_H
#define RECORD_TLOG_H

#include "record/format.h"

/* The audit session of who has none. */
#define TLOG_NO_SESSION UINT32_MAX

int tlog_probe(struct str head, const char *name, unsigned *ret_part);

extern const struct format_reader tlog_reader;

#endif
