/* SPDX-License-Identifier: Apache-2.0 */
#include "base/touch.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void touch_pages(void *p, size_t n)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t skip = (page - (uintptr_t)p % page) % page;
	const int saved = errno;

	if (n >= skip + page)
		madvise((char *)p + skip, (n - skip) / page * page,
		    MADV_POPULATE_WRITE);
	errno = saved;
}
