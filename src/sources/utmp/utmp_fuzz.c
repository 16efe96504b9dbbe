/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A name that says no kind: all of the content decides. */
	fuzz_source("utmp", "saved", data, size);
	return 0;
}
