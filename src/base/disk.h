/* SPDX-License-Identifier: Apache-2.0 */
/* The disk that a file lies on. */
#ifndef BASE_DISK_H
#define BASE_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct disk {
	uint64_t free; /* bytes, for who is not root */
	uint64_t size;
};

/* 0, or a negative errno; then all of *ret is 0. */
int disk_look(const char *path, struct disk *ret);

/* Whether a negative errno says that it, or one's part of it, is full. */
bool disk_is_full(int error);

#endif
