/* SPDX-License-Identifier: Apache-2.0 */
#include "base/when.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = str_make(data, size), s = all;
	char iso[TIME_ISO_LEN], local[TIME_LOCAL_LEN], span[TIME_SPAN_LEN];
	struct civil c;
	int64_t t, again;

	if (time_parse_iso(&s, time_zone_local, &t)) {
		struct str back;

		if (s.p < all.p + 19 || s.p > all.p + all.n)
			abort();
		/* What is written can be read, and is the same. */
		time_format_iso(t, iso);
		back = str_z(iso);
		if (!time_parse_iso(&back, NULL, &again) || back.n)
			abort();
		if (t >= TIME_MIN && t <= TIME_MAX && again != t)
			abort();
	}
	s = all;
	if (time_parse_bsd(&s, &c) && s.p > all.p + all.n)
		abort();
	if (time_parse_when(all, 1795348168000000, &t)) {
		time_format_local(t, local);
		time_format_span(t, span);
	}
	if (time_parse_span(all, &t) && t < 0)
		abort();
	return 0;
}
