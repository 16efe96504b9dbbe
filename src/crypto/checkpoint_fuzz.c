/* SPDX-License-Identifier: Apache-2.0 */
/* A signed note from anywhere. What is accepted must be of the one form. */
#include "crypto/checkpoint.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The key of the seed corpus, so that some inputs verify. */
	static const struct sign_public pub = {{0x8a, 0x88, 0xe3, 0xdd, 0x74,
	    0x09, 0xf1, 0x95, 0xfd, 0x52, 0xdb, 0x2d, 0x3c, 0xba, 0x5d, 0x72,
	    0xca, 0x67, 0x09, 0xbf, 0x1d, 0x94, 0x12, 0x1b, 0xf3, 0x74, 0x88,
	    0x01, 0xb4, 0x0f, 0x6f, 0x5c}};
	struct str note = str_make(data, size), name;
	struct sign_public parsed;
	struct checkpoint cp;

	if (checkpoint_verify(note, &pub, &cp, NULL) == 0 &&
	    (cp.origin.n == 0 || cp.origin.p != note.p))
		abort();
	if (sign_public_parse(note, &parsed, &name, NULL) == 0 && name.n == 0)
		abort();
	return 0;
}
