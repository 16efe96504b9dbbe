/* SPDX-License-Identifier: Apache-2.0 */
#include "record/width.h"

#include <utf8proc.h>

/*
 * As programs lay out text, which ask wcwidth() of the C library: marks that
 * take room of their own (Mc) have a column, and vowels and final consonants
 * of Hangul have none behind the consonant before them. utf8proc has it the
 * other way round.
 */
unsigned width_of(uint32_t cp)
{
	int width;

	if (cp < 0x300)
		return 1;
	if (cp >= 0x1160 && cp <= 0x11ff)
		return 0;
	switch (utf8proc_category((utf8proc_int32_t)cp)) {
	case UTF8PROC_CATEGORY_MC:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return 1;
	default:
		width = utf8proc_charwidth((utf8proc_int32_t)cp);
		return width > 2 ? 2 : width < 0 ? 0 : (unsigned)width;
	}
}
