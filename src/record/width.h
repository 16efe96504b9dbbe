/* SPDX-License-Identifier: Apache-2.0 */
/* How many columns of a terminal a character takes. */
#ifndef RECORD_WIDTH_H
#define RECORD_WIDTH_H

#include <stdint.h>

/*
 * 0: it is shown on the character before it; 1; or 2. Of a code point from
 * U+00A0 on, by Unicode as utf8proc knows it, whatever the locale is.
 */
unsigned width_of(uint32_t cp);

#endif
