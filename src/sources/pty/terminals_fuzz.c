/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/source_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_source("terminals", "terminals", data, size);
	return 0;
}
