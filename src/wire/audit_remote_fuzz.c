/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what audisp-remote sends. */
#include "wire/audit_remote.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_make(data, size);
	struct audit_remote m;
	size_t before = rest.n;
	int r;

	while ((r = audit_remote_next(&rest, &m)) == 1) {
		assert(rest.n + AUDIT_REMOTE_HEADER + m.text.n <= before);
		before = rest.n;
	}
	assert(r == 0 || r == -EPROTO);
	assert(rest.n == before);
	assert(r < 0 || rest.n < AUDIT_REMOTE_WINDOW_MAX);
	return 0;
}
