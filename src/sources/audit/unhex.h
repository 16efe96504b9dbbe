/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal text as the kernel and libaudit write it: upper case only. */
#ifndef SOURCES_AUDIT_UNHEX_H
#define SOURCES_AUDIT_UNHEX_H

#include "base/str.h"

/*
 * Decode to s.n / 2 bytes at `to`; false, with undefined content, when s is
 * not hex.
 */
bool unhex(struct str s, char *to);

#endif
