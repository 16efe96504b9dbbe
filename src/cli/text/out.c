/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text/out.h"

#include <errno.h>
#include <unistd.h>

#define FLUSH_MAX ((size_t)64 << 10)

void out_flush(struct out *o)
{
	const char *p = o->b.p;
	size_t left = o->b.n;

	if (!o->error)
		o->error = buf_error(&o->b);
	if (left && !o->error && o->start) {
		void (*start)(struct out *, void *) = o->start;

		o->start = NULL;
		start(o, o->start_ctx);
	}
	while (left && !o->error) {
		ssize_t n = write(o->fd, p, left);

		if (n < 0) {
			if (errno != EINTR)
				o->error = -errno;
			continue;
		}
		p += n;
		left -= (size_t)n;
		o->written += (uint64_t)n;
	}
	buf_clear(&o->b);
}

bool out_row(struct out *o)
{
	uint64_t enough = o->written / 8;

	if (o->b.n > enough || o->b.n >= FLUSH_MAX || buf_error(&o->b))
		out_flush(o);
	return o->error == 0;
}

int out_end(struct out *o)
{
	out_flush(o);
	return o->error == -EPIPE ? 0 : o->error;
}
