/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many things that mostly wait for a disk, done at the same time: a journal
 * that is waited for by all of them commits once for many. Nothing goes on
 * until all are done.
 */
#ifndef BASE_CREW_H
#define BASE_CREW_H

#include <stddef.h>

/* Threads, with that of the caller. */
#define CREW_MAX 32

/*
 * Call fn for each i below n, in any order and in several threads, which share
 * no more than fn lets them; where none can be had, in that of the caller.
 */
void crew_each(size_t n, void (*fn)(void *ctx, size_t i), void *ctx);

#endif
