/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiler is told to zero all locals, so that a slip shows no old secret.
 * For a large one in a hot path whose every byte is written before it is read:
 *
 *     UNINIT struct captures caps;
 */
#ifndef BASE_UNINIT_H
#define BASE_UNINIT_H

#if defined(__has_attribute) && __has_attribute(uninitialized)
#define UNINIT __attribute__((uninitialized))
#else
#define UNINIT
#endif

#endif
