/* SPDX-License-Identifier: Apache-2.0 */
#include "base/touch.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static void advise(void *p, size_t n, int advice)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t skip = (page - (uintptr_t)p % page) % page;
	const int saved = errno;

	if (n >= skip + page)
		madvise((char *)p + skip, (n - skip) / page * page, advice);
	errno = saved;
}

void touch_pages(void *p, size_t n)
{
	advise(p, n, MADV_POPULATE_WRITE);
}

void touch_give_back(void *p, size_t n)
{
	advise(p, n, MADV_DONTNEED);
}
