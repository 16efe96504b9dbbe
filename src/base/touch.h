/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is about to be filled, taken from the kernel many pages at once:
 * a fault for each page costs 0.1 to 0.5 us on bare metal and more than 10 us
 * in some virtual machines, a page taken this way a tenth of it.
 */
#ifndef BASE_TOUCH_H
#define BASE_TOUCH_H

#include <stddef.h>

/* The whole pages within n bytes at p, which keep their content. A hint: where
 * the kernel cannot (before 5.14), they come one by one as ever. */
void touch_pages(void *p, size_t n);
/* The kernel may have them back: their content is gone. */
void touch_give_back(void *p, size_t n);

/*
 * For memory of `size` bytes that is filled from its begin to wherever: `used`
 * are filled, and some more are there afterwards: as many again, up to a step,
 * as what is little may stay so, and there may be thousands. *done, 0 with new
 * memory, is for this function.
 */
#define TOUCH_STEP  ((size_t)256 << 10)
#define TOUCH_FIRST ((size_t)16 << 10)

static inline void touch_ahead(void *p, size_t size, size_t used, size_t *done)
{
	size_t step = *done < TOUCH_FIRST  ? TOUCH_FIRST
		      : *done < TOUCH_STEP ? *done
					   : TOUCH_STEP;

	if (__builtin_expect(used + step / 4 > *done && *done < size, 0)) {
		size_t n = size - *done < step ? size - *done : step;

		touch_pages((char *)p + *done, n);
		*done += n;
	}
}

#endif
