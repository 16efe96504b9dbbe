/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli, reflected; RFC 3720 appendix B.4 has test vectors). */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continue from `crc` (0 at the start). Uses SSE 4.2 where the CPU has it. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);
/* The same without special instructions, for CPUs that have none. */
uint32_t crc32c_portable(uint32_t crc, const void *p, size_t n);

#endif
