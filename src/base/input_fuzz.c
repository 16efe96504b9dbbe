/* SPDX-License-Identifier: Apache-2.0 */
#include "base/input.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Content may be a thousand times the size: a look at its start is enough. */
#define CONTENT_MAX (4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FD int fd = memfd_create("input", MFD_CLOEXEC);
	struct err err = {.text = ""};
	struct input *in;
	ssize_t n, total = 0;
	char p[777];

	if (fd < 0 || fd_pwrite_all(fd, data, size, 0) ||
	    input_open(&in, fd, NULL, NULL, &err))
		return 0;
	while (
	    (n = input_read(in, p, sizeof p, &err)) > 0 && total < CONTENT_MAX)
		total += n;
	/* An error is given once, with a reason; then there is the end. */
	if (n < 0 && (!err.text[0] || input_read(in, p, sizeof p, &err) != 0))
		abort();
	if (n == 0 && input_raw_bytes(in) != size)
		abort();
	input_close(in);
	return 0;
}
