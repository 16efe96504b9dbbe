/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings as asciinema knows them (docs.asciinema.org/manual/asciicast/).
 * Versions 2 and 3: a header and then an event a line, [time, code, text];
 * times count from the begin in version 2, from the line before in version 3.
 * Version 1: one object. Bytes that are not UTF-8 cannot be held.
 */
#ifndef RECORD_ASCIICAST_H
#define RECORD_ASCIICAST_H

#include "record/format.h"

int asciicast_probe_1(struct str head, const char *name, unsigned *ret_part);
int asciicast_probe_2(struct str head, const char *name, unsigned *ret_part);
int asciicast_probe_3(struct str head, const char *name, unsigned *ret_part);

extern const struct format_reader asciicast_reader_1, asciicast_reader;

#endif
