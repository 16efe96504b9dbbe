/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays that grow by doubling. */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>

/*
 * Room for one more behind n items: `array` is the address of the pointer to
 * them (NULL at first), which may move; *cap the number that there is room for
 * (0 at first); `item` the size of one. 0, or -ENOMEM: all as it was.
 */
int array_grow(void *array, size_t n, size_t *cap, size_t item);

#endif
