/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ITEMS 16

int array_grow(void *array, size_t n, size_t *cap, size_t item)
{
	size_t more = FIRST_ITEMS, bytes;
	void *old, *moved;

	if (n < *cap)
		return 0;
	if ((*cap && __builtin_mul_overflow(*cap, 2, &more)) ||
	    __builtin_mul_overflow(more, item, &bytes))
		return -ENOMEM;
	/* It points to some type that is not known here. */
	memcpy(&old, array, sizeof old);
	moved = realloc(old, bytes);
	if (!moved)
		return -ENOMEM;
	memcpy(array, &moved, sizeof moved);
	*cap = more;
	return 0;
}
